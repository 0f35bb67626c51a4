import t from 'tap';
import { BtrmModel } from '../../../bench/trust/rivals/btrm.ts';
import { PeerTrustModel } from '../../../bench/trust/rivals/peertrust.ts';
import { PowerTrustModel } from '../../../bench/trust/rivals/powertrust.ts';
import { makeNetwork } from '../../../bench/trust/simulator/network.ts';
import { simulate } from '../../../bench/trust/simulator/simulation.ts';
import { seededRandom } from '../../../engine/index.ts';

const told = (trustor: string, trustee: string, satisfaction: number) =>
  ({ id: '', trustor, trustee, service: 's', satisfaction, weight: 1, timeMs: 0 }) as const;

t.test('PeerTrust: similarity and value by hand', (t) => {
  const model = new PeerTrustModel();
  for (const one of [
    told('w', 'x', 1),
    told('w', 'y', 0.5),
    told('v', 'x', 0.5),
    told('v', 'y', 0.5),
    told('v', 'u', 1),
    told('z', 'x', 1),
    told('z', 'u', 0),
  ])
    model.observe(one);
  const similarityOfV = 1 - Math.sqrt((0.25 + 0) / 2);
  t.equal(model.similarity('v', 'w'), similarityOfV);
  t.equal(model.similarity('z', 'w'), 1);
  t.ok(Math.abs(model.score('w', 'u') - similarityOfV / (similarityOfV + 1)) < 1e-15);
  t.equal(model.score('w', 'nobody'), 1);
  t.end();
});

t.test('PowerTrust: the walk over three peers, solved by hand', (t) => {
  // a trusts b; b trusts a and c; c trusts a. Without jumps the walk's limit is a 0.4, b 0.4, c 0.2.
  const model = new PowerTrustModel({ epsilon: 1e-12, powerNodesShare: 0.01, powerNodesWeight: 0 });
  for (const one of [told('a', 'b', 1), told('b', 'a', 1), told('b', 'c', 1), told('c', 'a', 1)]) model.observe(one);
  for (const [peer, value] of [
    ['a', 0.4],
    ['b', 0.4],
    ['c', 0.2],
  ] as const)
    t.ok(Math.abs(model.score('', peer) - value) < 1e-9, peer);
  model.observe(told('c', 'a', 0));
  t.ok(model.score('', 'c') > 0, 'a peer that trusts nobody does not swallow the walk');
  t.end();
});

t.test('BTRM-WSN: a client leaves a server that was bad, along links that exist', (t) => {
  const network = makeNetwork({ sensors: 60, clients: 0.2, relays: 0.1, malicious: 0.5, range: 0.25 }, seededRandom(3));
  const model = new BtrmModel(network, seededRandom(4));
  const client = network.clients.find((one) => network.reachable.get(one)!.length > 10)!;
  const { name } = network.sensors[client]!;
  const candidates = network.reachable.get(client)!.map((server) => network.sensors[server]!.name);
  const random = seededRandom(5);
  const first = model.choose(name, 's', candidates, 0, random);
  for (let i = 0; i < 3; i++) model.observe(told(name, first, 0));
  const later = Array.from({ length: 20 }, () => model.choose(name, 's', candidates, 0, random));
  t.ok(later.filter((choice) => choice === first).length < 5);
  t.end();
});

t.test('a seed gives the same simulation, and turning servers cost satisfaction', (t) => {
  const run = (behaviour: 'static' | 'oscillating') => {
    const options = { sensors: 60, clients: 0.2, relays: 0.1, malicious: 0.5, range: 0.25 };
    return simulate({ network: options, behaviour, rounds: 40, seed: 11 }, () => new PeerTrustModel()).satisfaction;
  };
  t.same(run('static'), run('static'));
  t.same(run('oscillating').slice(0, 20), run('static').slice(0, 20));
  t.ok(run('oscillating')[20]! < run('static')[20]!);
  t.end();
});

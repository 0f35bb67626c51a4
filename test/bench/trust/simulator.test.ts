import t from 'tap';
import { type Interaction, MSEC_DEFAULTS, MsecModel, type TrustModel } from '../../../actors/trust/index.ts';
import type { Network } from '../../../bench/trust/simulator/network.ts';
import { type Attack, simulate } from '../../../bench/trust/simulator/simulation.ts';
import { enrolmentOf, sybilShares } from '../../../bench/trust/simulator/sybil.ts';
import { turnedInteractions } from '../../../bench/trust/simulator/turned.ts';

const network = { sensors: 60, clients: 0.2, relays: 0.1, malicious: 0.5, range: 0.25 };

/** Takes whom `pick` says and keeps what it is told. */
function spy(pick: (candidates: readonly string[]) => string) {
  const told: Interaction[] = [];
  const model: TrustModel = {
    name: 'spy',
    observe: (interaction) => told.push(interaction),
    score: () => 0,
    choose: (_trustor, _service, candidates) => pick(candidates),
  };
  return { model, told };
}

function under(behaviour: Attack, pick = (candidates: readonly string[]) => candidates[0]!) {
  const { model, told } = spy(pick);
  let made!: Network;
  simulate({ network, behaviour, rounds: 5, seed: 3 }, (network) => {
    made = network;
    return model;
  });
  const indexes = new Map(made.sensors.map(({ name }, i) => [name, i]));
  const isGood = (name: string) => made.isGood[indexes.get(name.split('~')[0]!)!]!;
  const isServer = (name: string) => made.servers.includes(indexes.get(name.split('~')[0]!)!);
  return { told, isGood, lies: told.filter(({ trustor }) => isServer(trustor)) };
}

t.test('stuffing praises the malicious alone, bad-mouthing blames the benevolent alone', (t) => {
  const stuffing = under('stuffing');
  t.ok(stuffing.lies.length > 50);
  t.same(
    stuffing.lies.filter(({ trustee, satisfaction }) => stuffing.isGood(trustee) || satisfaction !== 1),
    [],
  );
  const mouthing = under('bad-mouthing');
  t.ok(mouthing.lies.length > 50);
  t.same(
    mouthing.lies.filter(({ trustee, satisfaction }) => !mouthing.isGood(trustee) || satisfaction !== 0),
    [],
  );
  t.end();
});

t.test('the malicious serve well what is worth little, and under a new name after each time they did not', (t) => {
  const { told, isGood } = under('imbalance');
  const bad = told.filter(({ trustee }) => !isGood(trustee));
  t.ok(bad.some(({ weight }) => weight === 1) && bad.some(({ weight }) => weight < 1));
  t.same(
    bad.filter(({ weight, satisfaction }) => satisfaction !== (weight < 1 ? 1 : 0)),
    [],
  );
  const whitewashing = under('whitewashing');
  const names = whitewashing.told.filter(({ satisfaction }) => satisfaction === 0).map(({ trustee }) => trustee);
  t.ok(names.length > 5);
  t.equal(new Set(names).size, names.length);
  t.end();
});

t.test('only interactions with the one that has turned are counted', (t) => {
  const after = (pick: () => (candidates: readonly string[]) => string) =>
    turnedInteractions({ network: { ...network, malicious: 0 }, seed: 3 }, () => spy(pick()).model);
  const counts = [0, 1, 2, 3, 4].map((i) => after(() => (candidates) => candidates[i] ?? candidates[0]!)!);
  t.equal(counts.filter((count) => count > 0).length, 1, 'one of the five has turned');
  t.equal(
    turnedInteractions({ network: { ...network, range: 0.01 }, seed: 3 }, () => spy(([one]) => one!).model),
    null,
  );
  t.end();
});

t.test('a thousand names have a thousand chances, unless they are one enrolment', (t) => {
  const shares = (options: typeof MSEC_DEFAULTS) => {
    const total = { honest: 0, sybils: 0 };
    for (let seed = 1; seed <= 10; seed++) {
      const { honest, sybils } = sybilShares(seed, () => new MsecModel(options));
      total.honest += honest;
      total.sybils += sybils;
    }
    return total.sybils / (total.honest + total.sybils);
  };
  t.ok(shares(MSEC_DEFAULTS) > 0.9);
  const one = shares({ ...MSEC_DEFAULTS, enrolmentOf });
  t.ok(one > 0.15 && one < 0.85, `${one}`);
  t.end();
});

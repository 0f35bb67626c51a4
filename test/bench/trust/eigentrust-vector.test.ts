import { readFileSync } from 'node:fs';
import t from 'tap';
import { eigenTrust } from '../../../bench/trust/rivals/eigentrust-vector.ts';
import { LocalTrust } from '../../../bench/trust/rivals/local-trust.ts';
import { needs, sharedData } from '../../support/needs.ts';

t.test("go-eigentrust's worked example", (t) => {
  const local = new LocalTrust();
  const [ek, sd, vm] = ['ek', 'sd', 'vm'].map((name) => local.peer(name)) as [number, number, number];
  local.set(ek, sd, 100);
  local.set(vm, sd, 100);
  local.set(ek, vm, 75);
  const trust = eigenTrust(local, Float64Array.of(1 / 3, 0, 2 / 3), { alpha: 0.5, epsilon: 1e-12 });
  const want = [0.21705427907166472, 0.3023255429103218, 0.4806201780180134];
  for (const [i, value] of want.entries()) t.ok(Math.abs(trust[i]! - value) < 1e-6, local.names[i]!);
  t.end();
});

t.test('the hundred greatest values of the Bitcoin-OTC network, as an independent program has them', (t) => {
  if (!needs(t, 'shared-data')) return;
  const lines = (name: string) => {
    const [, ...rows] = readFileSync(sharedData('trust-reputation', name), 'utf8').trim().split(/\r?\n/);
    return rows.map((row) => row.split(','));
  };
  const local = new LocalTrust();
  for (const [from, to, rating] of lines('soc-sign-bitcoinotc.csv'))
    local.set(local.peer(from!), local.peer(to!), Number(rating));
  const uniform = new Float64Array(local.size).fill(1 / local.size);
  const trust = eigenTrust(local, uniform, { alpha: 0.15, epsilon: 1e-12 });
  const expected = lines('eigentrust-otc-expected.csv');
  t.equal(expected.length, 100);
  const wrong = expected.filter(([peer, value]) => Math.abs(trust[local.peer(peer!)]! - Number(value)) > 1e-11);
  t.same(wrong, []);
  const hundredth = Number(expected.at(-1)![1]);
  t.equal(trust.filter((value) => value > hundredth + 1e-11).length, 99, 'no other peer is among them');
  t.end();
});

/** Sets made from bundles: once a thread, in steps where they are announced, and with what is wrong said to who asks. */
import t from 'tap';
import {
  peekBundle,
  type RuleChange,
  RuleShop,
  RulesInForce,
  SENSOR_DEFAULTS,
} from '../../../../actors/detect/index.ts';
import type { Clock, Timer } from '../../../../engine/index.ts';
import type { RulesWord } from '../../../../schemas/network/index.ts';
import { type BundleParts, rulesFile, signed, udpRule } from './bundles.ts';
import { TestSensor, udp } from './traffic.ts';

/** Bundles by digest, in place of a folder. */
class Shelf {
  readonly bundles = new Map<string, Uint8Array | { readonly refused: string }>();
  reads = 0;

  read(digest: string) {
    this.reads += 1;
    return this.bundles.get(digest) ?? null;
  }

  add(parts: BundleParts, ...rules: readonly string[]): string {
    const bundle = signed([rulesFile(...rules)], { rules: rules.length, ...parts });
    const { digest } = peekBundle(bundle);
    this.bundles.set(digest, bundle);
    return digest;
  }
}

const { inspect, protocols } = SENSOR_DEFAULTS;
const shop = (shelf: Shelf, clock: Clock | null = null): RuleShop =>
  new RuleShop(shelf, [], { ...inspect, protocols }, clock);

/** What is to be done later is done when the test says so. */
class Later implements Clock {
  readonly runs: (() => void)[] = [];
  now = (): number => 0;
  monotonic = (): number => 0;

  after(_delayMs: number, run: () => void): Timer {
    this.runs.push(run);
    return { cancel: () => void this.runs.splice(this.runs.indexOf(run), 1) };
  }

  /** How often something was done, until nothing is left. */
  all(): number {
    let count = 0;
    for (let run = this.runs.shift(); run !== undefined; run = this.runs.shift(), count += 1) run();
    return count;
  }
}
const word = (sequence: number, digest: string, phase: RulesWord['phase'] = 'use'): RulesWord => ({
  ...{ phase, sequence, version: sequence, digest },
});
const about = (change: RuleChange | null) => change?.about;

t.test('a word puts its bundle in force, and says what was before', async (t) => {
  const shelf = new Shelf();
  const [first, second] = [shelf.add({ version: 1 }, udpRule(1, 'abc')), shelf.add({ version: 2 }, udpRule(2, 'xyz'))];
  const force = new RulesInForce(shop(shelf));
  const sensor = new TestSensor(force.rules).take(udp('abc'));
  const change = force.take(word(1, first));
  t.match(about(change), {
    rule_set: 'city 1',
    before: null,
    state: 'in force',
    loaded: 1,
    sequence: 1,
    digest: first,
  });
  t.ok(change?.isInForce);
  sensor.sensor.useRules(change!.rules);
  sensor.take(udp('abc'));
  t.equal(force.take(word(1, first)), null, 'a word that comes again says nothing');
  t.match(about(force.take(word(2, second))), { rule_set: 'city 2', before: 'city 1' });
  t.equal(force.take(word(1, first)), null, 'an older word neither');
  t.match(about(force.take(word(3, first))), { rule_set: 'city 1', before: 'city 2' }, 'a roll-back is a newer word');
  sensor.sensor.useRules(force.rules);
  t.same(sensor.take(udp('abc xyz')).alerts, ['2 1 city 1', '3 1 city 1']);
});

t.test('what cannot be used leaves the rules as they are, and says why', async (t) => {
  const shelf = new Shelf();
  const good = shelf.add({ version: 1 }, udpRule(1, 'abc'));
  const force = new RulesInForce(shop(shelf));
  force.take(word(1, good));
  const before = force.rules;
  const cases: readonly (readonly [string, RegExp])[] = [
    [
      shelf.add({ version: 2 }, 'alert udp any any -> any any (content:"a"; lua:x.lua; sid:2;)'),
      /local\.rules:1:\d+: lua/,
    ],
    [shelf.add({ version: 3, rules: 2 }, udpRule(3, 'a')), /1 rules can be loaded, and the bundle promises 2/],
    [shelf.add({ version: 4, ports: { P: 'xx' } }, 'alert udp any $P -> any any (sid:4;)'), /local\.rules:1/],
  ];
  let sequence = 1;
  for (const [digest, why] of cases) {
    sequence += 1;
    const change = force.take(word(sequence, digest));
    t.match(about(change), { state: 'refused', why, rule_set: 'city 1', before: 'city 1' });
    t.equal(change?.rules, before);
    t.notOk(change?.isInForce, 'a restart comes to the rules that are in force');
  }
  shelf.bundles.set('ab'.repeat(32), { refused: 'no key that is trusted has signed it' });
  t.match(about(force.take(word(9, 'ab'.repeat(32)))), { state: 'refused', why: /no key/ });
  const cut = shelf.bundles.get(cases[1]![0]) as Uint8Array;
  shelf.bundles.set('cd'.repeat(32), cut);
  t.match(about(force.take(word(10, 'cd'.repeat(32)))), { state: 'refused', why: /digest/ }, 'a file of another name');
});

t.test('a bundle that has not come yet pauses the task at the word', async (t) => {
  const shelf = new Shelf();
  const digest = shelf.add({ version: 1 }, udpRule(1, 'abc'));
  const bundle = shelf.bundles.get(digest)!;
  shelf.bundles.delete(digest);
  const force = new RulesInForce(shop(shelf));
  t.throws(() => force.take(word(1, digest)), { code: 'DEPENDENCY_DOWN', retriable: true });
  t.throws(() => force.restore(word(1, digest)), { code: 'DEPENDENCY_DOWN' });
  shelf.bundles.set(digest, bundle);
  t.equal(force.restore(null).ruleSet, null);
  t.match(about(force.take(word(1, digest))), { state: 'in force' });
});

t.test('a restart comes to the rules of the word that was kept', async (t) => {
  const shelf = new Shelf();
  const digest = shelf.add({ version: 1 }, udpRule(1, 'abc'));
  const force = new RulesInForce(shop(shelf));
  t.equal(force.restore(word(4, digest)).ruleSet, 'city 1');
  t.equal(force.take(word(4, digest)), null);
  shelf.bundles.set(digest, { refused: 'its key is trusted no more' });
  const later = new RulesInForce(shop(shelf));
  t.equal(later.restore(word(4, digest)).ruleSet, null, 'not any more: there are no rules then');
  t.match(about(later.take(word(4, digest))), { state: 'refused', why: /trusted no more/ }, 'and the word says why');
});

t.test('an announced set is made in steps, for all tasks of the thread', async (t) => {
  const shelf = new Shelf();
  const rules = Array.from({ length: 500 }, (_, i) => udpRule(i + 1, `word${i}`));
  const [digest, other] = [shelf.add({ version: 1 }, ...rules), shelf.add({ version: 2 }, udpRule(1, 'abc'))];
  const shared = shop(shelf);
  const [one, two] = [new RulesInForce(shared), new RulesInForce(shared)];
  t.equal(one.take(word(1, digest, 'prepare')), null);
  t.equal(one.rules.ruleSet, null, 'not in force yet');
  t.equal(two.take(word(1, digest, 'prepare')), null);
  t.equal(shelf.reads, 1, 'both wait for one');
  let steps = 0;
  for (; steps < 100; steps += 1) two.step();
  const change = one.take(word(1, digest));
  t.equal(change?.rules, two.take(word(1, digest))?.rules, 'both have the same set');
  t.equal(change?.rules.signatures.length, 500);
  t.equal(shelf.reads, 1);
  one.take(word(2, other, 'prepare'));
  t.match(about(one.take(word(2, other))), { state: 'in force', rule_set: 'city 2' }, 'also without a step');
  one.take(word(3, 'ef'.repeat(32), 'prepare'));
  one.step();
  t.pass('what is announced and not there is no harm');
});

t.test(
  'with a clock nobody waits for more than a step, and each set is made for whoever asked, also where nothing was announced',
  async (t) => {
    const shelf = new Shelf();
    const later = new Later();
    const many = (from: number): string[] => Array.from({ length: 500 }, (_, i) => udpRule(from + i, `word${i}`));
    const [first, second] = [shelf.add({ version: 1 }, ...many(1)), shelf.add({ version: 2 }, ...many(1001))];
    const wrong = shelf.add({ version: 3, rules: 2 }, udpRule(3, 'a'));
    const shared = shop(shelf, later);
    const [one, two, three] = [new RulesInForce(shared), new RulesInForce(shared), new RulesInForce(shared)];
    const isWaiting = { code: 'DEPENDENCY_DOWN', retriable: true, message: /being made ready/ };
    t.throws(() => one.take(word(1, first)), isWaiting);
    t.throws(() => two.take(word(2, second)), isWaiting);
    t.throws(() => three.take(word(3, wrong)), isWaiting);
    t.throws(() => one.take(word(1, first)), isWaiting, 'and once more, without beginning anew');
    t.equal(later.runs.length, 1, 'one step at a time');
    t.ok(later.all() > 2 * (500 / 64), 'none of them is all of a set');
    t.match(about(one.take(word(1, first))), { state: 'in force', rule_set: 'city 1', loaded: 500 });
    t.match(about(two.take(word(2, second))), { state: 'in force', rule_set: 'city 2' });
    t.match(about(three.take(word(3, wrong))), { state: 'refused', why: /promises 2/ });
    t.equal(shelf.reads, 3);
    const restarted = new RulesInForce(shared);
    t.equal(restarted.restore(word(2, second)).ruleSet, 'city 2', 'what is made is there at once');
    t.equal(later.runs.length, 0);
  },
);

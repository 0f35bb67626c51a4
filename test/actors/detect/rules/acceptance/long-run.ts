/**
 * `npm run ids-acceptance -- [--rules N] [--seed S] [--shown N]`: mutated rules to both engines; prints what one of them
 * alone takes, by the reason of the other, with examples.
 */
import { parseArgs } from 'node:util';
import { classOf } from './classes.ts';
import { compareRules, type Disagreement, mutatedRules } from './compare.ts';

const { values } = parseArgs({
  options: {
    rules: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    shown: { type: 'string', default: '3' },
    unsupported: { type: 'boolean', default: false },
  },
});

const RULES_A_RUN = 4000;
const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const groups = new Map<string, Disagreement[]>();
const unsupported = new Map<string, number>();
const meant = new Map<string, number>();
const sums = { taken: 0, refused: 0, unsupported: 0, disagreements: 0 };
for (let done = 0; done < Number(values.rules); done += RULES_A_RUN) {
  const rules = mutatedRules(Number(values.seed) + done, Math.min(RULES_A_RUN, Number(values.rules) - done));
  const compared = await compareRules(rules);
  sums.taken += compared.taken;
  sums.refused += compared.refused;
  for (const [says, count] of compared.unsupported) {
    sums.unsupported += count;
    unsupported.set(general(says), (unsupported.get(general(says)) ?? 0) + count);
  }
  for (const one of compared.disagreements) {
    const named = classOf(one);
    if (named !== null) {
      meant.set(named, (meant.get(named) ?? 0) + 1);
      continue;
    }
    sums.disagreements += 1;
    const name = `${one.takenBy === 'us' ? 'taken here alone' : 'refused here alone'}: ${general(one.says)}`;
    groups.set(name, [...(groups.get(name) ?? []), one]);
  }
}
for (const [name, list] of [...groups].toSorted((a, b) => b[1].length - a[1].length)) {
  say(`${list.length} ${name}`);
  for (const { rule } of list.toSorted((a, b) => a.rule.length - b.rule.length).slice(0, Number(values.shown)))
    say(`    ${rule}`);
}
if (values.unsupported)
  for (const [says, count] of [...unsupported].toSorted((a, b) => b[1] - a[1])) say(`${count} not supported: ${says}`);
say(`taken by both ${sums.taken}, by none ${sums.refused}; not supported ${sums.unsupported}`);
for (const [name, count] of meant) say(`${count} as they are meant: ${name}`);
say(`${sums.disagreements} disagreements`);
process.exitCode = sums.disagreements === 0 ? 0 : 1;

/** Without what is the rule's own. */
function general(says: string): string {
  return says.replace(/"[^"]*"|'[^']*'|\d+/g, '#').slice(0, 200);
}

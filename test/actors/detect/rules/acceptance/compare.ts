/** Mutated rules to both engines: which are taken by one alone. What is told as not supported here is no mistake. */
import { Dice } from '../../differential/dice.ts';
import { corpusRules } from './corpus.ts';
import { mutated, type Pool, poolOf } from './mutate.ts';
import { hashOf, Ring } from './ring.ts';
import { ourRefusals, theirRefusals } from './verdicts.ts';

export interface Disagreement {
  readonly rule: string;
  readonly takenBy: 'us' | 'suricata';
  /** Of who refuses it. */
  readonly says: string;
}

export interface Compared {
  readonly disagreements: readonly Disagreement[];
  readonly taken: number;
  readonly refused: number;
  /** Taken by Suricata, and known to be more than is honoured here: by reason. */
  readonly unsupported: ReadonlyMap<string, number>;
}

let corpus: { readonly rules: Ring; readonly pool: Pool } | null = null;

/** A rule that is added to the corpus changes few of them. */
export function mutatedRules(seed: number, count: number): string[] {
  if (corpus === null) {
    const rules = corpusRules();
    corpus = { rules: new Ring(rules), pool: poolOf(rules) };
  }
  const { rules, pool } = corpus;
  return Array.from({ length: count }, (_, i) => {
    const dice = new Dice(hashOf(`${seed} ${i}`));
    return mutated(dice, rules.pick(dice), pool, i + 1);
  });
}

export async function compareRules(rules: readonly string[]): Promise<Compared> {
  const theirs = await theirRefusals(rules);
  const ours = ourRefusals(rules);
  const disagreements: Disagreement[] = [];
  const unsupported = new Map<string, number>();
  let taken = 0;
  let refused = 0;
  for (const [i, rule] of rules.entries()) {
    const [mine, other] = [ours.get(i), theirs.get(i)];
    if (mine === undefined && other === undefined) taken += 1;
    else if (mine !== undefined && other !== undefined) refused += 1;
    else if (mine?.kind === 'unsupported') unsupported.set(mine.says, (unsupported.get(mine.says) ?? 0) + 1);
    else if (mine === undefined) disagreements.push({ rule, takenBy: 'us', says: other! });
    else disagreements.push({ rule, takenBy: 'suricata', says: mine.says });
  }
  return { disagreements, taken, refused, unsupported };
}

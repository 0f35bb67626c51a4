/**
 * Makes a differing case small: without rules, packets and options that the difference does not need. Many candidates
 * share a capture, so that a step costs one run of Suricata.
 */
import { type Case, makeCase } from './case.ts';
import { CASES_A_RUN, compareCases, type Difference, emptyTally } from './compare.ts';

/** Of the case that the seed makes: the frames that are left, and of each rule the options. */
interface Candidate {
  readonly frames: readonly number[];
  readonly rules: readonly { readonly index: number; readonly dropped: readonly number[] }[];
}

export interface Minimal {
  readonly one: Case;
  readonly differences: readonly Difference[];
}

const ROUNDS_MAX = 40;

/** null: by itself the case is alike. */
export async function minimise(seed: number, midstream: boolean): Promise<Minimal | null> {
  const whole = makeCase(seed, 0);
  let best: Candidate = {
    frames: whole.frames.map((_, index) => index),
    rules: whole.rules.map((_, index) => ({ index, dropped: [] })),
  };
  let chunk = Math.max(1, best.frames.length >> 1);
  if ((await differing(seed, midstream, [best])) === null) return null;
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const all = [...withoutRules(best), ...withoutFrames(best, chunk), ...withoutOptions(best, whole)];
    const candidates = all.filter(({ frames }) => frames.length > 0);
    const found = await differing(seed, midstream, candidates.slice(0, CASES_A_RUN));
    if (found !== null) best = found;
    else if (chunk > 1) chunk = Math.max(1, chunk >> 1);
    else break;
  }
  const one = realised(seed, 0, best);
  return { one, differences: await compared([one], midstream) };
}

const compared = async (cases: readonly Case[], midstream: boolean): Promise<readonly Difference[]> =>
  (await compareCases(cases, midstream, emptyTally())).differences;

/** The first candidate that still differs. */
async function differing(
  seed: number,
  midstream: boolean,
  candidates: readonly Candidate[],
): Promise<Candidate | null> {
  if (candidates.length === 0) return null;
  const cases = candidates.map((candidate, slot) => realised(seed, slot, candidate));
  const slots = new Set((await compared(cases, midstream)).map(({ one }) => one.slot));
  return candidates.find((_, slot) => slots.has(slot)) ?? null;
}

function realised(seed: number, slot: number, { frames, rules }: Candidate): Case {
  const whole = makeCase(seed, slot);
  return {
    ...whole,
    frames: frames.map((index) => whole.frames[index]!),
    timesUs: frames.map((index) => whole.timesUs[index]!),
    rules: rules.map(({ index, dropped }) => {
      const [head, options] = partsOf(whole.rules[index]!);
      return `${head}(${options.filter((_, place) => !dropped.includes(place)).join(' ')})`;
    }),
  };
}

/** Before the bracket, and each option; the last one is the sid. */
function partsOf(rule: string): [head: string, options: readonly string[]] {
  const at = rule.indexOf(' (') + 1;
  return [
    rule.slice(0, at),
    rule
      .slice(at + 1, -1)
      .match(/(?:\\.|"(?:\\.|[^"])*"|[^;])+;/g)!
      .map((one) => one.trim()),
  ];
}

const without = <T>(list: readonly T[], from: number, count: number): T[] => [
  ...list.slice(0, from),
  ...list.slice(from + count),
];

const withoutRules = ({ frames, rules }: Candidate): Candidate[] =>
  rules.length < 2 ? [] : rules.map((_, at) => ({ frames, rules: without(rules, at, 1) }));

function withoutFrames({ frames, rules }: Candidate, chunk: number): Candidate[] {
  const candidates: Candidate[] = [];
  for (let at = 0; at < frames.length && frames.length > 1; at += chunk)
    candidates.push({ frames: without(frames, at, chunk), rules });
  return candidates;
}

const withoutOptions = ({ frames, rules }: Candidate, whole: Case): Candidate[] =>
  rules.flatMap((rule, at) => {
    const [, options] = partsOf(whole.rules[rule.index]!);
    const left = options.flatMap((_, place) =>
      rule.dropped.includes(place) || place === options.length - 1 ? [] : [place],
    );
    return left.map((place) => ({
      frames,
      rules: rules.map((one, i) => (i === at ? { ...one, dropped: [...one.dropped, place] } : one)),
    }));
  });

/** Runs many cases in one capture, and finds which of their rules alert otherwise in one engine than in the other. */
import { pcapOf } from '../captures.ts';
import { type Case, makeCase } from './case.ts';
import { Coverage } from './coverage.ts';
import { type Counts, type Results, runBoth, sidOf } from './engines.ts';
import { strangers } from './strangers.ts';

export interface Difference {
  readonly one: Case;
  readonly rule: string;
  /** The flow's ends and what was done. */
  readonly flow: string;
  readonly ours: number;
  readonly theirs: number;
}

export interface Tally {
  readonly coverage: Coverage;
  readonly differences: Difference[];
  /** Differences of which Suricata gives another number when it is asked the same, or with other memory. */
  readonly unsteady: Difference[];
  /** Rules that we take and Suricata does not. */
  readonly excess: string[];
}

export const emptyTally = (): Tally => ({ coverage: new Coverage(), differences: [], unsteady: [], excess: [] });

/** How often Suricata is asked once more where it differs. */
const AGAIN_MAX = 2;
/** With what its memory is filled then: where the two answers are not alike neither is one. */
const FILLED_WITH = [0, 0xff] as const;

/** As many have addresses and sids of their own, and room in Suricata's queues. */
export const CASES_A_RUN = 250;
const BEGIN_US = 1_700_000_000_000_000;
/** From the beginning of one case to that of the next. */
const STAGGER_US = 3000;

/** All cases at once, each at its own pace; `before`: a frame that goes before each packet. */
export function captureOf(
  cases: readonly Pick<Case, 'frames' | 'timesUs' | 'slot'>[],
  before?: Uint8Array,
): Uint8Array {
  const packets = cases.flatMap(({ frames, timesUs, slot }) =>
    frames.map((bytes, i) => ({
      bytes,
      timeUs: BEGIN_US + slot * STAGGER_US + timesUs[i]!,
      linkType: 1,
      wireLength: bytes.length,
    })),
  );
  // Sorting is stable: packets of one case keep their order.
  const sorted = packets.toSorted((a, b) => a.timeUs - b.timeUs);
  const all =
    before === undefined
      ? sorted
      : sorted.flatMap((packet) => [{ ...packet, bytes: before, wireLength: before.length }, packet]);
  return pcapOf(all, { isBig: false, isNano: false });
}

export async function compareSeeds(seeds: readonly number[], midstream: boolean, tally: Tally): Promise<void> {
  const cases = seeds.map((seed, slot) => makeCase(seed, slot));
  const { differences, theirsAgain } = await compareCases(cases, midstream, tally);
  let steady = differences;
  for (let i = 0; i < AGAIN_MAX && steady.length > 0; i++) {
    const again = bySid(await theirsAgain());
    steady = steady.filter((one) => countOf(again, one) === one.theirs);
  }
  if (steady.length > 0) {
    const filled: Map<number, Map<string, number>>[] = [];
    for (const byte of FILLED_WITH) filled.push(bySid(await theirsAgain(captureOf(cases, strangers(byte)))));
    steady = steady.filter((one) => countOf(filled[0]!, one) === countOf(filled[1]!, one));
  }
  tally.differences.push(...steady);
  tally.unsteady.push(...differences.filter((one) => !steady.includes(one)));
}

const countOf = (counts: ReadonlyMap<number, ReadonlyMap<string, number>>, { rule, flow }: Difference): number =>
  counts.get(sidOf(rule))?.get(flow) ?? 0;

/** The cases have slots of their own. */
export async function compareCases(
  cases: readonly Case[],
  midstream: boolean,
  { coverage, excess }: Pick<Tally, 'coverage' | 'excess'>,
): Promise<{ readonly differences: readonly Difference[]; readonly theirsAgain: Results['theirsAgain'] }> {
  const { ours, theirs, refused, refusedByThem, theirsAgain } = await runBoth({
    capture: captureOf(cases),
    rules: cases.flatMap((one) => one.rules),
    thresholds: cases.flatMap((one) => one.thresholds),
    midstream,
  });
  const [a, b] = [bySid(ours), bySid(theirs)];
  const differences: Difference[] = [];
  for (const one of cases) {
    let hasAlerted = false;
    for (const rule of one.rules) {
      const sid = sidOf(rule);
      if (refusedByThem.has(sid)) {
        coverage.refused += 1;
        if (!refused.has(sid)) excess.push(rule);
        continue;
      }
      const [mine, other] = [a.get(sid), b.get(sid)];
      const missing = refused.get(sid);
      coverage.add(one.dialogue.protocol, rule, missing ?? null, other !== undefined);
      if (missing !== undefined) continue;
      if (other !== undefined) hasAlerted = true;
      for (const flow of new Set([...(mine?.keys() ?? []), ...(other?.keys() ?? [])])) {
        const [left, right] = [mine?.get(flow) ?? 0, other?.get(flow) ?? 0];
        if (left !== right) differences.push({ one, rule, flow, ours: left, theirs: right });
      }
    }
    coverage.addCase(hasAlerted);
  }
  return { differences, theirsAgain };
}

function bySid(counts: Counts): Map<number, Map<string, number>> {
  const found = new Map<number, Map<string, number>>();
  for (const [key, count] of counts) {
    const space = key.indexOf(' ');
    const sid = Number(key.slice(0, space));
    const flows = found.get(sid) ?? new Map<string, number>();
    found.set(sid, flows.set(key.slice(space + 1), count));
  }
  return found;
}

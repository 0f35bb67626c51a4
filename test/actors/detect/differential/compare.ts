/** Runs many cases in one capture, compares the engines, and finds which of the cases they differ in. */
import { pcapOf } from '../captures.ts';
import { type Case, makeCase, SIDS_A_CASE } from './case.ts';
import { type Result, type RunOptions, runOurs, runSuricata, sidOf } from './engines.ts';

export interface Difference {
  readonly seed: number;
  readonly rule: string;
  /** Alerts by flow: ours and theirs. */
  readonly flow: string;
  readonly ours: number;
  readonly theirs: number;
}

export interface Tally {
  cases: number;
  rules: number;
  /** Rules that alerted in Suricata; the others were silent there. */
  alerting: number;
  silent: number;
  /** Rules that Suricata takes and we do not, by keyword. */
  readonly missed: Map<string, number>;
  /** Rules that we take and Suricata does not. */
  readonly excess: string[];
  readonly byProtocol: Map<string, number>;
  readonly byKeyword: Map<string, number>;
  readonly differences: Difference[];
}

export const emptyTally = (): Tally => ({
  ...{ cases: 0, rules: 0, alerting: 0, silent: 0, excess: [], differences: [] },
  missed: new Map(),
  byProtocol: new Map(),
  byKeyword: new Map(),
});

const GAP_US = 200;

/** Frames of the cases in turn, so that flows overlap in time; those of one case keep their order. */
function capture(cases: readonly Case[]): Uint8Array {
  const queues = cases.map(({ frames }) => [...frames]);
  const packets: { bytes: Uint8Array; timeUs: number; linkType: number; wireLength: number }[] = [];
  let timeUs = 1_700_000_000_000_000;
  while (queues.some((queue) => queue.length > 0))
    for (const queue of queues) {
      const bytes = queue.shift();
      if (bytes === undefined) continue;
      timeUs += GAP_US;
      packets.push({ bytes, timeUs, linkType: 1, wireLength: bytes.length });
    }
  return pcapOf(packets, { isBig: false, isNano: false });
}

export async function compareCases(seeds: readonly number[], options: RunOptions, tally: Tally): Promise<void> {
  const cases = seeds.map((seed, slot) => makeCase(seed, slot));
  const pcap = capture(cases);
  const rules = cases.flatMap((one) => one.rules);
  const text = `${rules.join('\n')}\n`;
  const [theirs, ours] = [await runSuricata(pcap, text, options), runOurs(pcap, text, options)];
  tally.cases += cases.length;
  for (const one of cases) {
    for (const rule of one.rules) judge(one, rule, ours, theirs, tally);
    bump(tally.byProtocol, one.dialogue.protocol);
  }
}

function judge(one: Case, rule: string, ours: Result, theirs: Result, tally: Tally): void {
  const sid = sidOf(rule);
  if (theirs.refused.has(sid)) {
    if (!ours.refused.has(sid)) tally.excess.push(rule);
    return;
  }
  tally.rules += 1;
  for (const [, keyword] of rule.matchAll(/[(;]\s*([a-z_.]+)/g)) bump(tally.byKeyword, keyword!);
  const keys = new Set([...ours.counts.keys(), ...theirs.counts.keys()].filter((key) => key.startsWith(`${sid} `)));
  const alerts = [...theirs.counts].some(([key]) => key.startsWith(`${sid} `));
  if (alerts) tally.alerting += 1;
  else tally.silent += 1;
  const missing = ours.refused.get(sid);
  if (missing !== undefined) {
    bump(tally.missed, missing);
    return;
  }
  for (const key of keys) {
    const [a, b] = [ours.counts.get(key) ?? 0, theirs.counts.get(key) ?? 0];
    if (a !== b) tally.differences.push({ seed: one.seed, rule, flow: key, ours: a, theirs: b });
  }
}

function bump(map: Map<string, number>, key: string): void {
  map.set(key, (map.get(key) ?? 0) + 1);
}

/** Cases whose sids lie apart fit one capture. */
export const CASES_A_RUN = 250;
export const sidsOf = (one: Case): readonly number[] => Array.from({ length: SIDS_A_CASE }, (_, i) => one.firstSid + i);

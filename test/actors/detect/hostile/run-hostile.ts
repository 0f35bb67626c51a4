/** Spoilt captures through a whole sensor: nothing is thrown, no packet takes long, memory stays. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AcceptedRule, readRules, SENSOR_DEFAULTS, Sensor, variables } from '../../../../actors/detect/index.ts';
import { generatedRules } from '../../../../bench/workloads/ids/generated-rules.ts';
import { sharedData } from '../../../support/needs.ts';
import { captured, captureFiles, readCapture, type SimplePacket } from '../captures.ts';
import { makeCase } from '../differential/case.ts';
import { Dice } from '../differential/dice.ts';
import { mutated } from './mutated.ts';

/** Captures that share a sensor, and with it its flows. */
export const CAPTURES_A_SENSOR = 500;
/** Of one packet, in processor time: what else the machine has to do is no packet's. */
export const LONGEST_MS = 50;
const GENERATED_BASES = 200;
const GENERATED_RULES = 500;

export interface Bases {
  readonly captures: readonly (readonly SimplePacket[])[];
  readonly rules: readonly AcceptedRule[];
}

export function bases(): Bases {
  const cases = Array.from({ length: GENERATED_BASES }, (_, i) => makeCase(i + 1, i));
  const generated = cases.map(({ frames, timesUs }) =>
    frames.map((bytes, i) => ({
      bytes,
      linkType: 1,
      wireLength: bytes.length,
      timeUs: 1_700_000_000_000_000 + timesUs[i]!,
    })),
  );
  const folder = sharedData('ids-suricata-verify');
  const texts = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.rules'))
    .map((name) => readFileSync(join(folder, name), 'latin1'));
  const files = [...texts, cases.flatMap(({ rules }) => rules).join('\n'), generatedRules(1, GENERATED_RULES)];
  // Rules of different files may have one sid, so each file is read by itself.
  const rules = files.flatMap((text, i) => readRules([{ name: `${i}.rules`, text }], variables()).accepted);
  const given = captureFiles().map((path) => readCapture(path));
  return { captures: [...given, ...generated].filter((packets) => packets.length > 0), rules };
}

export interface HostileTally {
  captures: number;
  packets: number;
  records: number;
  alerts: number;
  longestMs: number;
  /** Captures by the seed of their sensor. */
  readonly thrown: string[];
  readonly slow: string[];
}

export const emptyHostileTally = (): HostileTally => ({
  ...{ captures: 0, packets: 0, records: 0, alerts: 0, longestMs: 0 },
  ...{ thrown: [], slow: [] },
});

/** A packet is slow where it is so a second time, too: code is compiled and garbage collected at some packet or other. */
export function runHostile(
  seed: number,
  captures: number,
  { captures: given, rules }: Bases,
  tally: HostileTally,
): void {
  const first = once(seed, captures, given, rules, tally);
  if (first.every(({ ms }) => ms <= LONGEST_MS)) {
    tally.longestMs = Math.max(tally.longestMs, ...first.map(({ ms }) => ms));
    return;
  }
  const again = once(seed, captures, given, rules, { ...emptyHostileTally() });
  for (const [i, { ms, place }] of first.entries()) {
    const least = Math.min(ms, again[i]?.ms ?? ms);
    tally.longestMs = Math.max(tally.longestMs, least);
    if (least > LONGEST_MS) tally.slow.push(`${place}: ${least.toFixed(0)} ms`);
  }
}

interface Longest {
  readonly place: string;
  readonly ms: number;
}

/** The longest packet of each capture. */
function once(
  seed: number,
  captures: number,
  given: Bases['captures'],
  rules: Bases['rules'],
  tally: HostileTally,
): Longest[] {
  const dice = new Dice(seed);
  const { traffic } = SENSOR_DEFAULTS;
  const stream = { ...traffic.stream, midstream: dice.chance(0.5) };
  const options = { ...SENSOR_DEFAULTS, traffic: { ...traffic, stream, validatesChecksums: dice.chance(0.1) } };
  const sensor = new Sensor(rules, options, ({ type }) => {
    tally.records += 1;
    if (type === 'alert') tally.alerts += 1;
  });
  const longest: Longest[] = [];
  for (let capture = 0; capture < captures; capture++) {
    let most: Longest = { place: '', ms: 0 };
    for (const [i, { bytes, linkType, timeUs, wireLength }] of mutated(dice, dice.pick(given)).entries()) {
      const packet = captured(bytes, linkType, timeUs, ++tally.packets);
      packet.wireLength = wireLength;
      const place = `seed ${seed}, capture ${capture}, packet ${i}`;
      const from = processorMs();
      try {
        sensor.take(packet);
      } catch (thrown) {
        tally.thrown.push(`${place}: ${thrown instanceof Error ? thrown.stack : String(thrown)}`);
      }
      const ms = processorMs() - from;
      if (ms > most.ms) most = { place, ms };
    }
    longest.push(most);
    tally.captures += 1;
  }
  try {
    sensor.finish();
  } catch (thrown) {
    tally.thrown.push(`seed ${seed}, the end: ${thrown instanceof Error ? thrown.stack : String(thrown)}`);
  }
  return longest;
}

/** Of this thread, since it began. */
function processorMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

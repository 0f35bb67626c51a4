/**
 * What the devices of a load test send: the committed types as the simulated fleet does, described ones with values within the
 * limits of their description. A maker belongs to one device, so that its values hang together.
 */
import { ByteWriter, type Random } from '../../engine/index.ts';
import {
  crowd,
  enmon,
  type FrameDescription,
  type FrameValues,
  integerRange,
  parseFrameDescription,
  wireLimits,
} from '../../schemas/index.ts';
import { SimulatedSurroundings } from '../../services/fleet/index.ts';
import type { Config } from '../config/index.ts';
import { configuredFrameTypes, readDescription } from '../frame-types.ts';
import { nearMiss } from '../near-miss.ts';
import { UsageError } from '../terminal.ts';

/** One type of device. */
export interface LoadType {
  readonly name: string;
  readonly isPersonal: boolean;
  /** Out of so many devices of all types. */
  readonly weight: number;
  matches(bytes: Uint8Array, start: number, end: number): boolean;
  /** The identity in the frames of device `number`. */
  identity(number: number): string;
  /** Frames of one device. */
  maker(identity: string, random: Random): (nowMs: number) => Uint8Array<ArrayBuffer>;
}

/** As in the simulated fleet: every fifth is a crowd counter. */
const ENMON_WEIGHT = 4;
const DECIMALS_MAX = 1e9;
const COUNT_MAX = 1_000;
const SIGHTINGS_MAX = 40;

const writer = new ByteWriter();

function taken(encode: () => void): Uint8Array<ArrayBuffer> {
  writer.clear();
  encode();
  return writer.take();
}

const COMMITTED: readonly LoadType[] = [
  {
    ...{ name: enmon.name, isPersonal: false, weight: ENMON_WEIGHT },
    matches: (bytes, start, end) => enmon.matches(bytes, start, end),
    // 00-101-000 is the type allocation code of test devices (GSMA TS.06).
    identity: (number) => `00101000${String(number).padStart(7, '0')}`,
    maker(identity, random) {
      const surroundings = new SimulatedSurroundings(random);
      return (nowMs) => taken(() => enmon.encode(writer, surroundings.enmon(identity, nowMs)));
    },
  },
  {
    ...{ name: crowd.name, isPersonal: true, weight: 1 },
    // Known by its first letters alone, which say nothing of what follows them.
    matches: () => false,
    identity: (number) => `LOAD${String(number).padStart(7, '0')}`,
    maker(identity, random) {
      const surroundings = new SimulatedSurroundings(random);
      return (nowMs) => taken(() => crowd.encode(writer, surroundings.crowd(identity, nowMs)));
    },
  },
];

/** The types that are named; without a name those that the configuration describes, or else the committed ones. */
export function loadTypes(config: Config, wanted: readonly string[] | null): LoadType[] {
  const codecs = configuredFrameTypes(config);
  const described = config.frames.map((file): LoadType => {
    const description = parseFrameDescription(readDescription(file), file);
    const codec = codecs.byName(description.name)!;
    return {
      ...{ name: codec.name, isPersonal: codec.hasSightings, weight: 1 },
      matches: (bytes, start, end) => codec.format === 'binary' && codec.matches(bytes, start, end),
      identity: (number) => describedIdentity(description, number),
      maker: (identity, random) => (nowMs) =>
        taken(() => codec.encode(writer, describedValues(description, identity, random, nowMs) as never)),
    };
  });
  if (wanted === null) return described.length > 0 ? described : [...COMMITTED];
  const known = [...COMMITTED, ...described];
  return wanted.map((name) => {
    const found = known.find((type) => type.name === name);
    if (found !== undefined) return { ...found, weight: 1 };
    const names = known.map((type) => type.name);
    const meant = nearMiss(name, names);
    throw new UsageError(
      `--types: there is no frame type ${name}${meant === undefined ? '' : `, did you mean ${meant}?`} (known: ${names.join(', ')})`,
    );
  });
}

export function describedIdentity(description: FrameDescription, number: number): string {
  for (const field of description.fields) {
    if (field.role !== 'identity') continue;
    const chars = 'digits' in field ? field.digits : Math.min(field.charsMax, 12);
    return String(number).padStart(chars, '0').slice(-chars);
  }
  return String(number);
}

/** What the encoder of a described type takes: integers in wire units, within the limits of the description. */
export function describedValues(
  description: FrameDescription,
  identity: string,
  random: Random,
  nowMs: number,
): FrameValues {
  const between = (min: number, max: number) => min + Math.floor((random.u32() / 2 ** 32) * (max - min + 1));
  const values: Record<string, unknown> = {};
  if (description.format === 'binary') {
    for (const field of description.fields) {
      if (field.role === 'type' || field.role === 'length') continue;
      if (field.as === 'ascii') values[field.name] = identity;
      else {
        const wire = integerRange(field.as);
        const { min, max } = wireLimits(field, wire.min, wire.max);
        values[field.name] = between(min ?? wire.min, max ?? wire.max);
      }
    }
    return values;
  }
  for (const field of description.fields) {
    if (field.as === 'literal') continue;
    if (field.role === 'identity') values[field.name] = identity;
    else if (field.as === 'date-time') values[field.name] = nowMs;
    else {
      const { min, max } = wireLimits(field, -DECIMALS_MAX, DECIMALS_MAX);
      values[field.name] = between(min ?? 0, max ?? COUNT_MAX);
    }
  }
  if (description.lines !== null) values.sightings = sightings(description.lines, random);
  return values;
}

function sightings(lines: { address: { name: string }; strength: { name: string }; linesMax: number }, random: Random) {
  const count = random.u32() % (Math.min(lines.linesMax, SIGHTINGS_MAX) + 1);
  return Array.from({ length: count }, (_, i) => {
    const bytes = [0x02, 0x27, 0xeb, i, random.u32() & 0xff, random.u32() & 0xff];
    const address = bytes.map((byte) => byte.toString(16).toUpperCase().padStart(2, '0')).join(':');
    return { [lines.address.name]: address, [lines.strength.name]: -30 - (random.u32() % 60) };
  });
}

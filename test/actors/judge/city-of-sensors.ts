/** A square of sensors 150 m apart that are judged by each other through the actors, window by window. */
import { JUDGE_DEFAULTS, judgeActors } from '../../../actors/judge/index.ts';
import { DEGREE_METRES } from '../../../actors/judge/place.ts';
import { type ActorDriver, testActor } from '../../../engine/testkit/index.ts';
import type { DevicePlace, DeviceRecord } from '../../../schemas/device/index.ts';
import type { Aggregate, TrustInteraction } from '../../../schemas/index.ts';
import {
  DEVICE_AGGREGATES,
  deviceTopics,
  judgeTopics,
  reputationTopics,
  TRUST_DEVICES,
  TRUST_INTERACTIONS,
} from '../../../schemas/topics/index.ts';

export const WINDOW_MS = 60_000;
export const START_MS: number = Math.ceil(1_770_000_000_000 / WINDOW_MS) * WINDOW_MS;
/** Windows that come after those that are looked at, so that these are closed in every partition. */
const CLOSING = 3;
const SPACING_METRES = 150;

export const idOf = (i: number): string => `d-${String(i).padStart(3, '0')}`;

export function placeOf(i: number, side: number): DevicePlace {
  const north = (Math.floor(i / side) * SPACING_METRES) / DEGREE_METRES;
  const east = ((i % side) * SPACING_METRES) / DEGREE_METRES / Math.cos((43.46 * Math.PI) / 180);
  return { latitude: 43.46 + north, longitude: -3.81 + east };
}

const deviceAt = (i: number, side: number): DeviceRecord => ({
  ...{ version: 1, deviceId: idOf(i), revision: 1, type: 'enmon', state: 'active', keys: [] },
  ...{ identity: '867723030040330', timeZone: 'UTC', credentialHash: null, place: placeOf(i, side) },
  ...{ tagKey: '0011223344556677', resetCount: 0, createdAtMs: 0 },
});

function aggregate(
  device: string,
  windowStart: number,
  [mean, within = 10, type = 'enmon']: ReturnType<Values>,
): Aggregate {
  return {
    ...{ device, type, windowStart, windowEnd: windowStart + WINDOW_MS, count: 10, verifiedCount: 10 },
    measures: [
      { name: 'temperature', unit: '°C', count: within, mean, min: mean, max: mean, stddev: mean === null ? null : 0 },
    ],
    distinct: null,
  };
}

export type Values = (device: number, window: number) => readonly [mean: number | null, within?: number, type?: string];

export interface CityRun {
  readonly side: number;
  readonly windows: number;
  readonly values: Values;
  readonly cuts?: 'never' | 'before-commit' | 'after-commit';
}

/** By `DEVICE WINDOW`. Throws where one is judged twice. */
export async function judgeCity({
  side,
  windows,
  values,
  cuts = 'never',
}: CityRun): Promise<Map<string, TrustInteraction>> {
  const actors = judgeActors({ ...deviceTopics(), ...judgeTopics(), ...reputationTopics() }, JUDGE_DEFAULTS);
  const definition = { name: 'judging', partitions: 3, actors };
  const driver: ActorDriver = await testActor(definition, { cuts, batchRecords: 16 });
  for (let i = 0; i < side * side; i++) driver.send(TRUST_DEVICES, idOf(i), deviceAt(i, side), START_MS);
  await driver.settle();
  for (let window = 0; window < windows + CLOSING; window++) {
    const start = START_MS + window * WINDOW_MS;
    for (let i = 0; i < side * side; i++) {
      driver.send(DEVICE_AGGREGATES, idOf(i), aggregate(idOf(i), start, values(i, window)), start + WINDOW_MS - 1);
    }
    await driver.settle();
  }
  const found = new Map<string, TrustInteraction>();
  for (const { key, bytes } of driver.outputs(TRUST_INTERACTIONS)) {
    const interaction = copyOf(bytes!);
    const window = (Number(interaction.id) - START_MS) / WINDOW_MS;
    if (window >= windows) continue;
    const name = `${key} ${window}`;
    if (found.has(name)) throw new Error(`${name} is judged twice`);
    found.set(name, interaction);
  }
  await driver.close();
  return found;
}

const { interactions } = reputationTopics();
interactions.codec.bindSchemaIds?.(
  new Map((interactions.codec.schemas ?? []).map(({ subject }, i) => [subject, i + 1])),
);

/** The codec fills one object anew each time. */
function copyOf(bytes: Uint8Array): TrustInteraction {
  // Which id the driver gave the schema does not matter here.
  const own = Uint8Array.from(bytes);
  own.set([0, 0, 0, 1], 1);
  const { id, trustor, service, satisfaction, weight, time, responseMs, availability, quality, reason } =
    interactions.codec.decode(own, 0, own.length);
  return { id, trustor, service, satisfaction, weight, time, responseMs, availability, quality, reason };
}

/**
 * The topics of the main path. All of them are keyed by device and co-partitioned. Make one set for each thread: codecs
 * fill one object over and over.
 */
import { type Topic, type TopicConfig, topic } from '../../engine/index.ts';
import { type Aggregate, type FrameTypes, frameTypes } from '../index.ts';
import { type DeviceReading, deviceReadingCodec } from './device-reading.ts';
import { type DeviceSightings, deviceSightingsCodec } from './device-sightings.ts';
import { type FrameRecord, frameRecordCodec } from './frame-record-codec.ts';
import { type VerifiedFrame, verifiedFrameCodec } from './verified-frame.ts';
import { aggregateCodec, type LateReading, lateCodec } from './windows.ts';

export const DEVICE_FRAMES = 'device.frames';
export const DEVICE_REGISTRY = 'device.registry';
export const DEVICE_VERIFIED = 'device.verified';
export const DEVICE_READINGS = 'device.readings';
export const DEVICE_SIGHTINGS = 'device.sightings';
export const DEVICE_AGGREGATES = 'device.aggregates';
export const DEVICE_LATE = 'device.late';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export interface DeviceTopics {
  readonly frames: Topic<FrameRecord>;
  readonly verified: Topic<VerifiedFrame>;
  readonly readings: Topic<DeviceReading>;
  readonly sightings: Topic<DeviceSightings>;
  readonly aggregates: Topic<Aggregate>;
  readonly late: Topic<LateReading>;
}

export function deviceTopics(types: FrameTypes = frameTypes()): DeviceTopics {
  return {
    frames: topic(DEVICE_FRAMES, frameRecordCodec(), { external: true, retentionMs: 7 * DAY_MS }),
    verified: topic(DEVICE_VERIFIED, verifiedFrameCodec(), { retentionMs: DAY_MS }),
    readings: topic(DEVICE_READINGS, deviceReadingCodec(DEVICE_READINGS, types), {
      access: 'public',
      retentionMs: 30 * DAY_MS,
    }),
    // Pseudonyms live no longer than they must: where this is a topic at all, its segments leave within the day.
    sightings: topic(DEVICE_SIGHTINGS, deviceSightingsCodec(DEVICE_SIGHTINGS), { retentionMs: 6 * HOUR_MS }),
    aggregates: topic(DEVICE_AGGREGATES, aggregateCodec(DEVICE_AGGREGATES), { access: 'public' }),
    late: topic(DEVICE_LATE, lateCodec(DEVICE_LATE, deviceReadingCodec(DEVICE_READINGS, types)), {
      access: 'public',
      retentionMs: 30 * DAY_MS,
    }),
  };
}

/** The registry of devices is no actor's input, so no plan makes it. As many partitions as device.frames has. */
export function deviceRegistryConfig(partitions: number): TopicConfig {
  return { name: DEVICE_REGISTRY, partitions, cleanup: 'compact' };
}

/** The topics on the way from what devices measured to interactions. */
import { type Codec, jsonCodec, type Topic, topic } from '../../engine/index.ts';
import { type DevicePlace, type DeviceRecord, decodeDeviceRecord, encodeDeviceRecord } from '../device/index.ts';

/** Keyed by device: the registry's records as they change, and at the start of an engine those of all devices with a place. */
export const TRUST_DEVICES = 'trust.devices';
/** Keyed by cell. */
export const TRUST_OBSERVATIONS = 'trust.observations';

const DAY_MS = 86_400_000;

/** What a device measured in one window, at the place where it is judged or in a cell beside it. */
export interface Observation {
  readonly device: string;
  /** The frame type: what others of the same kind measure is compared. */
  readonly type: string;
  /** Null where nobody has told where it stands: it has no neighbours then. */
  readonly place: DevicePlace | null;
  /** Seen from a cell beside its own: it confirms others, and is judged elsewhere. */
  readonly isWitness: boolean;
  readonly windowStart: number;
  readonly windowEnd: number;
  /** Readings. */
  readonly count: number;
  readonly measures: readonly {
    readonly name: string;
    readonly unit: string;
    /** Values within their physical limits. */
    readonly count: number;
    /** Null where there is none. */
    readonly mean: number | null;
  }[];
}

export interface JudgeTopics {
  readonly devices: Topic<DeviceRecord>;
  readonly observations: Topic<Observation>;
}

export function judgeTopics(): JudgeTopics {
  return {
    devices: topic(TRUST_DEVICES, deviceCodec(), { external: true, retentionMs: 7 * DAY_MS }),
    observations: topic(TRUST_OBSERVATIONS, jsonCodec<Observation>(), { retentionMs: DAY_MS }),
  };
}

function deviceCodec(): Codec<DeviceRecord> {
  return {
    format: 'msec.device-record/1',
    decode: decodeDeviceRecord,
    encode: (value, writer) => writer.copy(encodeDeviceRecord(value)),
  };
}

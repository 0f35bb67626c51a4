/**
 * Fills a log with a fleet's frames, in batches as a bridge would write them, and closes event time behind the last one
 * so that every window is told. Frames are signed by each device's own key, or patched into a template where signatures
 * are off.
 */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { BatchEncoder, type Log, partitionForKey, planTopology, systemClock } from '../../engine/index.ts';
import type { KeyMode } from '../../schemas/device/index.ts';
import { encodeEnvelope, encodeFrameRecord, KIND_ENVELOPE, signEnvelope } from '../../schemas/envelope/index.ts';
import { DEVICE_FRAMES, deviceRegistryConfig } from '../../schemas/topics/index.ts';
import { DeviceService } from '../../services/devices/index.ts';
import type { Fleet } from './fleet.ts';
import { benchTopology } from './topology.ts';

export interface FillOptions {
  readonly partitions: number;
  readonly frames: number;
  readonly isSigned: boolean;
  /** What each frame is added to, for the comparison. */
  readonly onFrame: (fleet: Fleet) => void;
  /** So many of the frames, the last ones, lie in HELD_FRAMES until they are moved; absent: none. */
  readonly heldBack?: number;
}

/** What waits for its turn: as many partitions as device.frames, and in each what belongs behind the other's end. */
export const HELD_FRAMES = 'bench.frames.held';

const BATCH_BYTES = 256 * 1024;
const COMMIT_BYTES = 4 * 1024 * 1024;
const CLOSING_MS = 10 * 60_000;
const ENROL_AT_ONCE = 1_000;
const FRAME_BYTES = 31;
const NOTHING = new Uint8Array(0);

/** Offset of each partition's end, with all that was held back. */
export async function fillLog(log: Log, fleet: Fleet, options: FillOptions): Promise<number[]> {
  const { partitions, frames, isSigned, onFrame, heldBack = 0 } = options;
  await makeTopics(log, partitions);
  if (heldBack > 0) await log.createTopics([{ name: HELD_FRAMES, partitions, cleanup: 'delete' }]);
  let topic = DEVICE_FRAMES;
  const signers = isSigned ? fleet.ids.map(() => generateKeyPairSync('ec', { namedCurve: 'P-256' })) : null;
  const keyIds = await enrolFleet(log, fleet, signers);
  const keys = fleet.ids.map((id) => new TextEncoder().encode(id));
  const partitionOf = keys.map((key) => partitionForKey(key, 0, key.length, partitions));
  const unsigned = frameValues(fleet);
  const encoders = Array.from({ length: partitions }, () => new BatchEncoder({ batchBytesMax: BATCH_BYTES }));
  const flush = async () => {
    const appends = encoders.map((encoder, partition) => ({ topic, partition, bytes: encoder.finish() }));
    await log.commit({ appends: appends.filter(({ bytes }) => bytes.length > 0) });
  };
  for (let i = 0; i < frames; i++) {
    if (i > 0 && i === frames - heldBack) {
      await flush();
      topic = HELD_FRAMES;
    }
    fleet.next();
    onFrame(fleet);
    const { device, timestamp } = fleet;
    const key = keys[device]!;
    const value = signers === null ? unsigned() : signedRecord(fleet, signers[device]!.privateKey, keyIds[device]!);
    encoders[partitionOf[device]!]!.append(timestamp, key, 0, key.length, value, 0, value.length);
    if (i % 1024 === 0 && encoders.reduce((sum, { byteLength }) => sum + byteLength, 0) > COMMIT_BYTES) await flush();
  }
  // Neither key nor value: event time has come this far, and every window before is closed.
  for (const encoder of encoders) encoder.append(fleet.timestamp + CLOSING_MS, NOTHING, -1, -1, NOTHING, -1, -1);
  await flush();
  const reader = log.openReader();
  const ends = encoders.map(async (_, partition) => {
    const { end } = await reader.bounds(DEVICE_FRAMES, partition);
    return heldBack === 0 ? end : end + (await reader.bounds(HELD_FRAMES, partition)).end;
  });
  try {
    return await Promise.all(ends);
  } finally {
    await reader.close();
  }
}

export async function makeTopics(log: Log, partitions: number): Promise<void> {
  const topology = { application: 'fill', keysFolder: '/nonexistent', overrides: { partitions } };
  const { topics } = planTopology(await benchTopology(topology));
  const frames = topics.find(({ name }) => name === DEVICE_FRAMES)!;
  await log.createTopics([frames, deviceRegistryConfig(partitions)]);
}

interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/** The topics of device.frames and device.registry must exist. Gives the key id of each device; empty without keys. */
export async function enrolFleet(
  log: Log,
  fleet: Pick<Fleet, 'ids' | 'imeis'>,
  signers: readonly KeyPair[] | null,
  modes?: readonly KeyMode[],
): Promise<Uint8Array[]> {
  const service = await DeviceService.open({ log, clock: systemClock });
  const keyIds: Uint8Array[] = [];
  for (let from = 0; from < fleet.ids.length; from += ENROL_AT_ONCE) {
    const ids = fleet.ids.slice(from, from + ENROL_AT_ONCE);
    const enrolments = await service.addAll(
      ids.map((deviceId, i) => ({
        deviceId,
        type: 'enmon',
        identity: fleet.imeis[from + i]!,
        credential: signers !== null,
        ...(signers === null
          ? {}
          : { publicKey: signers[from + i]!.publicKey.export({ format: 'der', type: 'spki' }) }),
        ...(modes === undefined ? {} : { modes }),
      })),
    );
    for (const { record } of enrolments) keyIds.push(Buffer.from(record.keys[0]?.keyId ?? '', 'hex'));
  }
  await service.close();
  return keyIds;
}

function payloadOf(imei: string): Uint8Array {
  const payload = new Uint8Array(FRAME_BYTES);
  payload.set([0x01, 0x00, 0x1c]);
  payload.set(new TextEncoder().encode(imei), 7);
  return payload;
}

function writeMeasures(bytes: Uint8Array, at: number, { sequence, wire }: Fleet): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at);
  view.setUint32(3, sequence);
  for (let i = 0; i < wire.length; i++) view.setInt16(23 + 2 * i, wire[i]!);
}

/** Gives the value of the fleet's present frame as a record of device.frames, unsigned; valid until the device's next. */
export function frameValues(fleet: Fleet): () => Uint8Array {
  const templates = fleet.ids.map((id, i) => template(id, fleet.imeis[i]!));
  return () => patched(templates[fleet.device]!, fleet);
}

function template(deviceId: string, imei: string): Uint8Array {
  const envelope = encodeEnvelope({ deviceId, bootEpoch: 1, sequence: 0, payload: payloadOf(imei) });
  return encodeFrameRecord(KIND_ENVELOPE, envelope);
}

/** An unsigned envelope ends with sequence u32, payload length u32 and the payload. */
function patched(record: Uint8Array, fleet: Fleet): Uint8Array {
  const payloadAt = record.length - FRAME_BYTES;
  new DataView(record.buffer).setUint32(payloadAt - 8, fleet.sequence);
  writeMeasures(record, payloadAt, fleet);
  return record;
}

function signedRecord(fleet: Fleet, privateKey: KeyObject, keyId: Uint8Array): Uint8Array {
  const { device, sequence } = fleet;
  const payload = payloadOf(fleet.imeis[device]!);
  writeMeasures(payload, 0, fleet);
  const fields = { deviceId: fleet.ids[device]!, bootEpoch: 1, sequence, payload };
  return encodeFrameRecord(KIND_ENVELOPE, signEnvelope(fields, { keyId, privateKey }));
}

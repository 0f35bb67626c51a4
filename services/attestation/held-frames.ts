/**
 * What becomes of a device's held frames: dropped, or released into its partition of device.frames, where verify takes
 * them once more if the device is trusted then. Each step is one transaction of the frames and of the record that says
 * how far the decision has come, under an ownership: whoever repeats it after a death goes on behind the last step.
 */
import {
  type Append,
  BatchCursor,
  BatchEncoder,
  type Clock,
  type Log,
  type LogReader,
  MsecError,
  type Ownership,
  partitionForKey,
} from '../../engine/index.ts';
import {
  type Decision,
  type DecisionKind,
  decodeDecision,
  encodeDecision,
  encodeReleased,
} from '../../schemas/attestation/index.ts';
import { decodeAttestation } from '../../schemas/index.ts';
import { DEVICE_ATTESTATION, DEVICE_DECISIONS, DEVICE_FRAMES, DEVICE_QUARANTINE } from '../../schemas/topics/index.ts';

export interface HeldRequest {
  readonly device: string;
  readonly decision: DecisionKind;
  readonly by: string;
  readonly why: string;
}

const OWNER = 'msec.quarantine';
const FETCH_BYTES = 1024 * 1024;
/** Of one transaction. */
export const FRAMES_AT_ONCE = 200;
/** The kind byte of a held frame in device.quarantine. */
const HELD = 1;

interface HeldFrame {
  readonly offset: number;
  readonly timestamp: number;
  /** A value of device.verified. */
  readonly bytes: Uint8Array;
}

/**
 * Returns how many frames were decided on. TOPIC_UNKNOWN where devices are not attested, ATTESTATION_REQUIRED where a
 * device whose frames are to be released is not trusted.
 */
export async function decideHeld(log: Log, clock: Clock, request: HeldRequest): Promise<{ readonly frames: number }> {
  const reader = log.openReader();
  try {
    const [topic] = await log.describe([DEVICE_QUARANTINE]);
    if (topic === undefined) throw new MsecError('TOPIC_UNKNOWN', 'devices are not attested here: nothing is held');
    const key = Buffer.from(request.device, 'latin1');
    const partition = partitionForKey(key, 0, key.length, topic.partitions);
    const ownership = await log.acquire(OWNER);
    if (request.decision === 'release') await checkTrusted(reader, partition, request.device);
    return { frames: await run({ log, clock, reader, partition, key, ownership, request }) };
  } finally {
    await reader.close();
  }
}

interface Run {
  readonly log: Log;
  readonly clock: Clock;
  readonly reader: LogReader;
  readonly partition: number;
  readonly key: Buffer;
  readonly ownership: Ownership;
  readonly request: HeldRequest;
}

async function run(given: Run): Promise<number> {
  const { reader, partition, request, clock } = given;
  let [from, frames] = [0, 0];
  await eachRecord(reader, DEVICE_DECISIONS, partition, 0, given.key, ({ bytes }) => {
    from = Math.max(from, decodeDecision(bytes).to);
    return true;
  });
  const { end } = await reader.bounds(DEVICE_QUARANTINE, partition);
  const base = { version: 1, ...request, at: clock.now(), end } as const;
  while (from < end) {
    const held: HeldFrame[] = [];
    let to = end;
    await eachRecord(reader, DEVICE_QUARANTINE, partition, from, given.key, (record) => {
      if (record.offset >= end) return false;
      if (record.bytes[0] !== HELD) return true;
      if (held.length === FRAMES_AT_ONCE) {
        to = record.offset;
        return false;
      }
      held.push({ ...record, bytes: record.bytes.slice(1) });
      return true;
    });
    if (held.length === 0) break;
    await step(given, { ...base, from, to, frames: held.length }, held);
    frames += held.length;
    from = to;
  }
  return frames;
}

async function step({ log, clock, partition, key, ownership }: Run, decision: Decision, held: readonly HeldFrame[]) {
  const now = clock.now();
  const appends: Append[] = [];
  const encoder = new BatchEncoder();
  if (decision.decision === 'release') {
    for (const { timestamp, bytes } of held) {
      const value = encodeReleased(timestamp, bytes);
      encoder.append(now, key, 0, key.length, value, 0, value.length);
    }
    appends.push({ topic: DEVICE_FRAMES, partition, bytes: encoder.finish() });
  }
  const value = encodeDecision(decision);
  encoder.append(now, key, 0, key.length, value, 0, value.length);
  appends.push({ topic: DEVICE_DECISIONS, partition, bytes: encoder.finish() });
  await log.commit({ ownership, appends, admission: 'internal' });
}

async function checkTrusted(reader: LogReader, partition: number, device: string): Promise<void> {
  let says = 'it has never proved its state';
  let isTrusted = false;
  await eachRecord(reader, DEVICE_ATTESTATION, partition, 0, Buffer.from(device, 'latin1'), ({ bytes }) => {
    const attestation = decodeAttestation(bytes);
    isTrusted = attestation.state === 'trusted';
    says = `${attestation.state}: ${attestation.says}`;
    return true;
  });
  if (!isTrusted)
    throw new MsecError('ATTESTATION_REQUIRED', `${device} is not trusted (${says}): its frames can only be dropped.`, {
      field: 'device',
    });
}

/** Of one key, from an offset on, until `take` says false; the bytes are the record's, valid for the call. */
async function eachRecord(
  reader: LogReader,
  topic: string,
  partition: number,
  from: number,
  key: Buffer,
  take: (record: HeldFrame) => boolean,
): Promise<void> {
  const cursor = new BatchCursor();
  const { start, end } = await reader.bounds(topic, partition);
  for (let offset = Math.max(from, start); offset < end; offset = Math.max(offset + 1, cursor.offsetNext)) {
    const fetched = await reader.fetch(topic, partition, offset, FETCH_BYTES);
    cursor.reset(fetched.bytes, fetched.start, fetched.end);
    cursor.seek(offset);
    while (cursor.next()) {
      const { bytes, keyStart, keyEnd, valueStart, valueEnd, timestamp } = cursor;
      if (keyStart < 0 || valueStart < 0 || !key.equals(bytes.subarray(keyStart, keyEnd))) continue;
      if (!take({ offset: cursor.offset, timestamp, bytes: bytes.subarray(valueStart, valueEnd) })) return;
    }
  }
}

/**
 * How soon a change of the registry holds: from the commit of its control record to the first frame of the device that is
 * taken, or refused, because of it. The engine runs on its log and is never started again.
 */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { join } from 'node:path';
import {
  BatchCursor,
  type LogReader,
  openEmbeddedLog,
  partitionForKey,
  RecordAppender,
  systemClock,
} from '../../../engine/index.ts';
import { readLetter } from '../../../engine/runtime/dead-letter.ts';
import { encodeFrameRecord, KIND_ENVELOPE, signEnvelope } from '../../../schemas/envelope/index.ts';
import { DEVICE_FRAMES, DEVICE_READINGS } from '../../../schemas/topics/index.ts';
import { DeviceService, type Secrets } from '../../../services/devices/index.ts';
import { enmonFrame } from '../../../test/actors/city.ts';
import { startBenchEngine } from '../../load/engine.ts';
import { makeTopics } from '../../load/fill.ts';

const PARTITIONS = 2;
const LETTERS = `${DEVICE_FRAMES}.dlq`;
/** Between two frames of the device that is looked at. */
const SEND_EVERY_MS = 2;
const WAIT_MS_MAX = 30_000;

/** Milliseconds, one of each round. */
export interface ControlTimes {
  readonly enrolled: readonly number[];
  readonly rotated: readonly number[];
  readonly revoked: readonly number[];
}

export async function controlTimes(folder: string, rounds: number): Promise<ControlTimes> {
  const log = await openEmbeddedLog(join(folder, 'control-log'));
  await makeTopics(log, PARTITIONS);
  const devices = await DeviceService.open({ log, clock: systemClock });
  const topology = {
    application: 'control',
    keysFolder: join(folder, 'control-keys'),
    overrides: { partitions: PARTITIONS },
  };
  const { engine } = await startBenchEngine(log, log.readerDescriptor(), { topology, workers: 2 });
  const appender = new RecordAppender(log);
  const reader = log.openReader();
  const times = { enrolled: [] as number[], rotated: [] as number[], revoked: [] as number[] };
  try {
    for (let round = 0; round < rounds; round++) {
      const deviceId = `enmon-${round}`;
      const sender = new Sender(deviceId, appender, reader);
      const identity = '867723030040330';
      const added = await devices.add({ deviceId, type: 'enmon', identity });
      times.enrolled.push(await sender.until(DEVICE_READINGS, null, signerOf(added.secrets)));
      const old = signerOf(added.secrets);
      await devices.rotate(deviceId);
      times.rotated.push(await sender.until(LETTERS, 'KEY_UNKNOWN', old));
      await devices.revoke(deviceId);
      times.revoked.push(await sender.until(LETTERS, 'DEVICE_REVOKED', old));
    }
    return times;
  } finally {
    await reader.close();
    await appender.close();
    await engine.drain();
    await devices.close();
    await log.close();
  }
}

interface Signer {
  readonly keyId: Uint8Array;
  readonly privateKey: KeyObject;
}

const signerOf = ({ keyId, privateKeyPem }: Secrets): Signer => ({
  keyId: Buffer.from(keyId ?? '', 'hex'),
  privateKey: createPrivateKey(privateKeyPem ?? ''),
});

class Sender {
  readonly #deviceId: string;
  readonly #key: Buffer;
  readonly #partition: number;
  readonly #appender: RecordAppender;
  readonly #reader: LogReader;
  readonly #cursor = new BatchCursor();
  #sequence = 0;

  constructor(deviceId: string, appender: RecordAppender, reader: LogReader) {
    this.#deviceId = deviceId;
    this.#key = Buffer.from(deviceId);
    this.#partition = partitionForKey(this.#key, 0, this.#key.length, PARTITIONS);
    this.#appender = appender;
    this.#reader = reader;
  }

  /** Sends until a record of the device, with this reason, comes out at the topic; gives the milliseconds since the call. */
  async until(topic: string, reason: string | null, signer: Signer): Promise<number> {
    const from = performance.now();
    const partition = this.#partition;
    let offset = (await this.#reader.bounds(topic, partition)).end;
    while (performance.now() - from < WAIT_MS_MAX) {
      const fields = { deviceId: this.#deviceId, bootEpoch: 1, sequence: this.#sequence++, payload: enmonFrame() };
      const value = encodeFrameRecord(KIND_ENVELOPE, signEnvelope(fields, signer));
      await this.#appender.append(DEVICE_FRAMES, partition, Date.now(), new Uint8Array(this.#key), value);
      if (!(await this.#reader.wait([{ topic, partition, offset }], SEND_EVERY_MS))) continue;
      const fetched = await this.#reader.fetch(topic, partition, offset, 1 << 20);
      const cursor = this.#cursor;
      cursor.reset(fetched.bytes, fetched.start, fetched.end);
      cursor.seek(offset);
      while (cursor.next()) {
        if (this.#key.compare(cursor.bytes, cursor.keyStart, cursor.keyEnd) !== 0) continue;
        if (reason === null || readLetter(cursor).code === reason) return performance.now() - from;
      }
      offset = Math.max(offset, cursor.offsetNext);
    }
    throw new Error(`${this.#deviceId}: nothing came out at ${topic} (${reason}) in ${WAIT_MS_MAX} ms`);
  }
}

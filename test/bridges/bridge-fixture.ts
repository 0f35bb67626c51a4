/**
 * What a bridge stands on, in memory: devices with tokens, a day's key, and a log of which a test decides when its
 * appends become durable or fail.
 */
import { createSecretKey } from 'node:crypto';
import { Intake, type IntakeOptions, unsignedFrom } from '../../bridges/intake/index.ts';
import { type Clock, MsecError, type Timer } from '../../engine/index.ts';
import type { DeviceRecord } from '../../schemas/device/index.ts';
import type { PayloadPrivacy, SealingKey } from '../../schemas/envelope/index.ts';

export class ManualClock implements Clock {
  nowMs = Date.UTC(2026, 0, 1);

  now(): number {
    return this.nowMs;
  }

  monotonic(): number {
    return this.nowMs;
  }

  after(): Timer {
    throw new Error('the bridges wait for nothing by the clock');
  }
}

/** What a bridge gives a client that a busy machine keeps waiting, where its patience is not what is tested. */
export const PATIENCE_MS = 120_000;

export interface StoredRecord {
  readonly topic: string;
  readonly partition: number;
  readonly timestampMs: number;
  readonly key: string;
  readonly value: Buffer;
}

export class MemoryLog {
  readonly stored: StoredRecord[] = [];
  readonly #waiting: { record: StoredRecord; resolve: (offset: number) => void; reject: (e: Error) => void }[] = [];
  #arrived: { count: number; resolve: () => void } | undefined;
  /** With false an append waits for `settle` or `fail`. */
  isPrompt = true;

  append(topic: string, partition: number, timestampMs: number, key: Uint8Array, value: Uint8Array): Promise<number> {
    const record = {
      topic,
      partition,
      timestampMs,
      key: Buffer.from(key).toString('latin1'),
      value: Buffer.from(value),
    };
    const appended = new Promise<number>((resolve, reject) => this.#waiting.push({ record, resolve, reject }));
    if (this.isPrompt) this.settle();
    if (this.#arrived !== undefined && this.#waiting.length >= this.#arrived.count) this.#arrived.resolve();
    return appended;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Resolves when so many appends wait. */
  arrived(count: number): Promise<void> {
    if (this.#waiting.length >= count) return Promise.resolve();
    return new Promise((resolve) => {
      this.#arrived = { count, resolve };
    });
  }

  settle(): void {
    for (const { record, resolve } of this.#waiting.splice(0)) resolve(this.stored.push(record) - 1);
  }

  fail(error: Error): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}

export function deviceRecord(deviceId: string, more: Partial<DeviceRecord> = {}): DeviceRecord {
  return {
    version: 1,
    deviceId,
    revision: 1,
    type: 'enmon',
    state: 'active',
    keys: [],
    identity: deviceId,
    timeZone: 'UTC',
    credentialHash: 'ab'.repeat(32),
    tagKey: '00'.repeat(8),
    resetCount: 0,
    createdAtMs: 0,
    ...more,
  };
}

/** The token of device X is `token-of-X`. */
export class MemoryDirectory {
  readonly records = new Map<string, DeviceRecord>();
  readonly asked: string[] = [];

  add(deviceId: string, more: Partial<DeviceRecord> = {}): this {
    this.records.set(deviceId, deviceRecord(deviceId, more));
    return this;
  }

  get(deviceId: string): DeviceRecord | undefined {
    return this.records.get(deviceId);
  }

  authenticate(deviceId: string, token: string): DeviceRecord | null {
    this.asked.push(deviceId);
    const record = this.records.get(deviceId);
    return record?.state === 'active' && token === `token-of-${deviceId}` ? record : null;
  }
}

export const DAY_KEY: SealingKey = { keyId: '2026-01-01', key: createSecretKey(Buffer.alloc(32, 7)) };

export function privacyOf(type: string): PayloadPrivacy {
  return { personal: type !== 'enmon', matches: (_bytes, start, end) => end - start === 31 };
}

export interface Fixture {
  readonly clock: ManualClock;
  readonly log: MemoryLog;
  readonly directory: MemoryDirectory;
  readonly intake: Intake;
}

export function fixture(more: Partial<IntakeOptions> = {}): Fixture {
  const clock = new ManualClock();
  const log = new MemoryLog();
  const directory = new MemoryDirectory().add('meter-1').add('meter-2').add('crowd-1', { type: 'crowd' });
  const intake = new Intake({
    topic: 'device.frames',
    partitions: 4,
    directory,
    privacyOf,
    keys: { sealingKey: () => DAY_KEY },
    appender: log,
    clock,
    unsigned: unsignedFrom([]),
    ...more,
  });
  return { clock, log, directory, intake };
}

export const quotaExceeded = () => new MsecError('QUOTA_EXCEEDED', 'the log is full');

/** The topics of a running city, followed from outside of it, and read back once it has ended. */
import { TopicFollow } from '../../../bridges/attestation/index.ts';
import { readRecords } from '../../../cli/commands/record-walk.ts';
import { openEmbeddedLogReadOnly } from '../../../engine/index.ts';
import { decodeEvidence } from '../../../schemas/attestation/index.ts';
import { decodeAttestation, enmon, ReadingHead } from '../../../schemas/index.ts';
import {
  ATTEST_EVIDENCE,
  DEVICE_ATTESTATION,
  DEVICE_QUARANTINE,
  DEVICE_READINGS,
  KIND_EVIDENCE,
  quarantineCodec,
} from '../../../schemas/topics/index.ts';
import type { DeviceTopics, HeldFrame, SeenFrame } from './judge-rounds.ts';

/** How long what is there may go unseen. */
const POLL_MS = 4;
const RECORDS_MAX = 100_000;

type ReadOnlyLog = Awaited<ReturnType<typeof openEmbeddedLogReadOnly>>;

export class CityTopics {
  readonly #log: ReadOnlyLog;
  readonly #follows: TopicFollow[] = [];
  readonly #states = new Map<string, string>();
  readonly #readAt = new Map<string, number>();
  #failure: unknown;
  readonly #wake: (() => void)[] = [];

  private constructor(log: ReadOnlyLog) {
    this.#log = log;
  }

  static async open(folder: string): Promise<CityTopics> {
    const topics = new CityTopics(await openEmbeddedLogReadOnly(folder, POLL_MS));
    const quarantine = quarantineCodec();
    try {
      await topics.#follow(DEVICE_ATTESTATION, (key, value) => {
        topics.#states.set(key, decodeAttestation(value).state);
        for (const wake of topics.#wake.splice(0)) wake();
      });
      await topics.#follow(DEVICE_QUARANTINE, (key, value) => {
        const { frame } = quarantine.decode(value, 0, value.length);
        if (frame !== null) topics.#readAt.set(`${key}/${frame.sequence}`, Date.now());
      });
    } catch (error) {
      await topics.close();
      throw error;
    }
    return topics;
  }

  /** Resolves as soon as the device's state is as wished. */
  async until(device: string, isWished: (state: string) => boolean): Promise<void> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      const state = this.#states.get(device);
      if (state !== undefined && isWished(state)) return;
      await new Promise<void>((resolve) => {
        this.#wake.push(resolve);
      });
    }
  }

  /** By device. */
  async readBack(devices: readonly string[]): Promise<Map<string, DeviceTopics>> {
    const of = new Map(
      devices.map((device) => [
        device,
        {
          evidence: [] as { challengeId: number; receivedAtMs: number }[],
          readings: [] as SeenFrame[],
          held: [] as HeldFrame[],
        },
      ]),
    );
    await this.#walk(ATTEST_EVIDENCE, (device, value, receivedAtMs) => {
      if (value[0] !== KIND_EVIDENCE) return;
      of.get(device)?.evidence.push({ challengeId: decodeEvidence(value, 1).challengeId, receivedAtMs });
    });
    const head = new ReadingHead();
    const reading = enmon.create();
    await this.#walk(DEVICE_READINGS, (device, value) => {
      enmon.decodeReading(value, 0, value.length, head, reading);
      of.get(device)?.readings.push({ sequence: head.sequence, receivedAtMs: head.receivedAt });
    });
    const quarantine = quarantineCodec();
    await this.#walk(DEVICE_QUARANTINE, (device, value) => {
      const { frame } = quarantine.decode(value, 0, value.length);
      if (frame === null) return;
      const { sequence, receivedAtMs } = frame;
      const readAtMs = this.#readAt.get(`${device}/${sequence}`) ?? Number.POSITIVE_INFINITY;
      of.get(device)?.held.push({ sequence, receivedAtMs, readAtMs });
    });
    return of;
  }

  async close(): Promise<void> {
    for (const follow of this.#follows) await follow.close();
    await this.#log.close();
  }

  async #follow(topic: string, take: (key: string, value: Uint8Array) => void): Promise<void> {
    const failed = (error: unknown) => {
      this.#failure ??= error;
      for (const wake of this.#wake.splice(0)) wake();
    };
    const partitions = await this.#partitionsOf(topic);
    const options = {
      ...{ topic, partitions, reader: this.#log.openReader(), onFailure: failed },
      take: ({ key, value }: { readonly key: string; readonly value: Uint8Array | null }) =>
        value === null ? undefined : take(key, value),
    };
    this.#follows.push(await TopicFollow.open(options, failed));
  }

  async #walk(topic: string, take: (key: string, value: Uint8Array, timestamp: number) => void): Promise<void> {
    const reader = this.#log.openReader();
    try {
      const partitions = await this.#partitionsOf(topic);
      for (let partition = 0; partition < partitions; partition++) {
        const { start, end } = await reader.bounds(topic, partition);
        for (let offset = start; offset < end; ) {
          const { records, next } = await readRecords(reader, topic, partition, offset, RECORDS_MAX);
          for (const { key, value, timestamp } of records)
            if (key !== null && value !== null) take(Buffer.from(key).toString(), value, timestamp);
          offset = next;
        }
      }
    } finally {
      await reader.close();
    }
  }

  async #partitionsOf(topic: string): Promise<number> {
    const [described] = await this.#log.describe([topic]);
    if (described === undefined) throw new Error(`there is no topic ${topic}`);
    return described.bounds.length;
  }
}

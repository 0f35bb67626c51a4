/**
 * Captured packets from gateways: who may publish them is said by the operator, device by device. Layout, size and rate are checked
 * here, and nothing of what the packets are. A gateway sends again what was not answered, with the same number; who reads the
 * topic knows a repeat by that.
 */
import { type Clock, errorData, partitionForKey } from '../../engine/index.ts';
import { PACKET_BATCH_BYTES_MAX, PacketBatchView, vantageKey } from '../../schemas/network/index.ts';
import { type Outcome, type Refused, refusal } from './outcome.ts';
import type { BarredOf, FrameAppender } from './ports.ts';
import { type Rate, TokenBucket } from './token-bucket.ts';

export interface PacketDoorOptions {
  readonly topic: string;
  readonly partitions: number;
  readonly gateways: readonly string[];
  readonly appender: FrameAppender;
  readonly clock: Clock;
  readonly barredOf?: BarredOf;
  /** Bytes of each gateway. Default PACKET_BYTES_RATE. */
  readonly rate?: Rate;
}

export const PACKET_BYTES_RATE: Rate = { perSecond: 64 * 1024 * 1024, burst: 128 * 1024 * 1024 };
export const LANES_MAX = 256;
const IN_FLIGHT_BYTES_MAX = 32 * 1024 * 1024;

export class PacketDoor {
  readonly #options: PacketDoorOptions;
  readonly #buckets: ReadonlyMap<string, TokenBucket>;
  readonly #keys = new Map<string, Uint8Array>();
  readonly #batch = new PacketBatchView();
  #inFlightBytes = 0;

  constructor(options: PacketDoorOptions) {
    this.#options = options;
    const { gateways, rate = PACKET_BYTES_RATE, clock } = options;
    this.#buckets = new Map(gateways.map((gateway) => [gateway, new TokenBucket(rate, clock.monotonic())]));
  }

  /** Resolves once the batch is durable or refused; never rejects. `body` becomes the log's. */
  async take(deviceId: string, lane: number, body: Uint8Array): Promise<Outcome> {
    const refused = this.#admit(deviceId, lane, body);
    if (refused !== undefined) return refused;
    const { topic, partitions, appender, clock } = this.#options;
    const key = this.#keyOf(deviceId, lane);
    const partition = partitionForKey(key, 0, key.length, partitions);
    this.#inFlightBytes += body.length;
    try {
      return { isAccepted: true, partition, offset: await appender.append(topic, partition, clock.now(), key, body) };
    } catch (thrown) {
      const { code } = errorData(thrown);
      if (code === 'QUOTA_EXCEEDED')
        return refusal(code, 'the log is full of packets that have not been read yet', { retryAfterMs: 5000 });
      return refusal(code === 'CLOSED' ? code : 'DEPENDENCY_DOWN', 'the packets could not be stored', {
        retryAfterMs: 1000,
      });
    } finally {
      this.#inFlightBytes -= body.length;
    }
  }

  #admit(deviceId: string, lane: number, body: Uint8Array): Refused | undefined {
    const { barredOf, clock } = this.#options;
    const bucket = this.#buckets.get(deviceId);
    if (bucket === undefined)
      return refusal('TOPIC_REFUSED', 'the device is no gateway that may publish packets (ids.gateways)');
    const barred = barredOf?.(deviceId) ?? null;
    if (barred === 'revoked') return refusal('DEVICE_REVOKED', 'the device has been revoked');
    if (barred !== null)
      return refusal('ATTESTATION_REQUIRED', 'the gateway is in quarantine until it proves itself', {
        retryAfterMs: 10_000,
      });
    if (!Number.isInteger(lane) || lane < 0 || lane >= LANES_MAX)
      return refusal('REQUEST_INVALID', `lanes are numbers from 0 to ${LANES_MAX - 1}`, { field: 'lane' });
    if (body.length > PACKET_BATCH_BYTES_MAX)
      return refusal(
        'FRAME_TOO_LARGE',
        `the batch has ${body.length} bytes, at most ${PACKET_BATCH_BYTES_MAX} are accepted`,
      );
    try {
      this.#batch.open(body, 0, body.length);
    } catch (thrown) {
      const { code, message, ...place } = errorData(thrown);
      return refusal(code, message, place);
    }
    if (this.#inFlightBytes + body.length > IN_FLIGHT_BYTES_MAX)
      return refusal('INTAKE_BUSY', 'more packets arrive than the log can take', { retryAfterMs: 1000 });
    const nowMs = clock.monotonic();
    if (bucket.tryTake(nowMs, body.length)) return undefined;
    const { perSecond } = this.#options.rate ?? PACKET_BYTES_RATE;
    const message = `more than ${perSecond} bytes of packets a second from the gateway`;
    return refusal('RATE_LIMITED', message, { retryAfterMs: bucket.waitMs(nowMs, body.length) });
  }

  #keyOf(deviceId: string, lane: number): Uint8Array {
    const name = vantageKey(deviceId, lane);
    let key = this.#keys.get(name);
    if (key === undefined) {
      key = Buffer.from(name);
      this.#keys.set(name, key);
    }
    return key;
  }
}

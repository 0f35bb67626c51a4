/**
 * Packets of one capture on their way to network.packets: spread over lanes by their addresses, so that both directions of a flow and all
 * fragments of a datagram go one way, put into batches, and sent in their order. What waits is bounded: a packet that finds no
 * room is lost, and counted in the next batch of its lane. A batch that was refused for now is sent again, with its number, until it
 * is taken; who takes it knows a repeat by that.
 */
import { type CapturedPacket, laneOf } from '../../actors/detect/index.ts';
import { type Clock, ERROR_TABLE, errorData, pause, type Random } from '../../engine/index.ts';
import { PACKET_BATCH_BYTES_MAX, PacketBatchWriter } from '../../schemas/network/index.ts';

/** Takes a whole batch of a lane; resolves once it is durable. */
export type SendBatch = (lane: number, batch: Uint8Array) => Promise<void>;

export interface PublisherOptions {
  readonly lanes: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly send: SendBatch;
  /** A batch is sent once it has so many bytes, or has waited so long. */
  readonly batchBytes?: number;
  readonly lingerMs?: number;
  /** Of whole batches that wait, all lanes together. */
  readonly queueBytesMax?: number;
  /** How often a lane without packets tells that time goes on; null for what is no live capture. */
  readonly heartbeatMs?: number | null;
  /** Told of a batch that cannot be taken ever: its packets are lost. */
  readonly onLost?: (error: unknown) => void;
}

export interface PublisherCounts {
  packets: number;
  bytes: number;
  batches: number;
  /** Packets without room, or of batches that were refused for good. */
  dropped: number;
  /** Batches that were sent again. */
  repeated: number;
}

const BATCH_BYTES = 64 * 1024;
const LINGER_MS = 100;
const QUEUE_BYTES_MAX = 32 * 1024 * 1024;
const HEARTBEAT_MS = 1_000;
/** A packet may be so long on its way from the kernel: time that is told without packets must not pass it. */
const LAG_MS = 5_000;
const RETRY_MS_MIN = 100;
const RETRY_MS_MAX = 5_000;

interface Waiting {
  readonly bytes: Uint8Array;
  readonly packets: number;
}

class Lane {
  readonly index: number;
  readonly writer: PacketBatchWriter;
  readonly waiting: Waiting[] = [];
  sequence = 0;
  dropped = 0;
  /** Of the first packet in the open batch, or the last batch. */
  since = 0;
  isSending = false;

  constructor(index: number, writer: PacketBatchWriter) {
    this.index = index;
    this.writer = writer;
  }
}

export class PacketPublisher {
  readonly counts: PublisherCounts = { packets: 0, bytes: 0, batches: 0, dropped: 0, repeated: 0 };
  readonly #options: PublisherOptions;
  readonly #lanes: readonly Lane[];
  readonly #stopping = new AbortController();
  readonly #batchBytes: number;
  readonly #lingerMs: number;
  readonly #queueBytesMax: number;
  readonly #heartbeatMs: number | null;
  /** Of the packets. */
  #lastUs = 0;
  #timer: { cancel(): void };
  #queuedBytes = 0;
  readonly #idle: (() => void)[] = [];
  readonly #room: (() => void)[] = [];

  constructor(options: PublisherOptions) {
    this.#options = options;
    const { lanes, random, clock } = options;
    this.#batchBytes = Math.min(options.batchBytes ?? BATCH_BYTES, PACKET_BATCH_BYTES_MAX);
    this.#lingerMs = options.lingerMs ?? LINGER_MS;
    this.#queueBytesMax = options.queueBytesMax ?? QUEUE_BYTES_MAX;
    this.#heartbeatMs = options.heartbeatMs === undefined ? HEARTBEAT_MS : options.heartbeatMs;
    const session = { high: random.u32(), low: random.u32() };
    this.#lanes = Array.from({ length: lanes }, (_, index) => new Lane(index, new PacketBatchWriter(session)));
    for (const lane of this.#lanes) lane.since = clock.monotonic();
    this.#timer = clock.after(this.#lingerMs, () => this.#tick());
  }

  /** Copies the packet. False where there was no room, and it is lost. */
  take(packet: CapturedPacket): boolean {
    const lane = this.#lanes[this.#lanes.length === 1 ? 0 : laneOf(packet, this.#lanes.length)]!;
    const length = packet.end - packet.start;
    if (packet.timeUs > this.#lastUs) this.#lastUs = packet.timeUs;
    if (this.#queuedBytes + lane.writer.byteLength + length > this.#queueBytesMax) {
      lane.dropped += 1;
      this.counts.dropped += 1;
      return false;
    }
    if (!this.#add(lane, packet)) {
      this.#finish(lane);
      this.#add(lane, packet);
    }
    this.counts.packets += 1;
    this.counts.bytes += length;
    if (lane.writer.byteLength >= this.#batchBytes) this.#finish(lane);
    return true;
  }

  /** Half of what may wait has gone: for who reads a file, which can wait. */
  async whenRoom(): Promise<void> {
    while (this.#queuedBytes * 2 > this.#queueBytesMax && !this.#stopping.signal.aborted)
      await new Promise<void>((resolve) => this.#room.push(resolve));
  }

  /** Sends what there is, for `waitMs` at most; what is left then is lost, and counted. */
  async close(waitMs: number): Promise<void> {
    this.#timer.cancel();
    for (const lane of this.#lanes) if (lane.writer.packets > 0 || lane.dropped > 0) this.#finish(lane);
    const late = this.#options.clock.after(waitMs, () => this.#stop());
    while (this.#lanes.some(({ isSending }) => isSending))
      await new Promise<void>((resolve) => this.#idle.push(resolve));
    late.cancel();
    this.#stop();
  }

  #stop(): void {
    this.#stopping.abort();
    for (const { waiting } of this.#lanes) for (const { packets } of waiting.splice(0)) this.counts.dropped += packets;
    this.#wake(this.#room);
  }

  #add(lane: Lane, { bytes, start, end, wireLength, linkType, timeUs }: CapturedPacket): boolean {
    if (lane.writer.packets === 0) lane.since = this.#options.clock.monotonic();
    return lane.writer.add(bytes, start, end, wireLength, linkType, timeUs);
  }

  #tick(): void {
    const { clock } = this.#options;
    const now = clock.monotonic();
    for (const lane of this.#lanes) {
      const isOpen = lane.writer.packets > 0;
      const due = isOpen ? this.#lingerMs : (this.#heartbeatMs ?? Number.POSITIVE_INFINITY);
      // A lane that waits for an answer needs no word of its time.
      if (now - lane.since >= due && (isOpen || lane.waiting.length === 0)) this.#finish(lane);
    }
    this.#timer = clock.after(this.#lingerMs, () => this.#tick());
  }

  #finish(lane: Lane): void {
    const { clock } = this.#options;
    const { packets } = lane.writer;
    lane.sequence += 1;
    const timeUs = this.#heartbeatMs === null ? this.#lastUs : Math.max(this.#lastUs, (clock.now() - LAG_MS) * 1000);
    const bytes = lane.writer.finish(lane.sequence, lane.dropped, Math.floor(timeUs));
    lane.dropped = 0;
    lane.since = clock.monotonic();
    lane.waiting.push({ bytes, packets });
    this.#queuedBytes += bytes.length;
    if (!lane.isSending) void this.#send(lane);
  }

  /** One after the other. */
  async #send(lane: Lane): Promise<void> {
    lane.isSending = true;
    for (let next = lane.waiting[0]; next !== undefined; next = lane.waiting[0]) {
      await this.#sendOne(lane, next);
      if (lane.waiting[0] === next) lane.waiting.shift();
      this.#queuedBytes -= next.bytes.length;
      if (this.#queuedBytes * 2 <= this.#queueBytesMax) this.#wake(this.#room);
    }
    lane.isSending = false;
    this.#wake(this.#idle);
  }

  async #sendOne(lane: Lane, { bytes, packets }: Waiting): Promise<void> {
    const { send, clock, onLost } = this.#options;
    const { signal } = this.#stopping;
    for (let waitMs = RETRY_MS_MIN; !signal.aborted; waitMs = Math.min(2 * waitMs, RETRY_MS_MAX)) {
      try {
        await send(lane.index, bytes);
        this.counts.batches += 1;
        return;
      } catch (thrown) {
        const { kind } = ERROR_TABLE[errorData(thrown).code];
        if (kind !== 'operating') {
          this.counts.dropped += packets;
          lane.dropped += packets;
          onLost?.(thrown);
          return;
        }
        this.counts.repeated += 1;
        await pause(clock, waitMs, signal);
      }
    }
  }

  #wake(waiting: (() => void)[]): void {
    for (const run of waiting.splice(0)) run();
  }
}

/**
 * Frames of so many keys as are wanted, each key once in every pass, in an order that jumps about; what they measured is
 * a function of key and pass, so that what must come of them can be told without keeping anything, also for ten million.
 */
import { type Append, BatchEncoder, type Log, partitionForKey } from '../../../engine/index.ts';

const FRAMES_TOPIC = 'bench.frames';
export const WINDOW_MS = 60_000;
export const GRACE_MS = 10_000;
const BATCH_BYTES = 128 * 1024;
const COMMIT_BYTES = 8 * 1024 * 1024;
const CHECK_FRAMES = 4096;
const FRAME_BYTES = 31;
const AT_SEQUENCE = 3;
const AT_IMEI = 7;
const AT_MEASURES = 23;
/** EnMon's quantities: battery mV, noise dB, temperature °C × 10, humidity % × 10. */
const LEAST = [2_800, 35, -50, 200] as const;
const SPAN = [1_400, 60, 400, 750] as const;
export const QUANTITIES = LEAST.length;
/** Has no factor in common with a power of ten. */
const STRIDE = 387_420_489;
const KEY_DIGITS = 8;
const KEY_NAME = 'enmon-';
export const CLOSING_KEY = 'closing';
const CLOSING_AHEAD_MS = 5 * WINDOW_MS;

export interface EvenFrames {
  readonly topic: string;
  readonly keys: number;
  readonly passes: number;
  readonly partitions: number;
  /** Of event time: how often a device sends; a whole part of a window. */
  readonly passMs: number;
  /** The start of a window. */
  readonly startMs: number;
}

/** So that the last pass lies an hour back, and no broker takes its time for a wrong one. */
export function evenFrames(
  keys: number,
  passes: number,
  partitions: number,
  passMs: number,
  topic: string = FRAMES_TOPIC,
): EvenFrames {
  const startMs = Math.floor((Date.now() - passes * passMs) / WINDOW_MS - 60) * WINDOW_MS;
  return { topic, keys, passes, partitions, passMs, startMs };
}

export async function fillEvenly(log: Log, frames: EvenFrames): Promise<void> {
  const { topic, keys, passes, partitions, passMs, startMs } = frames;
  await log.createTopics([{ name: topic, partitions, cleanup: 'delete' }]);
  const encoders = Array.from({ length: partitions }, () => new BatchEncoder({ batchBytesMax: BATCH_BYTES }));
  const flush = () =>
    appendEach(
      log,
      encoders.map((encoder, partition) => ({ topic, partition, bytes: encoder.finish() })),
    );
  const key = new TextEncoder().encode(`${KEY_NAME}${'0'.repeat(KEY_DIGITS)}`);
  const payload = framePayload();
  const view = new DataView(payload.buffer);
  let appended = 0;
  for (let pass = 0; pass < passes; pass++) {
    view.setUint32(AT_SEQUENCE, pass + 1);
    for (let i = 0; i < keys; i++) {
      const device = (i * STRIDE) % keys;
      writeDigits(key, device);
      for (let quantity = 0; quantity < QUANTITIES; quantity++)
        view.setInt16(AT_MEASURES + 2 * quantity, measured(device, pass, quantity));
      const timestamp = startMs + pass * passMs + Math.floor((i * passMs) / keys);
      const partition = partitionForKey(key, 0, key.length, partitions);
      encoders[partition]!.append(timestamp, key, 0, key.length, payload, 0, FRAME_BYTES);
      if (++appended % CHECK_FRAMES === 0 && encoders.reduce((sum, one) => sum + one.byteLength, 0) > COMMIT_BYTES)
        await flush();
    }
  }
  await flush();
}

/** One more frame in each partition, far ahead: every window before it is told, its own stays open. */
export async function closeWindows(
  log: Log,
  { topic, partitions, startMs, passes, passMs }: EvenFrames,
): Promise<void> {
  const key = new TextEncoder().encode(CLOSING_KEY);
  const payload = framePayload();
  new DataView(payload.buffer).setInt16(AT_MEASURES, LEAST[0]);
  const encoder = new BatchEncoder();
  const appends = Array.from({ length: partitions }, (_, partition) => {
    encoder.append(startMs + passes * passMs + CLOSING_AHEAD_MS, key, 0, key.length, payload, 0, FRAME_BYTES);
    return { topic, partition, bytes: encoder.finish() };
  });
  await appendEach(log, appends);
}

/** Each by itself: one transaction over all would leave its markers between the frames. */
async function appendEach(log: Log, appends: readonly Append[]): Promise<void> {
  await Promise.all(appends.filter(({ bytes }) => bytes.length > 0).map((append) => log.commit({ appends: [append] })));
}

/** A whole number within the quantity's limits. */
export function measured(device: number, pass: number, quantity: number): number {
  let h = Math.imul(device + 1, 0x9e3779b1) ^ Math.imul(pass * QUANTITIES + quantity + 1, 0x85ebca77);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  return LEAST[quantity]! + (((h ^ (h >>> 13)) >>> 0) % SPAN[quantity]!);
}

/** Number of windows that hold something. */
export function windowsOf({ passes, passMs }: EvenFrames): number {
  return Math.ceil((passes * passMs) / WINDOW_MS);
}

export function passesIn({ passes, passMs }: EvenFrames, window: number): readonly [number, number] {
  const passesPerWindow = Math.round(WINDOW_MS / passMs);
  return [window * passesPerWindow, Math.min(passes, (window + 1) * passesPerWindow)];
}

export function deviceOf(key: string): number {
  return Number(key.slice(KEY_NAME.length));
}

function writeDigits(key: Uint8Array, device: number): void {
  let rest = device;
  for (let at = key.length - 1; at >= KEY_NAME.length; at--) {
    const tenth = Math.floor(rest / 10);
    key[at] = 0x30 + rest - tenth * 10;
    rest = tenth;
  }
}

function framePayload(): Uint8Array<ArrayBuffer> {
  const payload = new Uint8Array(FRAME_BYTES);
  payload.set([0x01, 0x00, 0x1c]);
  payload.set(new TextEncoder().encode('867723030000000'), AT_IMEI);
  return payload;
}

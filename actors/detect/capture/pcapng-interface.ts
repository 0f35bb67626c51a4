/** An interface of a pcapng section: what its packets are, and in which units its clock counts. */
import { u16, u32 } from './integers.ts';

export interface CaptureInterface {
  readonly linkType: number;
  readonly snapLength: number;
  /** Units of the clock in a second. */
  readonly unitsPerSecond: bigint;
  /** Seconds that are added to each time. */
  readonly offsetSeconds: bigint;
}

const OPTION_END = 0;
const OPTION_TIME_RESOLUTION = 9;
const OPTION_TIME_OFFSET = 14;
const MICROSECONDS = 1_000_000n;

/** Options that are cut off, or that say what cannot be, leave what holds without them. */
export function readInterface(bytes: Uint8Array, start: number, end: number, isBig: boolean): CaptureInterface {
  let unitsPerSecond = MICROSECONDS;
  let offsetSeconds = 0n;
  let at = start + 8;
  while (at + 4 <= end) {
    const code = u16(bytes, at, isBig);
    const length = u16(bytes, at + 2, isBig);
    const value = at + 4;
    if (code === OPTION_END || value + length > end) break;
    if (code === OPTION_TIME_RESOLUTION && length >= 1) unitsPerSecond = unitsOf(bytes[value]!);
    if (code === OPTION_TIME_OFFSET && length >= 8) offsetSeconds = seconds(bytes, value, isBig);
    at = value + ((length + 3) & ~3);
  }
  return {
    linkType: u16(bytes, start, isBig),
    snapLength: u32(bytes, start + 4, isBig),
    unitsPerSecond,
    offsetSeconds,
  };
}

/** The highest bit says whether the other seven are a power of two or of ten. */
function unitsOf(resolution: number): bigint {
  const exponent = BigInt(resolution & 0x7f);
  return (resolution & 0x80) === 0 ? 10n ** exponent : 1n << exponent;
}

function seconds(bytes: Uint8Array, at: number, isBig: boolean): bigint {
  const first = BigInt(u32(bytes, at, isBig));
  const second = BigInt(u32(bytes, at + 4, isBig));
  return BigInt.asIntN(64, isBig ? (first << 32n) | second : (second << 32n) | first);
}

/** Microseconds since 1970. Microseconds fit a double, and are what nearly every file has. */
export function timeUsOf(from: CaptureInterface, high: number, low: number): number {
  if (from.unitsPerSecond === MICROSECONDS && from.offsetSeconds === 0n) return high * 4_294_967_296 + low;
  const units = (BigInt(high) << 32n) | BigInt(low);
  return Number((units * MICROSECONDS) / from.unitsPerSecond + from.offsetSeconds * MICROSECONDS);
}

/**
 * Durations and sizes as people write them (10s, 64KiB). A number without a unit is refused: it is the unit that goes
 * wrong, never the number.
 */

const DURATION_MS: Record<string, number> = { ms: 1, s: 1_000, min: 60_000, h: 3_600_000, d: 86_400_000 };
const SIZE_BYTES: Record<string, number> = {
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

export const DURATION_UNITS: readonly string[] = Object.keys(DURATION_MS);
export const SIZE_UNITS: readonly string[] = Object.keys(SIZE_BYTES);

function parse(text: string, units: Record<string, number>): number | null {
  const match = /^(\d{1,12}(?:\.\d{1,6})?) ?([A-Za-z]{1,3})$/.exec(text);
  const factor = match === null ? undefined : Object.hasOwn(units, match[2]!) ? units[match[2]!] : undefined;
  if (match === null || factor === undefined) return null;
  const value = Math.round(Number(match[1]) * factor);
  return Number.isSafeInteger(value) ? value : null;
}

/** Milliseconds of `90s`, `1.5h`, `7d`; null where it is no duration. */
export const parseDuration = (text: string): number | null => parse(text, DURATION_MS);

/** Bytes of `64KiB`, `2GB`; null where it is no size. */
export const parseSize = (text: string): number | null => parse(text, SIZE_BYTES);

/** `host:port`, an IPv6 address in brackets. */
export function isAddress(text: string): boolean {
  const match = /^(?:\[[0-9a-fA-F:.]{2,45}\]|[A-Za-z0-9._-]{1,253}):(\d{1,5})$/.exec(text);
  return match !== null && Number(match[1]) >= 1 && Number(match[1]) <= 65_535;
}

/** An IPv4 or IPv6 network, `10.1.0.0/16`. */
export function isCidr(text: string): boolean {
  const match = /^([0-9a-fA-F.:]{2,45})\/(\d{1,3})$/.exec(text);
  if (match === null) return false;
  const [, address, bits] = match as unknown as [string, string, string];
  if (address.includes(':')) return Number(bits) <= 128 && /^[0-9a-fA-F:.]+$/.test(address) && isIpv6(address);
  const bytes = address.split('.');
  return (
    Number(bits) <= 32 && bytes.length === 4 && bytes.every((byte) => /^\d{1,3}$/.test(byte) && Number(byte) <= 255)
  );
}

function isIpv6(address: string): boolean {
  const halves = address.split('::');
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  if (!groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return false;
  return halves.length === 2 ? groups.length < 8 : groups.length === 8;
}

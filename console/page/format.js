/** Numbers, sizes and times as people read them. Pure; the tests run it in Node. */

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const fixed = [0, 1, 2, 3].map(
  (digits) => new Intl.NumberFormat('en', { minimumFractionDigits: digits, maximumFractionDigits: digits }),
);
const MINUS = '\u2212';
const THIN = '\u202f';
const YEAR_DAYS = 365;

/** 1,234 below a hundred thousand, then 123 k, 1.23 M, 1.23 G. */
export function count(value) {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (size < 100_000) return whole.format(value);
  const [factor, unit] = size < 1e6 ? [1e3, 'k'] : size < 1e9 ? [1e6, 'M'] : [1e9, 'G'];
  return `${Number((value / factor).toPrecision(3))}${THIN}${unit}`;
}

/** A rate in one unit, so that eyes can compare: 0, 0.4, 12, 203, 12,400, 1.2 M. */
export function rate(value) {
  if (!Number.isFinite(value)) return '–';
  if (value === 0) return '0';
  return value < 9.95 ? fixed[1].format(value) : count(Math.round(value));
}

/** A measured value with a true minus; a missing one is a dash. */
export function measure(value, digits = 1) {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–';
  return fixed[Math.min(digits, 3)].format(value).replace('-', MINUS);
}

/** 0 B, 712 KiB, 1.4 GiB. */
export function bytes(value) {
  if (!Number.isFinite(value)) return '–';
  let size = value;
  for (const unit of ['B', 'KiB', 'MiB', 'GiB', 'TiB']) {
    if (size < 1000 || unit === 'TiB')
      return `${size < 10 && unit !== 'B' ? size.toFixed(1) : Math.round(size)}${THIN}${unit}`;
    size /= 1024;
  }
  return '–';
}

/** The largest two units: 4 s, 3 min, 2 h 05 min, 6 d 4 h, 10 y 137 d (of 365 days). */
export function duration(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds}${THIN}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}${THIN}min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours}${THIN}h ${String(minutes % 60).padStart(2, '0')}${THIN}min`;
  const days = Math.floor(hours / 24);
  if (days < YEAR_DAYS) return `${days}${THIN}d ${hours % 24}${THIN}h`;
  return `${Math.floor(days / YEAR_DAYS)}${THIN}y ${days % YEAR_DAYS}${THIN}d`;
}

/** How long ago; what lies ahead (a device's clock may be fast) is told as such. */
export function age(ms) {
  if (ms < -1500) return `in ${duration(-ms)}`;
  return ms < 1000 ? 'now' : duration(ms);
}

/** now, 3 s ago, in 4 s. */
export function ago(ms) {
  const told = age(ms);
  return ms < 1000 ? told : `${told} ago`;
}

const pad = (value, width = 2) => String(value).padStart(width, '0');

export function clockTime(ms, withSeconds = true) {
  const date = new Date(ms);
  return `${pad(date.getHours())}:${pad(date.getMinutes())}${withSeconds ? `:${pad(date.getSeconds())}` : ''}`;
}

/** ISO 8601 in UTC, for what is copied. */
export const isoTime = (ms) => new Date(ms).toISOString();

export const plural = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;

/** A device that has failed its kind of check reads better in words: CLOCK_SKEW → clock skew. */
export const reason = (code) => code.toLowerCase().replaceAll('_', ' ');

/** Rows of a hex dump: offset, bytes and characters. */
export function hexRows(hex, perRow = 16) {
  const all = hex.match(/../g) ?? [];
  const rows = [];
  for (let at = 0; at < all.length; at += perRow) {
    const part = all.slice(at, at + perRow);
    rows.push({
      offset: at,
      bytes: part,
      text: part.map((byte) => {
        const code = Number.parseInt(byte, 16);
        return code >= 0x20 && code < 0x7f ? String.fromCharCode(code) : '·';
      }),
    });
  }
  return rows;
}

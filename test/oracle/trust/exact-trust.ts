/**
 * Formulas (1) to (4) of the cookbook's chapter 1.8 as they stand there, in decimal numbers of 120 digits. Written from
 * the text, apart from the engine: it shares no code with what it judges, keeps every interaction, and is slow.
 */
const DIGITS = 120n;
const ONE = 10n ** DIGITS;

export interface PlainInteraction {
  readonly satisfaction: number;
  readonly weight: number;
  readonly timeMs: number;
}

/** A double is a whole number times a power of two: nothing is lost but what lies behind the last digit. */
function exact(value: number): bigint {
  if (value === 0) return 0n;
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, value);
  const raw = bits.getBigUint64(0);
  const field = Number((raw >> 52n) & 0x7ffn);
  const fraction = raw & 0xf_ffff_ffff_ffffn;
  const mantissa = field === 0 ? fraction : fraction | (1n << 52n);
  const power = BigInt(Math.max(field, 1) - 1075);
  const size = power >= 0n ? (mantissa << power) * ONE : (mantissa * ONE) >> -power;
  return raw >> 63n === 1n ? -size : size;
}

const times = (a: bigint, b: bigint): bigint => (a * b) / ONE;
const over = (a: bigint, b: bigint): bigint => (a * ONE) / b;

/** Newton's, from above. */
function root(value: bigint): bigint {
  if (value <= 0n) return 0n;
  const target = value * ONE;
  let guess = 1n << BigInt(2 * target.toString(16).length);
  for (;;) {
    const next = (guess + target / guess) / 2n;
    if (next >= guess) return guess;
    guess = next;
  }
}

/** 2^(-1/2^i), as far as a half-life of whole milliseconds can be halved. */
const HALVED = [ONE / 2n];
for (let i = 1; i <= 40; i++) HALVED.push(root(HALVED[i - 1]!));

/** 2^(-age/halfLife), where the half-life is a power of two in milliseconds. */
function fading(ageMs: number, halfLifeMs: number): bigint {
  const whole = Math.floor(ageMs / halfLifeMs);
  let result = ONE >> BigInt(whole);
  let rest = ageMs - whole * halfLifeMs;
  for (let i = 1, part = halfLifeMs / 2; rest > 0; i++, part /= 2) {
    if (rest < part) continue;
    result = times(result, HALVED[i]!);
    rest -= part;
  }
  return result;
}

const number = (value: bigint): number => Number(value / 10n ** (DIGITS - 30n)) / 1e30;

export function exactTrust(interactions: readonly PlainInteraction[], halfLifeMs: number) {
  const nowMs = Math.max(...interactions.map(({ timeMs }) => timeMs));
  let total = 0n;
  let first = 0n;
  let second = 0n;
  for (const { satisfaction, weight, timeMs } of interactions) {
    const s = exact(satisfaction);
    const wf = times(exact(weight), fading(nowMs - timeMs, halfLifeMs));
    total += wf;
    first += times(s, wf);
    second += times(times(s, s), wf);
  }
  const mean = over(first, total);
  const deviation = over(root(times(second, total) - times(first, first)), total);
  return { weight: number(total), mean: number(mean), deviation: number(deviation), trust: number(mean - deviation) };
}

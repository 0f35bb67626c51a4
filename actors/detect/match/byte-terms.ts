/**
 * byte_test, byte_jump, byte_extract and byte_math. Numbers are 64 bits wide without a sign, as in Suricata; those of up
 * to six bytes are handled as plain numbers, which hold them exactly.
 */

import type { NumberForm } from '../rules/rule.ts';
import { NumberReader } from './number-at.ts';
import type { ByteExtractStep, ByteJumpStep, ByteMathStep, ByteTestStep, Operand } from './steps.ts';
import type { ByteVariables } from './variables.ts';

/** What the functions answer where the term does not hold. */
export const FAILED = -1;

const BINARY_BYTES_MAX = 8;
const STRING_BYTES_MAX = 23;
const reader = new NumberReader();

/** A variable where a small number is meant: Suricata takes its lower 32 bits, with a sign. */
export function small(operand: Operand, variables: ByteVariables): number {
  return operand.slot === -1 ? operand.value : Number(BigInt.asIntN(32, variables[operand.slot]!));
}

function read(
  step: { readonly term: NumberForm; readonly bytes: Operand; readonly offset: Operand },
  buffer: Uint8Array,
  end: number,
  variables: ByteVariables,
  canBeAtEnd = false,
): boolean {
  const { term } = step;
  const asked = small(step.bytes, variables);
  // A variable of -1 is taken for the answer of a read that failed: Suricata goes on with zero, one byte back.
  const isFailure = asked === -1 && term.base === null;
  const bytes = isFailure ? 0 : asked;
  if (bytes < 0 || bytes > (term.base === null ? BINARY_BYTES_MAX : STRING_BYTES_MAX)) return false;
  const start = small(step.offset, variables) + (term.isRelative ? end : 0);
  if (!reader.read(buffer, term, start, bytes, canBeAtEnd)) return false;
  if (isFailure) reader.length = -1;
  return true;
}

/** The place where the next term counts from: it stays. */
export function byteTest(step: ByteTestStep, buffer: Uint8Array, end: number, variables: ByteVariables): number {
  if (!read(step, buffer, end, variables)) return FAILED;
  const { term } = step;
  const exact = typeof term.value === 'bigint' ? term.value : null;
  const isSmall = reader.isSmall && step.value.slot === -1 && exact === null;
  const holds = isSmall
    ? compareSmall(term.operator, masked(reader.small, term.bitmask), step.value.value)
    : compare(
        term.operator,
        maskedBig(reader.big, term.bitmask),
        exact ?? (step.value.slot === -1 ? BigInt(step.value.value) : variables[step.value.slot]!),
      );
  return holds === term.isNegated ? FAILED : end;
}

type Operator = ByteTestStep['term']['operator'];

function compareSmall(operator: Operator, found: number, value: number): boolean {
  switch (operator) {
    case '=':
      return found === value;
    case '<':
      return found < value;
    case '>':
      return found > value;
    case '<=':
      return found <= value;
    case '>=':
      return found >= value;
    case '^':
      return found !== value;
    case '&':
      if (found <= 0x7fff_ffff || value <= 0x7fff_ffff) return (found & value) !== 0;
      return (BigInt(found) & BigInt(value)) !== 0n;
  }
}

function compare(operator: Operator, found: bigint, value: bigint): boolean {
  switch (operator) {
    case '=':
      return found === value;
    case '<':
      return found < value;
    case '>':
      return found > value;
    case '<=':
      return found <= value;
    case '>=':
      return found >= value;
    case '^':
      return found !== value;
    case '&':
      return (found & value) !== 0n;
  }
}

/** The masked number, moved right by the zeros that the mask ends with. */
function masked(value: number, bitmask: number | null): number {
  return bitmask === null ? value : ((value & bitmask) >>> 0) >>> trailingZeros(bitmask);
}

function maskedBig(value: bigint, bitmask: number | null): bigint {
  return bitmask === null ? value : (value & BigInt(bitmask)) >> BigInt(trailingZeros(bitmask));
}

const trailingZeros = (bitmask: number): number => (bitmask === 0 ? 0 : 31 - Math.clz32(bitmask & -bitmask));

/** The place where it lands. One before the buffer is the buffer's start, one behind its end is none. */
export function byteJump(step: ByteJumpStep, buffer: Uint8Array, end: number, variables: ByteVariables): number {
  if (buffer.length === 0 || !read(step, buffer, end, variables, true)) return FAILED;
  const { term } = step;
  const after = reader.start + reader.length;
  const base = term.from === 'beginning' ? 0 : term.from === 'end' ? buffer.length : after;
  let to: number;
  if (reader.isSmall && reader.small <= 0xffff_ffff) {
    let value = masked(reader.small, term.bitmask) * term.multiplier;
    if (term.isAligned) value = Math.ceil(value / 4) * 4;
    to = base + value + term.postOffset;
  } else {
    let value = BigInt.asUintN(64, maskedBig(reader.big, term.bitmask) * BigInt(term.multiplier));
    if (term.isAligned) value = ((value + 3n) / 4n) * 4n;
    to = base + Number(BigInt.asIntN(64, value + BigInt(term.postOffset)));
  }
  return to > buffer.length ? FAILED : Math.max(0, to);
}

/** The place behind the number that was taken. */
export function byteExtract(step: ByteExtractStep, buffer: Uint8Array, end: number, variables: ByteVariables): number {
  if (buffer.length === 0 || !read(step, buffer, end, variables)) return FAILED;
  const { multiplier, align } = step.term;
  let value = reader.big * BigInt(multiplier);
  if (align !== 0 && value % BigInt(align) !== 0n) value += BigInt(align) - (value % BigInt(align));
  variables[step.slot] = value;
  return reader.start + reader.length;
}

export function byteMath(step: ByteMathStep, buffer: Uint8Array, end: number, variables: ByteVariables): number {
  if (small(step.bytes, variables) < 0 || !read(step, buffer, end, variables)) return FAILED;
  const { term } = step;
  const right = step.value.slot === -1 ? BigInt(step.value.value) : variables[step.value.slot]!;
  let value = reader.big;
  switch (term.operator) {
    case '+':
      value += right;
      break;
    case '-':
      value -= right;
      break;
    case '*':
      value *= right;
      break;
    case '/':
      if (right === 0n) return FAILED;
      value /= right;
      break;
    case '<<':
      value = right > 63n ? 0n : value << right;
      break;
    case '>>':
      value = right > 63n ? 0n : value >> right;
      break;
  }
  variables[step.slot] = maskedBig(BigInt.asUintN(64, value), term.bitmask);
  return reader.start + reader.length;
}

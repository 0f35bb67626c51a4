/** Parameters of header values: `name=value` or `name="value"`, between semicolons. */
import { isSpace, startsWithText } from './octets.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SEMICOLON = 0x3b;

export const dispositionName = (value: Uint8Array): Uint8Array | null => parameterOf(value, 'filename=');

/** `name` in lower case, with its equals sign. */
export function parameterOf(value: Uint8Array, name: string): Uint8Array | null {
  let start = 0;
  while (start < value.length && isSpace(value[start]!)) start += 1;
  let isQuoted = false;
  for (let at = start + 1; at <= value.length; at += 1) {
    const isEscaped = value[at - 1] === BACKSLASH;
    if (value[at] === QUOTE && !isEscaped) isQuoted = !isQuoted;
    if (at < value.length && (value[at] !== SEMICOLON || isEscaped || isQuoted)) continue;
    if (at === value.length && isQuoted) return null;
    if (at - start > name.length && startsWithText(value, start, name)) return unquoted(value, start + name.length, at);
    start = at + 1;
    while (start < value.length && isSpace(value[start]!)) start += 1;
    at = start;
  }
  return null;
}

function unquoted(value: Uint8Array, from: number, to: number): Uint8Array {
  const start = value[from] === QUOTE ? from + 1 : from;
  const end = to > start && value[to - 1] === QUOTE ? to - 1 : to;
  return value.subarray(start, end);
}

/** A class between brackets, as a set of bytes. */
import { addFolded, inverted, noBytes, POSIX } from './byte-sets.ts';
import { readEscape } from './escapes.ts';
import type { ByteSet } from './nodes.ts';
import { mistake, type PatternReader, refuse } from './pattern-reader.ts';

/** The reader stands behind the opening bracket. */
export function parseClass(reader: PatternReader, isFolded: boolean): ByteSet {
  if (reader.match(/\[:[<>]:\]\]|([:.=])[^\]]*\1\]/y) !== null)
    return refuse('a class that looks like the name of one');
  const isNegated = reader.take('^');
  const set = noBytes();
  // They are what they are, whatever the case.
  let properties: ByteSet | null = null;
  let isQuoted = false;
  for (let isFirst = true; ; isFirst = false) {
    const char = reader.next();
    if (isQuoted) {
      if (char === '\\' && reader.take('E')) isQuoted = false;
      else range(reader, set, char.charCodeAt(0), true);
      continue;
    }
    if (char === ']' && !isFirst) break;
    if (char === '[' && /[:.=]/.test(reader.peek())) {
      const posix = reader.match(/:(\^?)([a-z]+):\]/y);
      if (posix !== null) {
        addAll(set, named(posix[2]!), posix[1] === '^', isFolded);
        afterSet(reader);
        continue;
      }
      if (reader.match(/[.=][^\]]*[.=]\]/y) !== null) mistake('a collating element');
    }
    if (char !== '\\') {
      range(reader, set, char.charCodeAt(0), false);
      continue;
    }
    if (reader.take('Q')) isQuoted = true;
    else if (!reader.take('E')) {
      const escaped = readEscape(reader, true, 0);
      if (escaped.is === 'byte') range(reader, set, escaped.byte, false);
      else if (escaped.is === 'set' || escaped.is === 'property') {
        if (escaped.is === 'property') properties ??= noBytes();
        addAll(escaped.is === 'property' ? properties! : set, escaped.set, false, false);
        afterSet(reader);
      } else mistake('this escape in a class');
    }
  }
  if (isFolded) addFolded(set);
  if (properties !== null) addAll(set, properties, false, false);
  return isNegated ? inverted(set) : set;
}

const named = (name: string): ByteSet => POSIX[name] ?? mistake(`the class ${name} does not exist`);

function addAll(set: ByteSet, more: ByteSet, isNegated: boolean, isFolded: boolean): void {
  const added = Uint8Array.from(more);
  // Without regard to case, upper and lower are any letter, before they are negated.
  if (isFolded) addFolded(added);
  for (let byte = 0; byte < 256; byte += 1) if ((added[byte] === 1) !== isNegated) set[byte] = 1;
}

/** Behind a set a hyphen is itself at the end alone. */
function afterSet(reader: PatternReader): void {
  if (reader.peek() === '-' && reader.text[reader.at + 1] !== ']') mistake('a range that begins with a set');
}

/** One byte, or the range that it begins. */
function range(reader: PatternReader, set: ByteSet, low: number, isQuoted: boolean): void {
  const rest = reader.text.slice(reader.at, reader.at + 2);
  if (isQuoted || rest[0] !== '-' || rest[1] === ']' || rest.length < 2) {
    set[low] = 1;
    return;
  }
  reader.at += 1;
  const char = reader.next();
  let high = char.charCodeAt(0);
  if (char === '[' && /[:.=]/.test(reader.peek())) {
    if (reader.text.slice(reader.at).match(/^:\^?[a-z]+:\]/)) mistake('a range that ends with a set');
  }
  if (char === '\\') {
    if (reader.peek() === 'Q' || reader.peek() === 'E') refuse('a range up to a quotation');
    const escaped = readEscape(reader, true, 0);
    high = escaped.is === 'byte' ? escaped.byte : mistake('a range that ends with a set');
  }
  if (high < low) mistake('a range that goes down');
  for (let byte = low; byte <= high; byte += 1) set[byte] = 1;
}

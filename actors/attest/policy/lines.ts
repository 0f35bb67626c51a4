/**
 * The lines of a policy or of reference values, as words with their places: a statement is a line, `#` begins a comment.
 * Every mistake is kept with line and column, so that all of them can be mended at once.
 */
import { MsecError } from '../../../engine/index.ts';

export interface Word {
  readonly text: string;
  /** The first is 1. */
  readonly column: number;
}

const MISTAKES_MAX = 20;
const LINE_CHARS_MAX = 65_536;
/** What is shown of a word. */
const WORD_CHARS_MAX = 40;

/** Where reading a line stops at its first mistake; the mistake is kept already. */
export class LineMistake extends Error {}

export class Line {
  readonly number: number;
  readonly #words: readonly Word[];
  readonly #mistakes: Mistakes;
  readonly #endColumn: number;
  #at = 0;

  constructor(number: number, text: string, mistakes: Mistakes) {
    this.number = number;
    this.#mistakes = mistakes;
    const words: Word[] = [];
    for (const match of text.matchAll(/\S+/g)) {
      if (match[0].startsWith('#')) break;
      words.push({ text: match[0], column: match.index + 1 });
    }
    this.#words = words;
    this.#endColumn = text.length + 1;
  }

  get isEmpty(): boolean {
    return this.#words.length === 0;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#words.length;
  }

  /** The next word, which must be there. */
  word(wanted: string): Word {
    const word = this.#words[this.#at];
    if (word === undefined) return this.wrong(`${wanted} is missing`);
    this.#at += 1;
    return word;
  }

  /** Takes the next words if they are these. */
  takes(...texts: readonly string[]): boolean {
    if (!texts.every((text, i) => this.#words[this.#at + i]?.text === text)) return false;
    this.#at += texts.length;
    return true;
  }

  expect(...texts: readonly string[]): void {
    for (const text of texts) if (!this.takes(text)) this.wrong(`"${text}" is expected${this.#instead()}`);
  }

  end(): void {
    if (!this.isAtEnd) this.wrong(`nothing is expected here${this.#instead()}`);
  }

  /** One or more, with `or` between them. */
  alternatives<T>(read: () => T): T[] {
    const all = [read()];
    while (this.takes('or')) all.push(read());
    return all;
  }

  wrong(says: string, word: Word | undefined = this.#words[this.#at]): never {
    this.#mistakes.add(this.number, word?.column ?? this.#endColumn, says);
    throw new LineMistake(says);
  }

  #instead(): string {
    const word = this.#words[this.#at];
    return word === undefined ? '' : `, not "${shown(word.text)}"`;
  }
}

export function shown(text: string): string {
  const clean = text.replace(/[^\x20-\x7e]/g, '?');
  return clean.length > WORD_CHARS_MAX ? `${clean.slice(0, WORD_CHARS_MAX)}…` : clean;
}

export class Mistakes {
  readonly #file: string;
  readonly #list: string[] = [];

  constructor(file: string) {
    this.#file = file;
  }

  get isFull(): boolean {
    return this.#list.length >= MISTAKES_MAX;
  }

  add(line: number, column: number, says: string): void {
    this.#list.push(`${this.#file}:${line}:${column}: ${says}`);
  }

  /** Throws POLICY_INVALID with one line for each mistake. */
  finish(): void {
    if (this.#list.length > 0) throw new MsecError('POLICY_INVALID', this.#list.join('\n'));
  }
}

/** Hands each line that holds a statement to `read`, until there are enough mistakes. */
export function readLines(bytes: Uint8Array, bytesMax: number, mistakes: Mistakes, read: (line: Line) => void): void {
  if (bytes.length > bytesMax) {
    mistakes.add(1, 1, `the file has ${bytes.length} bytes, at most ${bytesMax} are allowed`);
    return;
  }
  const lines = decode(bytes, mistakes)?.split(/\r?\n/) ?? [];
  for (const [i, text] of lines.entries()) {
    if (mistakes.isFull) return;
    if (text.length > LINE_CHARS_MAX) {
      mistakes.add(i + 1, LINE_CHARS_MAX, `a line has at most ${LINE_CHARS_MAX} characters`);
      continue;
    }
    const line = new Line(i + 1, text, mistakes);
    if (line.isEmpty) continue;
    try {
      read(line);
    } catch (thrown) {
      if (!(thrown instanceof LineMistake)) throw thrown;
    }
  }
}

function decode(bytes: Uint8Array, mistakes: Mistakes): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    mistakes.add(1, 1, 'the file is not UTF-8');
    return undefined;
  }
}

/** A rule's text cut into the seven words of its header and its options. Nothing is understood yet. */
import { shown, wrong } from './rule-mistake.ts';

export interface Word {
  readonly text: string;
  readonly at: number;
}

export interface OptionText {
  readonly name: string;
  /** Without the semicolon; null: the option has no colon. */
  readonly value: string | null;
  readonly at: number;
}

export interface SplitRule {
  readonly action: Word;
  readonly protocol: Word;
  readonly source: Word;
  readonly sourcePorts: Word;
  readonly direction: Word;
  readonly destination: Word;
  readonly destinationPorts: Word;
  readonly options: readonly OptionText[];
}

const HEADER = ['action', 'protocol', 'address', 'port', 'direction', 'address', 'port'] as const;

export function splitRule(text: string): SplitRule {
  const words: Word[] = [];
  let at = 0;
  for (const part of HEADER) {
    at = skipBlanks(text, at);
    const word = { text: text.slice(at, wordEnd(text, at, part)), at };
    if (word.text === '') wrong(part, `the ${part} is missing`, at);
    words.push(word);
    at += word.text.length;
  }
  const [action, protocol, source, sourcePorts, direction, destination, destinationPorts] = words as Seven;
  const options = splitOptions(text, skipBlanks(text, at));
  return { action, protocol, source, sourcePorts, direction, destination, destinationPorts, options };
}

type Seven = [Word, Word, Word, Word, Word, Word, Word];

function skipBlanks(text: string, from: number): number {
  let at = from;
  while (at < text.length && isBlank(text.charCodeAt(at))) at += 1;
  return at;
}

const isBlank = (code: number): boolean => code === 0x20 || (code >= 9 && code <= 13);

const [PARENTHESIS, BRACKET, BRACKET_END] = [0x28, 0x5b, 0x5d];

/** A list in brackets is one word with its blanks. */
function wordEnd(text: string, from: number, part: string): number {
  let depth = 0;
  let at = from;
  for (; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === BRACKET) depth += 1;
    if (code === BRACKET_END) depth -= 1;
    if (depth < 0) wrong(part, 'a bracket is closed that was not opened', at);
    if (depth === 0 && (isBlank(code) || code === PARENTHESIS)) break;
  }
  if (depth > 0) wrong(part, 'a bracket is not closed', from);
  return at;
}

function splitOptions(text: string, from: number): OptionText[] {
  if (text[from] !== '(') wrong('options', 'the options must stand in parentheses', from);
  if (!text.endsWith(')')) wrong('options', 'the closing parenthesis is missing', text.length);
  const end = text.length - 1;
  const options: OptionText[] = [];
  let at = skipBlanks(text, from + 1);
  while (at < end) {
    const semicolon = optionEnd(text, at, end);
    const colon = text.indexOf(':', at);
    const isBare = colon === -1 || colon >= semicolon;
    const name = text.slice(at, isBare ? semicolon : colon).trim();
    if (name === '') wrong('options', 'an option has no name', at);
    options.push({ name, value: isBare ? null : text.slice(colon + 1, semicolon).trim(), at });
    at = skipBlanks(text, semicolon + 1);
  }
  return options;
}

function optionEnd(text: string, from: number, end: number): number {
  let at = from;
  for (;;) {
    at = text.indexOf(';', at);
    if (at === -1 || at >= end) return wrong('options', `no semicolon ends "${shown(text.slice(from, end))}"`, from);
    if (text[at - 1] !== '\\') return at;
    at += 1;
  }
}

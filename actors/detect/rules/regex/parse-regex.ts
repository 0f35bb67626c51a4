/**
 * An expression of PCRE, read into nodes. What is read means exactly what PCRE2 makes of it (8 bits, C locale, newline is
 * LF); everything else is refused, so that no expression matches something else than its author meant.
 */
import { ALL, NOT_NEWLINE, VERTICAL } from './byte-sets.ts';
import { readEscape } from './escapes.ts';
import { type ByteSet, canBeEmpty, EMPTY, type Expression, fixedLength, type Node } from './nodes.ts';
import { parseClass } from './parse-class.ts';
import { mistake, PatternReader, refuse } from './pattern-reader.ts';

const DEPTH_MAX = 100;
const GROUPS_MAX = 1000;
const REPEAT_MAX = 65_535;
/** Nodes that repetitions are written out to. */
const SIZE_MAX = 20_000;

interface Options {
  i: boolean;
  m: boolean;
  s: boolean;
  x: boolean;
  n: boolean;
  U: boolean;
}

/** `flags`: those of the rule language. The pattern has one character a byte. */
export function parseRegex(pattern: string, flags: string): Expression {
  return new Parser(pattern, flags).parse();
}

class Parser {
  readonly #reader: PatternReader;
  readonly #names = new Map<string, number>();
  readonly #isEndOnly: boolean;
  readonly #isAnchored: boolean;
  #options: Options;
  #groups = 0;
  #depth = 0;
  #furthestBack = 0;

  constructor(pattern: string, flags: string) {
    this.#reader = new PatternReader(pattern);
    const has = (flag: string): boolean => flags.includes(flag);
    this.#options = { i: has('i'), m: has('m'), s: has('s'), x: has('x'), n: false, U: has('G') };
    this.#isEndOnly = has('E');
    this.#isAnchored = has('A');
  }

  parse(): Expression {
    if (this.#reader.text.startsWith('(*')) refuse('a verb');
    const node = this.#choice();
    if (!this.#reader.isAtEnd) mistake('a parenthesis too many');
    if (this.#furthestBack > this.#groups) mistake('a reference to a group that does not exist');
    if (sizeOf(node) > SIZE_MAX) refuse('it is too large');
    return { node, captures: this.#groups, isAnchored: this.#isAnchored };
  }

  /** Alternatives up to a closing parenthesis or the end. Options that are set inside end here. */
  #choice(isReset = false): Node {
    const nodes = this.#branches(isReset);
    return nodes.length === 1 ? nodes[0]! : { kind: 'choice', nodes };
  }

  #branches(isReset = false): readonly Node[] {
    this.#depth += 1;
    if (this.#depth > DEPTH_MAX) refuse('it is nested too deeply');
    const before = this.#options;
    const first = this.#groups;
    let most = first;
    const nodes = [this.#sequence()];
    while (this.#reader.take('|')) {
      most = Math.max(most, this.#groups);
      if (isReset) this.#groups = first;
      nodes.push(this.#sequence());
    }
    this.#groups = Math.max(most, this.#groups);
    this.#options = before;
    this.#depth -= 1;
    return nodes;
  }

  #sequence(): Node {
    const reader = this.#reader;
    const nodes: Node[] = [];
    while (!reader.isAtEnd && reader.peek() !== '|' && reader.peek() !== ')') {
      if (this.#skip()) continue;
      if (reader.take('\\Q')) {
        this.#quoted(nodes);
        continue;
      }
      if (reader.take('\\E')) continue;
      const node = this.#atom();
      if (node !== null) nodes.push(this.#repeated(node));
    }
    return nodes.length === 1 ? nodes[0]! : { kind: 'sequence', nodes };
  }

  /** White space and comments, where they mean nothing. */
  #skip(): boolean {
    const reader = this.#reader;
    if (reader.peek() === '(' && reader.text.startsWith('(?#', reader.at))
      return reader.match(/\(\?#[^)]*\)/y) !== null || mistake('a comment without end');
    return this.#options.x && reader.match(/[\t-\r ]+|#[^\n]*\n?/y) !== null;
  }

  #quoted(nodes: Node[]): void {
    const reader = this.#reader;
    const end = reader.text.indexOf('\\E', reader.at);
    const text = reader.text.slice(reader.at, end === -1 ? undefined : end);
    reader.at = end === -1 ? reader.text.length : end + 2;
    for (const [i, char] of [...text].entries()) {
      const node = this.#byte(char.charCodeAt(0));
      nodes.push(i === text.length - 1 ? this.#repeated(node) : node);
    }
  }

  #byte(byte: number): Node {
    const isLetter = (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a);
    const isFolded = this.#options.i && isLetter;
    return { kind: 'byte', byte: isFolded ? byte | 0x20 : byte, isFolded };
  }

  /** null: it only changed options. */
  #atom(): Node | null {
    const reader = this.#reader;
    const char = reader.next();
    switch (char) {
      case '(':
        return this.#group();
      case '[':
        return { kind: 'set', set: parseClass(reader, this.#options.i) };
      case '.':
        return set(this.#options.s ? ALL : NOT_NEWLINE);
      case '^':
        return { kind: 'assert', what: this.#options.m ? 'lineStart' : 'subjectStart' };
      case '$':
        if (this.#options.m) return { kind: 'assert', what: 'lineEnd' };
        return { kind: 'assert', what: this.#isEndOnly ? 'subjectEnd' : 'endOrLastNewline' };
      case '\\':
        return this.#escape();
      case '*':
      case '+':
      case '?':
        return mistake(`nothing stands before ${char}`);
      case '{':
        reader.at -= 1;
        if (reader.match(/\{\d+(?:,\d*)?\}/y) !== null) return mistake('nothing stands before {');
        reader.at += 1;
        return this.#byte(0x7b);
      default:
        return this.#byte(char.charCodeAt(0));
    }
  }

  #escape(): Node {
    const escaped = readEscape(this.#reader, false, this.#groups);
    switch (escaped.is) {
      case 'byte':
        return this.#byte(escaped.byte);
      case 'set':
        return set(escaped.set);
      case 'property':
        // PCRE2 10.42 takes some of them for such as what follows cannot begin with, and gives nothing back.
        if (escaped.isNegated && this.#isRepeated()) refuse('a repeated property that must not be');
        return set(escaped.set);
      case 'assert':
        return { kind: 'assert', what: escaped.what };
      case 'newline': {
        const pair: Node = { kind: 'sequence', nodes: [this.#byte(13), this.#byte(10)] };
        return { kind: 'atomic', node: { kind: 'choice', nodes: [pair, set(VERTICAL)] } };
      }
      case 'keep':
        return { kind: 'keep' };
      case 'back':
        return this.#back(escaped.to);
    }
  }

  #isRepeated(): boolean {
    return this.#reader.match(/(?=(?:\s|\\E|\\Q\\E|\(\?#[^)]*\)|#[^\n]*\n)*[*+?{])/y) !== null;
  }

  #back(to: number | string): Node {
    const index = typeof to === 'number' ? to : this.#named(to);
    this.#furthestBack = Math.max(this.#furthestBack, index);
    return { kind: 'back', index, isFolded: this.#options.i };
  }

  #named(name: string): number {
    return this.#names.get(name) ?? refuse(`a reference to the group ${name} that was not opened before`);
  }

  #group(): Node | null {
    const reader = this.#reader;
    if (reader.peek() === '*') return refuse('a verb');
    if (!reader.take('?')) return this.#options.n ? this.#closed(this.#choice()) : this.#capture(null);
    if (reader.take(':')) return this.#closed(this.#choice());
    if (reader.take('>')) return { kind: 'atomic', node: this.#closed(this.#choice()) };
    if (reader.take('|')) return this.#closed(this.#choice(true));
    const look = reader.match(/<?[=!]/y);
    if (look !== null) return this.#look(look[0].startsWith('<'), look[0].endsWith('!'));
    const name = reader.match(/(?:P?<([A-Za-z_]\w{0,31})>|'([A-Za-z_]\w{0,31})')/y);
    if (name !== null) return this.#capture(name[1] ?? name[2]!);
    const back = reader.match(/P=([A-Za-z_]\w{0,31})\)/y);
    if (back !== null) return this.#back(back[1]!);
    if (reader.take('(')) return this.#condition();
    const options = reader.match(/(\^?)([imsnxU]*)(?:-([imsnxU]*))?([:)])/y);
    if (options === null) return refuse(`the group (?${reader.peek()}`);
    return this.#optionGroup(options);
  }

  #optionGroup([, caret, on, off, end]: readonly string[]): Node | null {
    if (on!.includes('xx')) refuse('the option xx');
    if (caret === '^' && off !== undefined) mistake('a hyphen behind (?^');
    const before = this.#options;
    const changed = { ...before, ...(caret === '^' ? { i: false, m: false, s: false, x: false, n: false } : {}) };
    for (const option of on!) changed[option as keyof Options] = true;
    for (const option of off ?? '') changed[option as keyof Options] = false;
    this.#options = changed;
    if (end === ')') return null;
    const node = this.#choice();
    this.#options = before;
    return this.#closed(node);
  }

  #closed(node: Node): Node {
    if (!this.#reader.take(')')) mistake('a parenthesis is not closed');
    return node;
  }

  #capture(name: string | null): Node {
    this.#groups += 1;
    if (this.#groups > GROUPS_MAX) refuse('it has too many groups');
    const index = this.#groups;
    if (name !== null) {
      // In branches that count anew a group may come again under its name.
      if ((this.#names.get(name) ?? index) !== index) mistake(`two groups with the name ${name}`);
      for (const [other, number] of this.#names)
        if (number === index && other !== name) mistake(`a group with the names ${other} and ${name}`);
      this.#names.set(name, index);
    }
    return { kind: 'capture', index, node: this.#closed(this.#choice()) };
  }

  #look(isBehind: boolean, isNegated: boolean): Node {
    const branches = this.#branches();
    this.#closed(EMPTY);
    if (branches.some(hasKeep)) mistake('\\K in an assertion');
    if (isBehind && branches.some((branch) => fixedLength(branch) === null)) mistake('a look behind without a length');
    return { kind: 'look', isBehind, isNegated, branches };
  }

  /** The reader stands behind `(?(`. */
  #condition(): Node {
    const reader = this.#reader;
    let test: number | Node;
    const group = reader.match(/(?:([+-]?)(\d+)|<([A-Za-z_]\w*)>|'([A-Za-z_]\w*)')\)/y);
    if (group !== null) {
      const name = group[3] ?? group[4];
      const number = Number(group[2]);
      if (group[1] === '+') refuse('a condition about a later group');
      test = name !== undefined ? this.#named(name) : group[1] === '-' ? this.#groups + 1 - number : number;
      if (test < 1) mistake('a condition about a group that does not exist');
      this.#furthestBack = Math.max(this.#furthestBack, test);
    } else {
      const look = reader.match(/\?<?[=!]/y) ?? refuse('a condition of this kind');
      test = this.#look(look[0].includes('<'), look[0].endsWith('!'));
    }
    const branches = this.#branches();
    this.#closed(EMPTY);
    if (branches.length > 2) mistake('a condition with more than two branches');
    const [yes, no] = [branches[0]!, branches[1] ?? EMPTY];
    if (typeof test === 'number') return { kind: 'condition', test, yes, no };
    if (test.kind !== 'look' || (test.isNegated && hasCapture(test))) return refuse('a condition that sets a group');
    // A look holds or does not, so that asking for its opposite is the other branch.
    const other: Node = { ...test, isNegated: !test.isNegated };
    return {
      kind: 'choice',
      nodes: [
        { kind: 'sequence', nodes: [test, yes] },
        { kind: 'sequence', nodes: [other, no] },
      ],
    };
  }

  #repeated(node: Node): Node {
    const reader = this.#reader;
    while (this.#skip());
    const found = reader.match(/[*+?]|\{(\d+)(,(\d*))?\}/y);
    if (found === null) return node;
    const [text, low, comma, high] = found;
    let min = text === '+' ? 1 : 0;
    let max = text === '?' ? 1 : Number.POSITIVE_INFINITY;
    if (low !== undefined) {
      min = Number(low);
      max = comma === undefined ? min : high === '' ? Number.POSITIVE_INFINITY : Number(high);
    }
    if (min > REPEAT_MAX || (Number.isFinite(max) && max > REPEAT_MAX)) mistake('a number that is too large');
    if (max < min) mistake('a repetition whose numbers are out of order');
    if (node.kind === 'assert' || node.kind === 'keep') refuse('a repetition of an assertion');
    if (node.kind === 'look') refuse('a repetition of an assertion');
    const suffix = reader.match(/[+?]/y)?.[0];
    const isLazy = (suffix === '?') !== this.#options.U;
    const mode = suffix === '+' ? 'possessive' : isLazy ? 'lazy' : 'greedy';
    const repeat: Node = { kind: 'repeat', node, min, max, mode };
    while (this.#skip());
    if (reader.match(/[*+?]|\{\d+(?:,\d*)?\}/y) !== null) mistake('a repetition of a repetition');
    if (max === Number.POSITIVE_INFINITY && node.kind === 'condition' && canBeEmpty(node))
      refuse('a condition without end');
    return repeat;
  }
}

const set = (bytes: ByteSet): Node => ({ kind: 'set', set: bytes });

function children(node: Node): readonly Node[] {
  switch (node.kind) {
    case 'sequence':
    case 'choice':
      return node.nodes;
    case 'repeat':
    case 'capture':
    case 'atomic':
      return [node.node];
    case 'look':
      return node.branches;
    case 'condition':
      return [node.yes, node.no];
    default:
      return [];
  }
}

const hasKeep = (node: Node): boolean => node.kind === 'keep' || children(node).some(hasKeep);
const hasCapture = (node: Node): boolean => node.kind === 'capture' || children(node).some(hasCapture);

/** Nodes, repetitions written out. */
function sizeOf(node: Node): number {
  const inner = children(node).reduce((sum, one) => sum + sizeOf(one), 1);
  if (node.kind !== 'repeat' || node.node.kind === 'byte' || node.node.kind === 'set') return inner;
  return inner * Math.max(1, Number.isFinite(node.max) ? node.max : node.min + 1);
}

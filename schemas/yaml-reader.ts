/**
 * Reads a YAML document against expectations and remembers the line of everything, so that each mistake is reported
 * with its place and all of them at once. Unknown keys are mistakes too: a misspelt limit must not pass silently.
 */
import { isMap, isNode, isScalar, isSeq, LineCounter, type Node, parseDocument, type YAMLMap } from 'yaml';
import { MsecError } from './base.ts';

export class YamlReader {
  readonly problems: string[] = [];
  readonly #file: string;
  readonly #lines = new LineCounter();

  constructor(file: string) {
    this.#file = file;
  }

  /** The document's root; reports syntax errors. Null when there is no mapping to read. */
  root(text: string): YamlTable | null {
    const document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false });
    for (const error of document.errors) this.#problem(error.pos[0], error.message);
    if (document.errors.length > 0) return null;
    if (isMap(document.contents)) return new YamlTable(this, document.contents, '');
    this.#problem(0, 'a mapping of keys to values is expected');
    return null;
  }

  report(node: unknown, path: string, message: string): void {
    const offset = isNode(node) ? (node.range?.[0] ?? 0) : 0;
    this.#problem(offset, path === '' ? message : `${path}: ${message}`);
  }

  /** Throws CONFIG_INVALID with every problem found so far, each with its line. */
  finish(): void {
    if (this.problems.length > 0) throw new MsecError('CONFIG_INVALID', this.problems.join('\n'));
  }

  #problem(offset: number, message: string): void {
    this.problems.push(`${this.#file}:${this.#lines.linePos(offset).line || 1}: ${message}`);
  }
}

/** One mapping; each read key is ticked off, and `close` reports the rest. */
export class YamlTable {
  readonly path: string;
  readonly node: YAMLMap;
  readonly #reader: YamlReader;
  readonly #seen = new Set<string>();

  constructor(reader: YamlReader, node: YAMLMap, path: string) {
    this.#reader = reader;
    this.node = node;
    this.path = path;
  }

  has(key: string): boolean {
    this.#seen.add(key);
    return this.node.has(key);
  }

  /** Reports a problem at the key, or at the table itself where the key is absent. */
  report(key: string, message: string): void {
    this.#reader.report(this.#at(key) ?? this.node, this.#pathOf(key), message);
  }

  text(key: string, rule: { pattern?: RegExp; says?: string; or?: string } = {}): string {
    const node = this.#at(key);
    if (node === null) return this.#absent(key, rule.or, '');
    const value = isScalar(node) ? node.value : undefined;
    if (typeof value !== 'string') this.report(key, 'a text is expected (quote it where YAML reads a number)');
    else if (rule.pattern !== undefined && !rule.pattern.test(value))
      this.report(key, rule.says ?? 'is not well formed');
    else return value.trimEnd();
    return rule.or ?? '';
  }

  number(key: string, rule: { min?: number; max?: number; integer?: boolean; or?: number } = {}): number {
    const node = this.#at(key);
    if (node === null) return this.#absent(key, rule.or, 0);
    const value = isScalar(node) ? node.value : undefined;
    const { min = -Number.MAX_VALUE, max = Number.MAX_VALUE } = rule;
    if (typeof value !== 'number') this.report(key, 'a number is expected');
    else if (rule.integer === true && !Number.isSafeInteger(value)) this.report(key, 'a whole number is expected');
    else if (!(value >= min && value <= max)) this.report(key, `must lie between ${min} and ${max}`);
    else return value;
    return rule.or ?? 0;
  }

  choice<T extends string>(key: string, choices: readonly T[], or?: T): T {
    const fallback = (or ?? choices[0]) as T;
    const node = this.#at(key);
    if (node === null) return this.#absent(key, or, fallback);
    const value = isScalar(node) ? node.value : undefined;
    const found = choices.find((choice) => choice === value);
    if (found === undefined) this.report(key, `must be one of ${choices.join(', ')}`);
    return found ?? fallback;
  }

  table(key: string): YamlTable | null {
    const node = this.#at(key);
    if (node === null) return null;
    if (isMap(node)) return new YamlTable(this.#reader, node, this.#pathOf(key));
    this.report(key, 'a mapping of keys to values is expected');
    return null;
  }

  tables(key: string): YamlTable[] {
    const node = this.#at(key);
    if (node === null) return [];
    if (!isSeq(node)) {
      this.report(key, 'a list is expected');
      return [];
    }
    const tables: YamlTable[] = [];
    for (const [index, item] of node.items.entries()) {
      const path = `${this.#pathOf(key)}[${index}]`;
      if (isMap(item)) tables.push(new YamlTable(this.#reader, item, path));
      else this.#reader.report(item, path, 'a mapping of keys to values is expected');
    }
    return tables;
  }

  /** A flat mapping of names to texts and numbers; empty where the key is absent. */
  values(key: string): Record<string, string | number> {
    const table = this.table(key);
    const values: Record<string, string | number> = {};
    for (const pair of table?.node.items ?? []) {
      const name = isScalar(pair.key) ? String(pair.key.value) : '?';
      const value = isScalar(pair.value) ? pair.value.value : undefined;
      if (typeof value === 'string' || typeof value === 'number') values[name] = value;
      else table?.report(name, 'a text or a number is expected');
    }
    return values;
  }

  /** Reports every key that nobody asked for. Call when the table is read. */
  close(): void {
    for (const pair of this.node.items) {
      const key = isScalar(pair.key) ? String(pair.key.value) : '?';
      if (this.#seen.has(key)) continue;
      const known = [...this.#seen].join(', ');
      this.#reader.report(pair.key, this.#pathOf(key), `is not known here; known are ${known}`);
    }
  }

  #at(key: string): Node | null {
    this.#seen.add(key);
    const node = this.node.get(key, true);
    return isNode(node) ? node : null;
  }

  #absent<T>(key: string, or: T | undefined, fallback: T): T {
    if (or !== undefined) return or;
    this.report(key, 'is missing');
    return fallback;
  }

  #pathOf(key: string): string {
    return this.path === '' ? key : `${this.path}.${key}`;
  }
}

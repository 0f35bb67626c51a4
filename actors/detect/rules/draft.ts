/**
 * A rule in the making. Terms go to the buffer that is set; a modifier changes the content before it; a legacy modifier
 * moves that content to its buffer. What may not stand together is refused as soon as the second one comes.
 */
import type { BufferTerms, Condition, ContentTerm, PcreTerm, RuleLabels, Term, Transform } from './rule.ts';
import { wrong } from './rule-mistake.ts';

type Changeable<T> = { -readonly [K in keyof T]: T[K] };
export type DraftContent = Changeable<ContentTerm>;

interface DraftBuffer {
  readonly buffer: string;
  readonly isSticky: boolean;
  readonly transforms: Transform[];
  readonly terms: Term[];
}

export const PAYLOAD = 'payload';

export class Draft {
  readonly labels: Partial<Changeable<Omit<RuleLabels, 'references' | 'metadata'>>> = {};
  readonly references: string[] = [];
  readonly metadata: string[] = [];
  readonly conditions: Condition[] = [];
  /** Names that byte_extract and byte_math set, in the order of the rule. */
  readonly variables = new Set<string>();
  readonly #buffers: DraftBuffer[] = [{ buffer: PAYLOAD, isSticky: false, transforms: [], terms: [] }];
  #current: DraftBuffer = this.#buffers[0]!;
  /** The content that the modifiers mean: the last one of the rule, wherever it was moved. */
  #lastContent: { content: DraftContent; buffer: DraftBuffer } | null = null;
  /** The buffer of the last term, and whether buffers are named beforehand. */
  #lastBuffer: DraftBuffer | null = null;
  #isSticky = false;
  /** What `prefilter` may follow. */
  hasMatch = false;

  get buffer(): string {
    return this.#current.buffer;
  }

  add(term: Term): void {
    const isRelativeNumber =
      term.kind !== 'content' && term.kind !== 'pcre' && term.kind !== 'bsize' && term.isRelative;
    // Where no buffer is named beforehand, a relative number belongs to the one that a modifier gave the last term.
    const buffer = isRelativeNumber && !this.#isSticky ? (this.#lastBuffer ?? this.#current) : this.#current;
    buffer.terms.push(term);
    this.#lastBuffer = buffer;
    this.hasMatch = true;
    if (term.kind === 'content') this.#lastContent = { content: term, buffer };
  }

  addTo(buffer: string, term: PcreTerm): void {
    if (this.#current.buffer !== PAYLOAD && this.#current.buffer !== buffer)
      wrong('pcre', `its modifier means ${buffer}, while the buffer ${this.#current.buffer} is set`);
    this.#lastBuffer = this.#named(buffer);
    this.#lastBuffer.terms.push(term);
    this.hasMatch = true;
  }

  condition(condition: Condition): void {
    this.conditions.push(condition);
    this.hasMatch = true;
  }

  has(keyword: string): boolean {
    return this.conditions.some((condition) => condition.keyword === keyword);
  }

  /** Everything that follows is about this buffer. `isMany`: one that a transaction has several of. */
  stick(keyword: string, buffer: string, isMany: boolean): void {
    if (this.#current.buffer !== PAYLOAD && this.#current.terms.length === 0)
      wrong(keyword, `nothing is asked of the buffer ${this.#current.buffer} before it`);
    this.#isSticky = true;
    const before = isMany || buffer === PAYLOAD ? undefined : this.#buffers.find((one) => one.buffer === buffer);
    if (buffer === PAYLOAD) this.#current = this.#buffers[0]!;
    else if (before !== undefined && before.transforms.length === 0) this.#current = before;
    else this.#current = this.#open(buffer, true);
  }

  transform(transform: Transform): void {
    const { name } = transform;
    if (this.#current.buffer === PAYLOAD) wrong(name, 'a transform must follow the buffer that it changes');
    if (this.#current.terms.length > 0) this.#current = this.#open(this.#current.buffer, true);
    this.#current.transforms.push(transform);
  }

  /** The content that a modifier is about. */
  content(keyword: string): DraftContent {
    const last = this.#lastContent;
    if (last === null || (this.#current.buffer !== PAYLOAD && last.buffer !== this.#current))
      return wrong(keyword, 'it needs a content before it');
    return last.content;
  }

  /** A legacy modifier: the content before it is looked for in that buffer. */
  move(keyword: string, buffer: string): void {
    if (this.#current.buffer !== PAYLOAD) wrong(keyword, `it cannot stand behind the buffer ${this.#current.buffer}`);
    const last = this.#lastContent;
    if (last === null || last.buffer !== this.#current) wrong(keyword, 'it needs a content before it');
    if (last.content.rawBytes) wrong(keyword, 'it cannot go with rawbytes');
    this.#current.terms.splice(this.#current.terms.lastIndexOf(last.content), 1);
    const target = this.#named(buffer);
    target.terms.push(last.content);
    this.#lastContent = { content: last.content, buffer: target };
    this.#lastBuffer = target;
  }

  contents(): ContentTerm[] {
    return this.#buffers.flatMap(({ terms }) => terms.filter((term) => term.kind === 'content'));
  }

  buffers(): BufferTerms[] {
    return this.#buffers.filter(({ terms }) => terms.length > 0);
  }

  /** A sticky buffer of which nothing is asked says nothing. */
  finish(): void {
    const { buffer, terms } = this.#current;
    if (buffer !== PAYLOAD && terms.length === 0) wrong(buffer, 'nothing is asked of the buffer');
  }

  /** What a relative expression in the payload may count from. */
  hasAnchor(): boolean {
    return this.#current.terms.some(({ kind }) => kind === 'content' || kind === 'pcre');
  }

  #named(buffer: string): DraftBuffer {
    return (
      this.#buffers.find((one) => one.buffer === buffer && one.transforms.length === 0) ?? this.#open(buffer, false)
    );
  }

  #open(buffer: string, isSticky: boolean): DraftBuffer {
    const opened = { buffer, isSticky, transforms: [], terms: [] };
    this.#buffers.push(opened);
    return opened;
  }
}

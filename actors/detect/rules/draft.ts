/**
 * A rule in the making. Terms go to the buffer that is set; a modifier changes the content before it; a legacy modifier
 * moves that content to its buffer. What may not stand together is refused as soon as the second one comes.
 */

import type { RuleLists } from './lists.ts';
import { passes } from './numbers.ts';
import { leavesBuffer } from './own-lists.ts';
import type {
  Base64Term,
  BufferTerms,
  Condition,
  ContentTerm,
  DataSetTerm,
  PcreTerm,
  RuleLabels,
  Term,
  Transform,
} from './rule.ts';
import { wrong } from './rule-mistake.ts';
import type { Subject } from './subject.ts';

type Changeable<T> = { -readonly [K in keyof T]: T[K] };
export type DraftContent = Changeable<ContentTerm>;

interface DraftBuffer {
  absent?: 'only' | 'orElse';
  readonly buffer: string;
  readonly isSticky: boolean;
  readonly transforms: Transform[];
  readonly terms: Term[];
}

/** Keywords by which Suricata can look for rules. */
const PREFILTERS: ReadonlySet<string> = new Set([
  ...[
    'app-layer-protocol',
    'tcp.ack',
    'tcp.seq',
    'tcp.flags',
    'tcp.mss',
    'fragbits',
    'fragoffset',
    'ttl',
    'template2',
    'itype',
    'icode',
  ],
  ...['icmp_id', 'icmp_seq', 'dsize', 'flow', 'id', 'stream_size', 'flow.age', 'icmpv6.mtu'],
]);

const isHook = ({ keyword }: Condition): boolean => keyword === 'hook';
const isAsked = ({ terms, absent }: DraftBuffer): boolean => terms.length > 0 || absent !== undefined;

export const PAYLOAD = 'payload';
const DECODED = 'base64_data';
const FAMILY_HEADERS: ReadonlySet<string> = new Set(['ipv4.hdr', 'ipv6.hdr', 'icmpv4.hdr', 'icmpv6.hdr']);
/** The protocol whose header it is. */
const CARRIERS: Readonly<Record<string, number>> = { 'tcp.hdr': 6, 'udp.hdr': 17, 'icmpv4.hdr': 1, 'icmpv6.hdr': 58 };
const ADDRESSES: ReadonlySet<string> = new Set(['ip.src', 'ip.dst']);

const TO_SERVER = 1;
const TO_CLIENT = 2;

export class Draft {
  readonly labels: Partial<Changeable<Omit<RuleLabels, 'references' | 'metadata'>>> = {};
  /** What the keyword at hand turned out to be about, where its name does not say it. */
  subject: Subject | null = null;
  /** The application protocol is named, or follows from what is asked. */
  hasApplication = false;
  /** Of keywords that are about one direction alone, and of those that turn the rule: bits as those of `directions`. */
  ways = 0;
  turned = 0;
  /** Bit 1: to the server; bit 2: to the client, as flow and keywords that turn a rule say, one after another; 0: nothing. */
  directions = 0;
  /** Of IP, where the header or a keyword says it. */
  family: 4 | 6 | null = null;
  /** A header of packets says it that is asked for. */
  namesFamily = false;
  /** What ip_proto says stands for the header's protocol: it came behind such a header. */
  replacesProtocol = false;
  /** A second ip_proto behind a family leaves no protocol. */
  hasNoProtocol = false;
  /** Something is asked of a transaction that is no side's own. */
  isAmbiguous = false;
  readonly references: string[] = [];
  readonly metadata: string[] = [];
  readonly conditions: Condition[] = [];
  /** Names that byte_extract and byte_math set, in the order of the rule. */
  readonly variables: string[] = [];
  readonly #buffers: DraftBuffer[] = [{ buffer: PAYLOAD, isSticky: false, transforms: [], terms: [] }];
  #current: DraftBuffer = this.#buffers[0]!;
  /** The content that the modifiers mean: the last one of the rule, wherever it was moved. */
  #lastContent: { content: DraftContent; buffer: DraftBuffer } | null = null;
  /** The buffer of the last term, and whether buffers are named beforehand. */
  #lastBuffer: DraftBuffer | null = null;
  #isSticky = false;
  /** The buffer that is set was opened by a transform behind what is asked of it untransformed. */
  #isTrailing = false;
  /** What is asked of the text that base64_decode makes. */
  #decoded: Term[] | null = null;
  /** The keyword of the last thing that is asked: what `prefilter` follows. */
  #lastMatch: string | null = null;
  /** `prefilter` follows a condition. */
  hasPrefilter = false;
  #captures = 0;
  /** What the rule may look things up in. */
  readonly lists: RuleLists;

  constructor(lists: RuleLists) {
    this.lists = lists;
  }

  get buffer(): string {
    return this.#current.buffer;
  }

  /** The place of one more text that is captured. */
  nextCapture(): number {
    this.#captures += 1;
    return this.#captures - 1;
  }

  add(term: Term): void {
    const isRelativeNumber = 'isRelative' in term && term.kind !== 'pcre' && term.isRelative;
    // Where no buffer is named beforehand, a relative number belongs to the one that a modifier gave the last term.
    const buffer = isRelativeNumber && !this.#isSticky ? (this.#lastBuffer ?? this.#current) : this.#current;
    buffer.terms.push(term);
    this.#lastBuffer = buffer;
    this.#lastMatch = term.kind;
    if (term.kind === 'content') this.#lastContent = { content: term, buffer };
  }

  /** The whole of the buffer that is set is looked up. */
  lookUp(keyword: string, term: DataSetTerm): void {
    if (!this.#current.isSticky) wrong(keyword, 'it needs a sticky buffer before it');
    this.add(term);
    this.#lastMatch = keyword;
  }

  /** What a text stands for: in the buffer that is set, or in that of the last term. */
  decode(form: Omit<Base64Term, 'kind' | 'data'>): void {
    const buffer = this.#isSticky ? this.#current : (this.#lastBuffer ?? this.#current);
    this.#decoded = [];
    buffer.terms.push({ kind: 'base64_decode', ...form, data: this.#decoded });
    this.#lastBuffer = buffer;
    this.#lastMatch = 'base64_decode';
  }

  /** Everything that follows is about what base64_decode makes. */
  stickDecoded(): void {
    const terms = this.#decoded ?? wrong('base64_data', 'it needs base64_decode before it');
    if (this.#current.buffer === DECODED) wrong('base64_data', 'it is there twice');
    this.#isSticky = true;
    this.#current = { buffer: DECODED, isSticky: true, transforms: [], terms };
  }

  addTo(buffer: string, term: PcreTerm): void {
    if (this.#current.buffer !== PAYLOAD && this.#current.buffer !== buffer)
      wrong('pcre', `its modifier means ${buffer}, while the buffer ${this.#current.buffer} is set`);
    this.#lastBuffer = this.#named(buffer);
    this.#lastBuffer.terms.push(term);
    this.#lastMatch = term.kind;
  }

  condition(condition: Condition): void {
    this.conditions.push(condition);
    this.#lastMatch = condition.keyword;
    if (this.#current.buffer === PAYLOAD || this.#isUnasked() || !leavesBuffer(condition, this.#current)) return;
    this.#current = this.#buffers[0]!;
    this.#isSticky = false;
    this.#isTrailing = false;
  }

  /** The last thing that is asked is to be looked for first; which order that makes nobody sees but of a content. */
  prefilter(): void {
    const last = this.#lastMatch ?? wrong('prefilter', 'it needs a keyword before it');
    if (this.hasPrefilter && last !== 'content') wrong('prefilter', 'it is there twice');
    this.hasPrefilter ||= last !== 'content';
    if (last === 'content') {
      const { content } = this.#lastContent!;
      const isPlaced = content.offset !== null || content.depth !== null || content.distance !== null;
      if (content.isNegated && (isPlaced || content.within !== null))
        wrong('prefilter', 'a negated content with a place cannot be the fast pattern');
      if (content.fastPattern === 'no') content.fastPattern = 'whole';
    } else if (!PREFILTERS.has(last)) wrong('prefilter', `${last} cannot be looked for first`);
  }

  /** The protocol, name and direction of the hook; empty: the rule has none. */
  get hook(): readonly string[] {
    const found = this.conditions.find(isHook)?.value;
    return found?.type === 'words' ? found.words : [];
  }

  has(keyword: string): boolean {
    for (const condition of this.conditions) if (condition.keyword === keyword) return true;
    return false;
  }

  /** Suricata sees that a rule counts already where no buffer is named beforehand. */
  get countsInSight(): boolean {
    return !this.#current.isSticky && (this.has('threshold') || this.has('detection_filter'));
  }

  /** Everything that follows is about this buffer. `isMany`: one that a transaction has several of. */
  stick(keyword: string, buffer: string, isMany: boolean): void {
    const { buffer: open } = this.#current;
    if (open === DECODED && buffer !== PAYLOAD && !ADDRESSES.has(buffer))
      wrong(keyword, 'no other buffer can follow base64_data');
    if (open !== DECODED && this.#isUnasked()) wrong(keyword, `nothing is asked of the buffer ${open} before it`);
    this.#isSticky = true;
    const carrier = CARRIERS[buffer];
    if (carrier !== undefined && !this.#canBe(carrier)) wrong(keyword, 'ip_proto leaves no packet that has it');
    if (FAMILY_HEADERS.has(buffer)) this.namesFamily = true;
    if (buffer === 'icmpv6.hdr') this.family = 6;
    else if (buffer === 'icmpv4.hdr') this.family ??= 4;
    const before = isMany || buffer === PAYLOAD ? undefined : this.#buffers.find((one) => one.buffer === buffer);
    if (buffer === PAYLOAD) this.#current = this.#buffers[0]!;
    else if (before !== undefined && before.transforms.length === 0) this.#current = before;
    else this.#current = this.#open(buffer, true);
    this.#isTrailing = false;
  }

  /** What ip_proto, as far as it was read, leaves of the protocols. */
  #canBe(protocol: number): boolean {
    const tests = this.conditions.flatMap(({ keyword, value }) =>
      keyword === 'ip_proto' && value.type === 'number' ? [value.test] : [],
    );
    return !this.hasNoProtocol && tests.every((test) => passes(test, protocol));
  }

  /** Of the buffer that is set nothing is asked; of addresses nothing need be. */
  #isUnasked(): boolean {
    const { buffer, terms, absent } = this.#current;
    return buffer !== PAYLOAD && !ADDRESSES.has(buffer) && terms.length === 0 && absent === undefined;
  }

  /** The buffer that is set must not be there, or `orElse` what follows must hold. */
  absent(how: 'only' | 'orElse'): void {
    const buffer = this.#current;
    if (buffer.buffer === PAYLOAD || !buffer.isSticky) wrong('absent', 'it needs a sticky buffer before it');
    if (buffer.terms.length > 0 || buffer.absent !== undefined) wrong('absent', 'it stands first, and once');
    buffer.absent = how;
    this.#lastMatch = 'absent';
  }

  transform(transform: Transform): void {
    const { name } = transform;
    if (this.#current.buffer === PAYLOAD) wrong(name, 'a transform must follow the buffer that it changes');
    if (this.#current.terms.length > 0) {
      if (this.#current.transforms.length > 0) wrong(name, 'a transform must follow the buffer that it changes');
      this.#current = this.#open(this.#current.buffer, true);
      // Where nothing follows, it changes nothing.
      this.#isTrailing = true;
    }
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

  payloadContents(): ContentTerm[] {
    return this.#buffers[0]!.terms.filter((term) => term.kind === 'content');
  }

  buffers(): BufferTerms[] {
    return this.#buffers.filter(isAsked);
  }

  /** A sticky buffer of which nothing is asked says nothing. */
  finish(): void {
    const { buffer } = this.#current;
    for (const one of this.#buffers) {
      if (one.absent === 'only' && one.terms.length > 0) wrong('absent', 'nothing can hold of what is not there');
      if (one.absent === 'orElse' && one.terms.length === 0) wrong('absent', 'or else what?');
    }
    if (buffer !== DECODED && !this.#isTrailing && this.#isUnasked()) wrong(buffer, 'nothing is asked of the buffer');
  }

  /** Something is asked of what goes this way alone. */
  goes(way: 'to_server' | 'to_client'): void {
    this.ways |= way === 'to_server' ? TO_SERVER : TO_CLIENT;
  }

  turn(_way: 'to_client'): void {
    this.turned = TO_CLIENT;
    this.directions = TO_CLIENT;
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

/**
 * A rule made ready for asking: its header as flat ranges, its conditions as functions, its questions about transactions
 * as engines in the order of progress. Made once; asking it allocates nothing.
 */
import { type CapturedTexts, type Expense, newVariables, variableSlots } from '../match/index.ts';
import { type FastPattern, fastPattern } from '../prefilter/index.ts';
import type { AnyProtocol, Conversation, Direction } from '../protocols/index.ts';
import type { Steps } from '../rules/finished.ts';
import { packed } from '../rules/packed.ts';
import type { BufferTerms, Condition, Rule } from '../rules/rule.ts';
import type { AcceptedRule } from '../rules/rule-set.ts';
import { asn1Check } from './asn1.ts';
import { type BufferCheck, bufferCheck, type Scope } from './buffer-check.ts';
import { capturingOf, textCheck } from './captured-texts.ts';
import { DEFAULT_PRIORITY, type RuleClass } from './classes.ts';
import { type Engine, enginesOf } from './engine.ts';
import {
  type Effect,
  flowbits,
  flowCheck,
  flowint,
  type Remembered,
  transactionBits,
  xbits,
} from './flow-conditions.ts';
import { factCheck } from './flow-facts.ts';
import { type Header, headerOf, protocolsOf } from './header.ts';
import type { Names } from './names.ts';
import { headerBuffer, scannedHeader } from './packet-buffers.ts';
import { type Check, packetCheck } from './packet-conditions.ts';
import { reputationCheck } from './reputation.ts';
import { compareKeys, orderKey } from './rule-order.ts';
import { isTransactionBuffer, PACKET_BUFFERS, type Shape, shapeOf } from './rule-type.ts';
import type { SetDesk } from './set-memory.ts';
import type { Situation } from './situation.ts';
import { StatefulBits } from './stateful-bits.ts';
import { type TagTerm, tagsOf } from './tags.ts';
import { type Threshold, thresholdsOf } from './threshold.ts';

export interface Signature extends Shape {
  /** Its place among all: lower ones are asked first. Two of one rule in both directions have two. */
  order: number;
  readonly rule: Rule;
  /** As it is written. */
  readonly text: string;
  /** Of a rule in both directions the one against that in which it is written. */
  readonly isSwapped: boolean;
  /** Of the two of a rule in both directions the one that a line about the rule finds. */
  readonly isNamed: boolean;
  /** The set that it came with, as alerts name it. */
  readonly ruleSet: string | null;
  readonly file: string;
  readonly line: number;
  readonly category: string;
  readonly priority: number;
  readonly header: Header;
  /** Of a rule about both sides of a transaction that of the other side; null: it is one. */
  readonly headerBack: Header | null;
  /** What the prefilter looks for. */
  readonly fast: FastPattern | null;
  readonly payload: BufferCheck | null;
  /** Of a packet's own headers and of the flow, in the order in which they are asked. */
  readonly checks: readonly Check[];
  /** The keyword or buffer of each check. */
  readonly checkNames: readonly string[];
  /** It asks for bits of the flow, so that without any it cannot match. */
  readonly needsBits: boolean;
  /** It asks of the flow, so that a packet without one cannot match. */
  readonly needsFlow: boolean;
  /** It asks what was noticed about a packet, so that one of which nothing was cannot match. */
  readonly needsEvent: boolean;
  readonly effects: readonly Effect[];
  /** Where its expressions leave texts; null: they leave none. */
  readonly captured: CapturedTexts | null;
  /** What it finds is told; a pass is not, unless it says so. */
  isTold: boolean;
  readonly tags: readonly TagTerm[];
  thresholds: readonly Threshold[];
  /** By the flow's application protocol and direction. */
  readonly engines: ReadonlyMap<string, readonly [readonly Engine[], readonly Engine[]]>;
}

export interface SignatureContext {
  readonly protocols: readonly AnyProtocol[];
  readonly classes: ReadonlyMap<string, RuleClass>;
  readonly names: Names;
  readonly ruleSet: string | null;
  readonly expense: Expense;
  readonly sets: SetDesk;
}

export interface Signatures {
  readonly signatures: readonly Signature[];
  /** By their order: what tells each from every other, and is the same for the same rule in another set. */
  readonly identities: readonly string[];
}

/** In their order; one rule a step. */
export function* makingSignatures(rules: readonly AcceptedRule[], context: SignatureContext): Steps<Signatures> {
  const keyed: { readonly signature: Signature; readonly identity: string; readonly key: readonly number[] }[] = [];
  const bits = new StatefulBits(context.protocols);
  const scannedHeaders = new Set<string>();
  for (const { rule } of rules) {
    bits.add(rule);
    const scanned = rule.buffers.some(isTransformedHeader) ? scannedHeader(fastPattern(rule)) : null;
    if (scanned !== null) scannedHeaders.add(scanned);
    yield 1;
  }
  let isOdd = false;
  for (const accepted of rules) {
    const { rule, text: identity } = accepted;
    const both = rule.isBothWays && !isSymmetric(rule) ? [false, true] : [false];
    if (both.length === 1) isOdd = !isOdd;
    for (const isSwapped of both) {
      // As it happens in Suricata, for how it sorts: with an odd number of rules before it the one that is not written.
      const isNamed = both.length === 1 || isSwapped === isOdd;
      const signature = signatureOf(accepted, { isSwapped, isNamed }, { bits, scannedHeaders }, context);
      const key = orderKey(rule, signature.priority);
      keyed.push({ signature, identity: isSwapped ? `< ${identity}` : identity, key });
    }
    yield 1;
  }
  keyed.sort((a, b) => compareKeys(a.key, b.key));
  for (const [order, { signature }] of keyed.entries()) signature.order = order;
  return {
    signatures: keyed.map(({ signature }) => signature),
    identities: keyed.map(({ identity }) => identity),
  };
}

const isTransformedHeader = ({ buffer, transforms }: BufferTerms): boolean =>
  transforms.length > 0 && PACKET_BUFFERS.has(buffer);

/** What a rule is made with that others have said. */
interface OfAllRules {
  readonly bits: StatefulBits;
  readonly scannedHeaders: ReadonlySet<string>;
}

/** Both ways of such a rule are one. */
function isSymmetric({ source, destination, sourcePorts, destinationPorts }: Rule): boolean {
  const same = (a: unknown, b: unknown): boolean => text(a) === text(b);
  return same(source, destination) && same(sourcePorts, destinationPorts);
}

const text = (value: unknown): string =>
  JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? part.toString() : part));

function signatureOf(
  { rule, text: own, file, line }: AcceptedRule,
  { isSwapped, isNamed }: Pick<Signature, 'isSwapped' | 'isNamed'>,
  { bits, scannedHeaders }: OfAllRules,
  context: SignatureContext,
): Signature {
  const shape = shapeOf(rule, context.protocols, bits.makeStateful(rule));
  const transports = context.protocols.find(({ name }) => name === shape.application)?.transports ?? [];
  const payloadTerms = rule.buffers.find(({ buffer }) => buffer === 'payload') ?? null;
  const remembered = rememberedOf(rule, context);
  const fast = fastPattern(rule);
  const slots = variableSlots(rule.buffers);
  // One that must not be there is never looked for beforehand in buffers of transactions.
  const isSought = fast !== null && !(fast.isNegated && isTransactionBuffer(fast.buffer));
  const isFound = rule.hasPrefilter || (fast !== null && !fast.isNegated);
  const capturing = capturingOf(rule, context.names);
  const captured = capturing?.captured ?? null;
  const { expense, sets } = context;
  const place = rule.conditions.some(isAsn1) ? { end: 0 } : null;
  const variables = newVariables(slots);
  const scope: Scope = { slots, variables, expense, sets, captured, place, fast: isSought ? fast.content : null };
  const { checks, names } = checksOf(rule, { scope, fast, isFound, remembered, scannedHeaders });
  const klass = context.classes.get(rule.classtype?.toLowerCase() ?? '');
  return {
    type: shape.type,
    needsPacket: shape.needsPacket,
    needsStream: shape.needsStream,
    isStreamOnly: shape.isStreamOnly,
    actsOnPacket: shape.actsOnPacket,
    directions: shape.directions,
    application: shape.application,
    order: 0,
    rule,
    text: own,
    isSwapped,
    isNamed,
    ruleSet: context.ruleSet,
    file,
    line,
    category: klass?.description ?? '',
    priority: rule.priority ?? klass?.priority ?? DEFAULT_PRIORITY,
    header: headerOf(rule, protocolsOf(rule.protocol, transports), isSwapped),
    headerBack: rule.isTransactional ? headerOf(rule, protocolsOf(rule.protocol, transports), true) : null,
    fast,
    payload: payloadTerms === null ? null : bufferCheck(payloadTerms, scope),
    checks: packed(checks),
    checkNames: packed(names),
    needsBits: rule.conditions.some(asksBits),
    needsFlow: shape.application !== null || rule.conditions.some(asksFlow),
    needsEvent: rule.conditions.some(asksEvent),
    effects: capturing === null ? packed(remembered.effects) : [...remembered.effects, capturing.effect],
    captured,
    isTold: isTold(rule),
    tags: tagsOf(rule),
    thresholds: thresholdsOf(rule.conditions),
    engines: enginesOf(rule, shape, context.protocols, scope, fast?.buffer ?? null),
  };
}

function isTold({ action, conditions }: Rule): boolean {
  const last = conditions.findLast(({ keyword }) => keyword === 'noalert' || keyword === 'alert');
  return last === undefined ? action !== 'pass' : last.keyword === 'alert';
}

interface OfChecks extends Pick<OfAllRules, 'scannedHeaders'> {
  readonly scope: Scope;
  readonly fast: FastPattern | null;
  readonly isFound: boolean;
  readonly remembered: Remembered;
}

/** Of a packet's own headers and of the flow, in the order in which they are asked, and what each is about. */
function checksOf(
  rule: Rule,
  { scope, fast, isFound, remembered, scannedHeaders }: OfChecks,
): { readonly checks: readonly Check[]; readonly names: readonly string[] } {
  const checks: Check[] = [];
  const names: string[] = [];
  for (const terms of rule.buffers)
    if (PACKET_BUFFERS.has(terms.buffer)) {
      checks.push(headerBuffer(terms, scope, fast, scannedHeaders));
      names.push(terms.buffer);
    }
  for (const condition of rule.conditions) {
    const check = packetCheck(condition, isFound) ?? factCheck(condition) ?? reputationCheck(condition);
    if (check === undefined) continue;
    checks.push(check);
    names.push(condition.keyword);
  }
  for (const condition of rule.conditions) {
    const check = asn1Check(condition, scope.expense, scope.place);
    if (check === undefined) continue;
    checks.push(check);
    names.push('asn1');
  }
  for (const condition of rule.conditions) {
    const check = condition.keyword === 'flow' ? flowCheck(condition) : null;
    if (check === null) continue;
    checks.push(check);
    names.push('flow');
  }
  for (const check of remembered.checks) {
    checks.push(check);
    names.push('flowbits, flowint, xbits, hostbits, flowvar, pktvar');
  }
  return { checks, names };
}

const isAsn1 = ({ keyword }: Condition): boolean => keyword === 'asn1';
const asksEvent = ({ keyword }: Condition): boolean => EVENT_KEYWORDS.has(keyword);
const asksBits = ({ keyword, value }: Condition): boolean =>
  keyword === 'flowbits' && value.type === 'words' && value.words[0] === 'isset';

/** A direction alone asks for no flow. */
function asksFlow({ keyword, value }: Condition): boolean {
  if (keyword === 'flowbits') return value.type === 'words' && value.words[0]!.startsWith('is');
  return keyword === 'flow' && value.type === 'words' && value.words.some(isOfFlow);
}

const EVENT_KEYWORDS = new Set([
  ...['decode-event', 'stream-event', 'engine-event.decoder', 'engine-event.stream', 'app-layer-event.flow'],
]);
const FLOW_WORDS = new Set(['established', 'not_established', 'stateless', 'only_stream', 'no_frag', 'only_frag']);
const isOfFlow = (word: string): boolean => FLOW_WORDS.has(word);

function rememberedOf(rule: Rule, { names }: SignatureContext): Remembered {
  const into: Remembered = { checks: [], effects: [] };
  for (const condition of rule.conditions) {
    if (condition.keyword === 'flowbits') flowbits(condition, names, into);
    else if (condition.keyword === 'flowint') flowint(condition, names, into);
    else if (condition.keyword === 'xbits' || condition.keyword === 'hostbits') xbits(condition, names, into);
    else if (condition.keyword === 'flowvar' || condition.keyword === 'pktvar')
      into.checks.push(textCheck(condition, names));
    else if (condition.keyword === 'xbits.tx') transactionBits(condition, into);
    else if (condition.keyword === 'config') into.effects.push(keepQuiet);
    else if (condition.keyword === 'bypass') into.effects.push(bypass);
  }
  return into;
}

/** The transaction’s record is not written, nor that of the answer to it. */
const keepQuiet: Effect = ({ transaction, tx, flow }) => {
  if (transaction === null || tx === null) return;
  transaction.isTold = true;
  (flow?.application as Conversation | null)?.parser?.keepQuiet?.(tx);
};

/** A packet that nobody sent bypasses nothing. */
const bypass: Effect = ({ memory, packet }) => {
  if (memory !== null && !packet.isPseudo) memory.isBypassed = true;
};

export const isInDirection = (signature: Signature, direction: Direction): boolean =>
  (signature.directions & (1 << direction)) !== 0;

/** Before a rule is asked: what its expressions left behind when it did not match is gone. */
export function beginAsking({ captured }: Signature): void {
  if (captured !== null) captured.forget();
}

export function holdsAll({ checks }: Signature, situation: Situation): boolean {
  for (let i = 0; i < checks.length; i += 1) if (!checks[i]!(situation)) return false;
  return true;
}

/** The rule matched as a whole. */
export function takeEffect({ effects }: Signature, situation: Situation): void {
  for (const effect of effects) effect(situation);
}

/**
 * What kind of thing a rule examines, and with it when it is asked: Suricata's types. A rule whose payload may lie in a
 * TCP stream is asked about the stream; with a place in its contents about the packets, too.
 */

import type { AnyProtocol, Direction } from '../protocols/index.ts';
import { isApplication } from '../rules/protocols.ts';
import type { BufferTerms, Condition, Rule, Term } from '../rules/rule.ts';
import { isAboutFiles } from './file-keywords.ts';

export type RuleType =
  | 'pd_only'
  | 'ip_only'
  | 'like_ip_only'
  | 'de_only'
  | 'packet'
  | 'packet_stream'
  | 'stream'
  | 'app_layer'
  | 'app_tx';

export const PACKET_BUFFERS: ReadonlySet<string> = new Set([
  'ip.src',
  'ip.dst',
  'ipv4.hdr',
  'ipv6.hdr',
  'tcp.hdr',
  'udp.hdr',
  'icmpv4.hdr',
  'icmpv6.hdr',
]);

/** Keywords that leave a rule one about addresses alone. */
const ADDRESS_ONLY = new Set([
  ...['ip_proto', 'xbits', 'hostbits', 'threshold', 'detection_filter', 'noalert', 'alert', 'tag', 'iprep'],
  ...['l3_proto', 'tls_store'],
]);
/** Keywords about a packet's own headers: the payload beside them is the packet's, too. */
const OF_PACKET = new Set([
  'ttl',
  'template2',
  'rpc',
  'tos',
  'id',
  'ip_proto',
  'ipopts',
  'fragbits',
  'fragoffset',
  'sameip',
  'itype',
  'icode',
  'icmp_id',
  'tcp.flags',
  'tcp.seq',
  'tcp.ack',
  'tcp.window',
  'tcp.mss',
  'dsize',
  'icmpv6.mtu',
  'flow.age',
  'flow.pkts',
  'flow.bytes',
]);

/** Addresses leave a content beside them one of the stream. */
const isHeader = (buffer: string): boolean => PACKET_BUFFERS.has(buffer) && buffer !== 'ip.src' && buffer !== 'ip.dst';

export interface Shape {
  readonly type: RuleType;
  /** Its payload is that of packets; that of the stream. Without both: of whatever there is. */
  readonly needsPacket: boolean;
  readonly needsStream: boolean;
  readonly isStreamOnly: boolean;
  /** It asks for a header or address as a buffer: what it does, it does to the packet alone, wherever the rest of it is. */
  readonly actsOnPacket: boolean;
  /** Bit 1: asked of packets to the server; bit 2: to the client. */
  readonly directions: number;
  /** The application protocol that the flow must have. */
  readonly application: string | null;
}

type Changeable<T> = { -readonly [K in keyof T]: T[K] };

const TO_SERVER_BIT = 1;
const TO_CLIENT_BIT = 2;
export const BOTH_DIRECTIONS = 3;

export const isTransactionBuffer = ({ buffer }: BufferTerms): boolean =>
  buffer !== 'payload' && !PACKET_BUFFERS.has(buffer);

const BODIES: ReadonlySet<string> = new Set(['http.request_body', 'http.response_body', 'file.data']);

/** Suricata shows such a rule the stream together with the body, so that they meet. */
export function asksStreamAndBody({ buffers }: Rule): boolean {
  let [asksStream, asksBody] = [false, false];
  for (const { buffer } of buffers) {
    asksStream ||= buffer === 'payload';
    asksBody ||= BODIES.has(buffer);
  }
  return asksStream && asksBody;
}

const WITHOUT_STREAMS: ReadonlySet<string> = new Set(['udp', 'icmp', 'icmpv4', 'icmpv6']);

/** `isStateful`: its payload is asked about with transactions. */
export function shapeOf(rule: Rule, protocols: readonly AnyProtocol[], isStateful: boolean): Shape {
  const parts = transactionParts(rule, protocols);
  const application = applicationOf(rule, parts);
  const carrier = protocols.find(({ name }) => name === application);
  let payload: BufferTerms | null = null;
  let [asksHeader, actsOnPacket] = [false, false];
  for (const terms of rule.buffers) {
    if (terms.buffer === 'payload') payload ??= terms;
    else if (PACKET_BUFFERS.has(terms.buffer)) {
      actsOnPacket = true;
      asksHeader ||= isHeader(terms.buffer);
    }
  }
  let [isStreamless, isStreamOnly, isOfPacket, asksStreamSize] = [false, false, false, false];
  for (const { keyword, value } of rule.conditions) {
    if (keyword === 'flow' && value.type === 'words') {
      isStreamless ||= value.words.includes('no_stream');
      isStreamOnly ||= value.words.includes('only_stream');
    } else if (keyword === 'stream_size') asksStreamSize = true;
    else isOfPacket ||= OF_PACKET.has(keyword);
  }
  const isTcp = !WITHOUT_STREAMS.has(rule.protocol);
  let needsPacket = rule.protocol === 'tcp-pkt' || isStreamless || asksHeader || isOfPacket;
  let needsStream = isStreamOnly || rule.protocol === 'tcp-stream';
  if (isTcp && payload !== null && !needsPacket && !needsStream) {
    needsStream = true;
    needsPacket = asksStreamSize || payload.terms.some(isPlaced);
  }
  const shape: Changeable<Shape> = {
    type: 'packet',
    needsPacket,
    needsStream,
    isStreamOnly,
    actsOnPacket,
    directions: rule.isTransactional ? BOTH_DIRECTIONS : directionsOf(rule, parts, carrier),
    application,
  };
  if (!asksHeader) shape.type = typeOf(rule, shape, parts.length > 0, isStateful, payload !== null);
  return shape;
}

/** It has a place within the packet. */
const isPlaced = (term: Term): boolean =>
  term.kind === 'content' && (term.offset !== null || term.depth !== null || term.startsWith);

/** Of a rule that asks for no header. */
function typeOf(rule: Rule, shape: Shape, hasParts: boolean, isStateful: boolean, hasPayload: boolean): RuleType {
  if (hasParts || (isStateful && hasPayload)) return 'app_tx';
  if (shape.actsOnPacket) return 'packet';
  if (hasPayload) {
    if (shape.needsStream) return shape.needsPacket ? 'packet_stream' : 'stream';
    return 'packet';
  }
  const asksProtocol = isAllOf(rule, 'app-layer-protocol', ASKING_ADDRESSES) && !asksUnknown(rule);
  if (shape.application === null && asksProtocol) return 'pd_only';
  if (shape.application === null && isAllOf(rule, 'decode-event')) return 'de_only';
  const isAddressRule = rule.conditions.every(isAddressOnly);
  if (shape.application !== null)
    return rule.conditions.every((one) => isUnasking(one) || isDirectionAlone(one) || isSetting(one))
      ? 'app_layer'
      : 'packet';
  if (!isAddressRule) return 'packet';
  return rule.source.hasNegation || rule.destination.hasNegation ? 'like_ip_only' : 'ip_only';
}

const NOTHING: ReadonlySet<string> = new Set();

/** What is not known yet is asked of every packet. */
const asksUnknown = (rule: Rule): boolean =>
  rule.conditions.some(
    ({ keyword, value }) =>
      keyword === 'app-layer-protocol' && value.type === 'fields' && /\bunknown\b/.test(String(value.fields.names)),
  );

/** It asks that, and nothing else. */
function isAllOf({ conditions }: Rule, keyword: string, beside: ReadonlySet<string> = NOTHING): boolean {
  const asking = conditions.filter(
    (one) => !UNASKING.has(one.keyword) && !beside.has(one.keyword) && !isSetting(one) && !isDirectionAlone(one),
  );
  return asking.length > 0 && asking.every((one) => one.keyword === keyword);
}

/** What takes place when all else has matched. */
const UNASKING = new Set([
  'threshold',
  'detection_filter',
  'noalert',
  'alert',
  'tag',
  'bypass',
  'l3_proto',
  'nfq_set_mark',
]);

function isSetting({ value }: Condition): boolean {
  if (value.type === 'words') return ['set', 'unset', 'toggle'].includes(value.words[0] ?? '');
  if (value.type !== 'fields') return false;
  const { action, operator } = value.fields;
  return ['set', 'unset', 'toggle'].includes(String(action)) || ['=', '+', '-'].includes(String(operator));
}

/** Bits that are set are no question; a direction of the flow is one. */
function isAddressOnly({ keyword, value }: Condition): boolean {
  if (keyword === 'flowbits') return value.type === 'words' && value.words[0] === 'set';
  return ADDRESS_ONLY.has(keyword);
}

/** What is asked of addresses makes a rule about a protocol one about packets. */
const isUnasking = (one: Condition): boolean =>
  UNASKING.has(one.keyword) || (isAddressOnly(one) && !ASKING_ADDRESSES.has(one.keyword));
const ASKING_ADDRESSES: ReadonlySet<string> = new Set(['xbits', 'hostbits', 'iprep']);

const isDirectionAlone = ({ keyword, value }: Condition): boolean =>
  keyword === 'flow' && value.type === 'words' && value.words.every((word) => word.startsWith('to_'));

interface Part {
  readonly name: string;
  readonly protocols: readonly string[];
  /** Bits of the directions in which the protocols have it. */
  readonly directions: number;
}

/** What the rule asks of transactions. */
export function transactionParts(rule: Rule, protocols: readonly AnyProtocol[]): readonly Part[] {
  let known = partsKnown.get(protocols);
  if (known === undefined) {
    known = new Map();
    partsKnown.set(protocols, known);
  }
  const parts: Part[] = [];
  for (const terms of rule.buffers) {
    const part = isTransactionBuffer(terms) ? knownPart(known, terms.buffer, protocols) : null;
    if (part !== null) parts.push(part);
  }
  for (const { keyword } of rule.conditions) {
    const part = knownPart(known, keyword, protocols);
    if (part !== null) parts.push(part);
  }
  for (const { keyword, value } of rule.conditions) {
    if (keyword !== 'app-layer-event' || value.type !== 'words') continue;
    parts.push({ name: keyword, protocols: [value.words[0]!], directions: BOTH_DIRECTIONS });
  }
  for (const { keyword, value } of rule.conditions) {
    if (keyword !== 'hook' || value.type !== 'words') continue;
    const [protocol, , way] = value.words;
    if (way === undefined) continue;
    const directions = way === 'to_client' ? TO_CLIENT_BIT : TO_SERVER_BIT;
    parts.push({ name: keyword, protocols: [protocol!], directions });
  }
  return parts;
}

function knownPart(known: Map<string, Part | null>, name: string, protocols: readonly AnyProtocol[]): Part | null {
  const before = known.get(name);
  if (before !== undefined) return before;
  const part = partOf(name, protocols);
  known.set(name, part);
  return part;
}

/** Thousands of rules ask for the same few names. */
const partsKnown = new WeakMap<readonly AnyProtocol[], Map<string, Part | null>>();

/** Null: no protocol has it. */
function partOf(name: string, protocols: readonly AnyProtocol[]): Part | null {
  if (isAboutFiles(name)) {
    const carriers = protocols.filter(({ filesAt }) => filesAt !== undefined).map((protocol) => protocol.name);
    return { name, protocols: carriers, directions: BOTH_DIRECTIONS };
  }
  const rows = protocols.flatMap((protocol) =>
    [
      ...protocol.buffers.filter((row) => row.name === name),
      ...protocol.conditions.filter((row) => row.keyword === name),
    ].map(({ directions }) => ({ protocol: protocol.name, directions })),
  );
  if (rows.length === 0) return null;
  const directions = bitsOf(rows.flatMap((row) => row.directions));
  return { name, protocols: rows.map(({ protocol }) => protocol), directions };
}

/** Of the header, or of what is asked: files belong to several protocols, as do JA3 and JA4 to Suricata, which reads QUIC. */
function applicationOf(rule: Rule, parts: readonly Part[]): string | null {
  const named = rule.protocol === 'http1' ? 'http' : rule.protocol;
  if (isApplication(rule.protocol)) return named;
  if (rule.conditions.some(({ keyword }) => keyword === 'tls_store')) return 'tls';
  return parts.find(({ name }) => !/^(file|ja[34])/.test(name))?.protocols[0] ?? null;
}

/** A part that is in one direction alone decides for the rule. A flow keyword without a direction is about both. */
function directionsOf({ directions: named }: Rule, parts: readonly Part[], carrier: AnyProtocol | undefined): number {
  if (named === TO_SERVER_BIT || named === TO_CLIENT_BIT) return named;
  for (const { name, directions } of parts) {
    const own = /^file/.test(name) ? fileDirections(carrier, directions) : directions;
    if (own !== BOTH_DIRECTIONS) return own;
  }
  return BOTH_DIRECTIONS;
}

/** Mail has files to the server alone. */
function fileDirections(carrier: AnyProtocol | undefined, otherwise: number): number {
  const rows = carrier?.buffers.filter(({ name }) => name === 'file.data') ?? [];
  return rows.length === 0 ? otherwise : bitsOf(rows.flatMap((row) => row.directions));
}

const bitsOf = (directions: readonly Direction[]): number =>
  directions.reduce<number>((bits, one) => bits | (1 << one), 0);

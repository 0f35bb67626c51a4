/**
 * What kind of thing a rule examines, and with it when it is asked: Suricata's types. A rule whose payload may lie in a
 * TCP stream is asked about the stream; with a place in its contents about the packets, too.
 */

import type { AnyProtocol } from '../protocols/index.ts';
import { isApplication } from '../rules/protocols.ts';
import type { BufferTerms, Condition, Rule } from '../rules/rule.ts';
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

const TO_SERVER_BIT = 1;
const TO_CLIENT_BIT = 2;
export const BOTH_DIRECTIONS = 3;

export const isTransactionBuffer = ({ buffer }: BufferTerms): boolean =>
  buffer !== 'payload' && !PACKET_BUFFERS.has(buffer);

const BODIES: ReadonlySet<string> = new Set(['http.request_body', 'http.response_body', 'file.data']);

/** Suricata shows such a rule the stream together with the body, so that they meet. */
export const asksStreamAndBody = ({ buffers }: Rule): boolean =>
  buffers.some(({ buffer }) => buffer === 'payload') && buffers.some(({ buffer }) => BODIES.has(buffer));

/** `isStateful`: its payload is asked about with transactions. */
export function shapeOf(rule: Rule, protocols: readonly AnyProtocol[], isStateful: boolean): Shape {
  const { buffers } = rule;
  const words = conditions(rule, 'flow').flat();
  const payload = buffers.find(({ buffer }) => buffer === 'payload');
  const parts = transactionParts(rule, protocols);
  const application = applicationOf(rule, parts);
  const isTcp = !['udp', 'icmp', 'icmpv4', 'icmpv6'].includes(rule.protocol);
  let needsPacket =
    rule.protocol === 'tcp-pkt' ||
    words.includes('no_stream') ||
    rule.buffers.some(({ buffer }) => isHeader(buffer)) ||
    rule.conditions.some(({ keyword }) => OF_PACKET.has(keyword));
  const isStreamOnly = words.includes('only_stream');
  let needsStream = isStreamOnly || rule.protocol === 'tcp-stream';
  if (isTcp && payload !== undefined && !needsPacket && !needsStream) {
    needsStream = true;
    needsPacket =
      rule.conditions.some(({ keyword }) => keyword === 'stream_size') ||
      payload.terms.some(
        (term) => term.kind === 'content' && (term.offset !== null || term.depth !== null || term.startsWith),
      );
  }
  const shape = {
    needsPacket,
    needsStream,
    isStreamOnly,
    actsOnPacket: buffers.some(({ buffer }) => PACKET_BUFFERS.has(buffer)),
    directions: rule.isTransactional ? BOTH_DIRECTIONS : directionsOf(rule, parts),
    application,
  };
  const hasTransaction = parts.length > 0 || (isStateful && payload !== undefined);
  return { ...shape, type: typeOf(rule, shape, hasTransaction, payload !== undefined) };
}

function typeOf(rule: Rule, shape: Omit<Shape, 'type'>, hasTransaction: boolean, hasPayload: boolean): RuleType {
  if (rule.buffers.some(({ buffer }) => isHeader(buffer))) return 'packet';
  if (hasTransaction) return 'app_tx';
  if (shape.actsOnPacket) return 'packet';
  const asksProtocol = isAllOf(rule, 'app-layer-protocol', ASKING_ADDRESSES) && !asksUnknown(rule);
  if (!hasPayload && shape.application === null && asksProtocol) return 'pd_only';
  if (!hasPayload && shape.application === null && isAllOf(rule, 'decode-event')) return 'de_only';
  if (hasPayload) {
    if (shape.needsStream) return shape.needsPacket ? 'packet_stream' : 'stream';
    return 'packet';
  }
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
export function transactionParts(rule: Rule, protocols: readonly AnyProtocol[]): Part[] {
  const names = [
    ...rule.buffers.filter(isTransactionBuffer).map(({ buffer }) => buffer),
    ...rule.conditions.map(({ keyword }) => keyword),
  ];
  const events = conditions(rule, 'app-layer-event').map(
    (words): Part => ({ name: 'app-layer-event', protocols: [words[0]!], directions: BOTH_DIRECTIONS }),
  );
  let known = partsKnown.get(protocols);
  if (known === undefined) {
    known = new Map();
    partsKnown.set(protocols, known);
  }
  const parts: Part[] = [];
  for (const name of names) {
    let part = known.get(name);
    if (part === undefined) {
      part = partOf(name, protocols);
      known.set(name, part);
    }
    if (part !== null) parts.push(part);
  }
  const hooks = conditions(rule, 'hook').flatMap(([protocol, , way]): Part[] =>
    way === undefined
      ? []
      : [{ name: 'hook', protocols: [protocol!], directions: way === 'to_client' ? TO_CLIENT_BIT : TO_SERVER_BIT }],
  );
  return [...parts, ...events, ...hooks];
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
  const directions = rows.flatMap((row) => row.directions).reduce<number>((bits, one) => bits | (1 << one), 0);
  return { name, protocols: rows.map(({ protocol }) => protocol), directions };
}

const conditions = (rule: Rule, keyword: string): (readonly string[])[] =>
  rule.conditions.flatMap((one) => (one.keyword === keyword && one.value.type === 'words' ? [one.value.words] : []));

/** Of the header, or of what is asked: files belong to several protocols. */
function applicationOf(rule: Rule, parts: readonly Part[]): string | null {
  const named = rule.protocol === 'http1' ? 'http' : rule.protocol;
  if (isApplication(rule.protocol)) return named;
  if (rule.conditions.some(({ keyword }) => keyword === 'tls_store')) return 'tls';
  return parts.find(({ name }) => !/^file/.test(name))?.protocols[0] ?? null;
}

/** A part that is in one direction alone decides for the rule. A flow keyword without a direction is about both. */
function directionsOf({ directions: named }: Rule, parts: readonly Part[]): number {
  if (named === TO_SERVER_BIT || named === TO_CLIENT_BIT) return named;
  return parts.find(({ directions }) => directions !== BOTH_DIRECTIONS)?.directions ?? BOTH_DIRECTIONS;
}

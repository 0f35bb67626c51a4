/**
 * What kind of thing a rule examines, and with it when it is asked: Suricata's types. A rule whose payload may lie in a
 * TCP stream is asked about the stream; with a place in its contents about the packets, too.
 */
import type { AnyProtocol } from '../protocols/index.ts';
import { isApplication } from '../rules/protocols.ts';
import type { BufferTerms, Condition, Rule } from '../rules/rule.ts';

export type RuleType = 'ip_only' | 'like_ip_only' | 'packet' | 'packet_stream' | 'stream' | 'app_layer' | 'app_tx';

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
const ADDRESS_ONLY = new Set(['ip_proto', 'xbits', 'threshold', 'detection_filter', 'noalert']);
/** Keywords about a packet's own headers: the payload beside them is the packet's, too. */
const OF_PACKET = new Set([
  'ttl',
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
  'icmp_seq',
  'tcp.flags',
  'tcp.seq',
  'tcp.ack',
  'tcp.window',
  'tcp.mss',
  'dsize',
]);

export interface Shape {
  readonly type: RuleType;
  /** Its payload is that of packets; that of the stream. Without both: of whatever there is. */
  readonly needsPacket: boolean;
  readonly needsStream: boolean;
  readonly isStreamOnly: boolean;
  /** Bit 1: asked of packets to the server; bit 2: to the client. */
  readonly directions: number;
  /** The application protocol that the flow must have. */
  readonly application: string | null;
}

export const TO_SERVER_BIT = 1;
export const TO_CLIENT_BIT = 2;
export const BOTH_DIRECTIONS = 3;

export const isTransactionBuffer = ({ buffer }: BufferTerms): boolean =>
  buffer !== 'payload' && !PACKET_BUFFERS.has(buffer);

export function shapeOf(rule: Rule, protocols: readonly AnyProtocol[]): Shape {
  const { conditions, buffers } = rule;
  const words = conditions.flatMap(({ keyword, value }) =>
    keyword === 'flow' && value.type === 'words' ? value.words : [],
  );
  const payload = buffers.find(({ buffer }) => buffer === 'payload');
  const parts = transactionParts(rule, protocols);
  const application = applicationOf(rule, parts);
  const isTcp = !['udp', 'icmp', 'icmpv4', 'icmpv6'].includes(rule.protocol);
  let needsPacket =
    rule.protocol === 'tcp-pkt' ||
    words.includes('no_stream') ||
    conditions.some(({ keyword }) => OF_PACKET.has(keyword));
  const isStreamOnly = words.includes('only_stream');
  let needsStream = isStreamOnly || rule.protocol === 'tcp-stream';
  if (isTcp && payload !== undefined && !needsPacket && !needsStream) {
    needsStream = true;
    needsPacket = payload.terms.some(
      (term) => term.kind === 'content' && (term.offset !== null || term.depth !== null || term.startsWith),
    );
  }
  const shape = { needsPacket, needsStream, isStreamOnly, directions: directionsOf(words, parts), application };
  return { ...shape, type: typeOf(rule, shape, parts.length > 0, payload !== undefined) };
}

function typeOf(rule: Rule, shape: Omit<Shape, 'type'>, hasTransaction: boolean, hasPayload: boolean): RuleType {
  if (rule.buffers.some(({ buffer }) => PACKET_BUFFERS.has(buffer))) return 'packet';
  if (hasTransaction) return 'app_tx';
  if (hasPayload) {
    if (shape.needsStream) return shape.needsPacket ? 'packet_stream' : 'stream';
    return 'packet';
  }
  const isAddressRule = rule.conditions.every(isAddressOnly);
  if (shape.application !== null)
    return rule.conditions.every((one) => isAddressOnly(one) || isDirectionAlone(one)) ? 'app_layer' : 'packet';
  if (!isAddressRule) return 'packet';
  return rule.source.hasNegation || rule.destination.hasNegation ? 'like_ip_only' : 'ip_only';
}

/** Bits that are set are no question; a direction of the flow is one. */
function isAddressOnly({ keyword, value }: Condition): boolean {
  if (keyword === 'flowbits') return value.type === 'words' && value.words[0] === 'set';
  return ADDRESS_ONLY.has(keyword);
}

const isDirectionAlone = ({ keyword, value }: Condition): boolean =>
  keyword === 'flow' && value.type === 'words' && value.words.every((word) => word.startsWith('to_'));

interface Part {
  readonly name: string;
  readonly protocols: readonly string[];
  /** Bits of the directions in which the protocols have it. */
  readonly directions: number;
}

/** What the rule asks of transactions. */
function transactionParts(rule: Rule, protocols: readonly AnyProtocol[]): Part[] {
  const names = [
    ...rule.buffers.filter(isTransactionBuffer).map(({ buffer }) => buffer),
    ...rule.conditions.map(({ keyword }) => keyword),
  ];
  return names.flatMap((name): Part[] => {
    const rows = protocols.flatMap((protocol) =>
      [
        ...protocol.buffers.filter((row) => row.name === name),
        ...protocol.conditions.filter((row) => row.keyword === name),
      ].map(({ directions }) => ({ protocol: protocol.name, directions })),
    );
    if (rows.length === 0) return [];
    const directions = rows.flatMap((row) => row.directions).reduce<number>((bits, one) => bits | (1 << one), 0);
    return [{ name, protocols: rows.map(({ protocol }) => protocol), directions }];
  });
}

/** Of the header, or of what is asked: files belong to several protocols. */
function applicationOf(rule: Rule, parts: readonly Part[]): string | null {
  const named = rule.protocol === 'http1' ? 'http' : rule.protocol;
  if (isApplication(rule.protocol)) return named;
  return parts.find(({ name }) => !name.startsWith('file.'))?.protocols[0] ?? null;
}

/** A part that is in one direction alone decides for the rule. */
function directionsOf(words: readonly string[], parts: readonly Part[]): number {
  if (words.includes('to_server')) return TO_SERVER_BIT;
  if (words.includes('to_client')) return TO_CLIENT_BIT;
  return parts.find(({ directions }) => directions !== BOTH_DIRECTIONS)?.directions ?? BOTH_DIRECTIONS;
}

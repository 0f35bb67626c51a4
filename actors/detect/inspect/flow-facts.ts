/** Keywords about a flow's age, amount and protocol, its TCP session, and what was noticed about a packet; compiled. */
import type { Flow } from '../flow/index.ts';
import {
  decodeEventCode,
  hasBrokenAck,
  isIpChecksumValid,
  isTransportChecksumValid,
  type Packet,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
  TCP_FIN,
  TCP_RST,
} from '../packet/index.ts';
import type { Conversation } from '../protocols/index.ts';
import { passes, printedTest } from '../rules/numbers.ts';
import type { Condition } from '../rules/rule.ts';
import { fieldsOf, testOf, wordsOf } from './condition-values.ts';
import type { Check } from './packet-conditions.ts';
import type { Situation } from './situation.ts';

type Compile = (condition: Condition) => Check;

/** Of one way, or of both, or of either: where both are asked, each has to pass. */
function ofWays(
  way: string,
  names: readonly [string, string],
  passes: (direction: 0 | 1, situation: Situation) => boolean,
): Check {
  if (way === names[0]) return (situation) => passes(0, situation);
  if (way === names[1]) return (situation) => passes(1, situation);
  if (way === 'both') return (situation) => passes(0, situation) && passes(1, situation);
  return (situation) => passes(0, situation) || passes(1, situation);
}

const amount =
  (of: 'packets' | 'bytes'): Compile =>
  (condition) => {
    const { way, test } = fieldsOf(condition);
    const wanted = printedTest(String(test));
    return ofWays(String(way), ['toserver', 'toclient'], (direction, { flow }) => {
      return flow !== null && passes(wanted, flow[of][direction]);
    });
  };

const streamSize: Compile = (condition) => {
  const { side, test } = fieldsOf(condition);
  const wanted = printedTest(String(test));
  return ofWays(String(side), ['client', 'server'], (direction, { flow, packet }) => {
    const session = flow?.session ?? null;
    return session !== null && packet.protocol === PROTOCOL_TCP && passes(wanted, session.sentNumbers(direction));
  });
};

/** What is taken to be spoken where the rule asks; null: it is not known there. */
function spokenIn(mode: string, conversation: Conversation | null, direction: 0 | 1): readonly (string | null)[] {
  if (conversation === null) return [null];
  switch (mode) {
    case 'to_server':
      return [conversation.taken(0)];
    case 'to_client':
      return [conversation.taken(1)];
    case 'either':
      return [conversation.taken(0), conversation.taken(1)];
    case 'final':
      return [conversation.final];
    case 'original':
      return [conversation.original];
    default:
      return [conversation.taken(direction)];
  }
}

/** What the direction speaks, which it may not have said yet. A rule about that alone waits until its own bytes say it. */
const applicationProtocol: Compile = (condition) => {
  const { names, isNegated, mode } = fieldsOf(condition);
  const wanted = new Set(
    String(names)
      .replace(/\bhttp1\b/g, 'http')
      .split(' '),
  );
  const takesUnknown = wanted.has('unknown');
  return ({ flow, direction }) => {
    const conversation = (flow?.application as Conversation | null | undefined) ?? null;
    const found = spokenIn(String(mode), conversation, direction).filter((name) => name !== null);
    if (found.length === 0) return takesUnknown && flow !== null;
    return found.some((name) => wanted.has(name)) !== (isNegated === 1);
  };
};

const decodeEvent: Compile = (condition) => {
  const code = decodeEventCode(wordsOf(condition)[0]!);
  if (code === undefined) return () => false;
  return ({ packet }) => {
    for (let i = 0; i < packet.eventCount; i += 1) if (packet.events[i] === code) return true;
    return false;
  };
};

/** What ends a session that there is none of. */
const withoutSession =
  (flags: number, others: number): Check =>
  ({ flow, packet }) =>
    flow !== null &&
    flow.session === null &&
    packet.protocol === PROTOCOL_TCP &&
    (packet.tcpFlags & flags) !== 0 &&
    (packet.tcpFlags & others) === 0;

/** A session notes it itself. */
const brokenAck: Check = ({ flow, packet }) => flow !== null && flow.session === null && hasBrokenAck(packet);

const streamEvent: Compile = (condition) => {
  const [name] = wordsOf(condition) as [string];
  if (name === 'rst_but_no_session') return withoutSession(TCP_RST, 0);
  if (name === 'fin_but_no_session') return withoutSession(TCP_FIN, TCP_RST);
  if (name === 'pkt_broken_ack') return (situation) => brokenAck(situation) || isNoted(situation, name);
  return (situation) => isNoted(situation, name);
};

/** What a rule about the stream can ask of the packet at hand. */
export function streamEventsOf(packet: Packet, flow: Flow | null): readonly string[] {
  if (packet.isPseudo || flow === null) return [];
  if (flow.session !== null) return flow.session.events;
  const { tcpFlags, protocol } = packet;
  if (protocol !== PROTOCOL_TCP) return [];
  if (hasBrokenAck(packet)) return ['pkt_broken_ack'];
  if ((tcpFlags & TCP_RST) !== 0) return ['rst_but_no_session'];
  return (tcpFlags & TCP_FIN) !== 0 ? ['fin_but_no_session'] : [];
}

const isNoted = ({ flow }: Situation, name: string): boolean => flow?.session?.events.includes(name) === true;

/** Of how the protocol was recognised. */
const recognitionEvent: Compile = (condition) => {
  const [name] = wordsOf(condition) as [string];
  // It is noticed with the packet that was sent, and not with those before it that nobody sent.
  return ({ flow, packet }) =>
    !packet.isFlush && (flow?.application as Conversation | null | undefined)?.events.includes(name) === true;
};

const hasNone = ({ bytes, transportAt }: Packet): boolean =>
  bytes[transportAt + 6] === 0 && bytes[transportAt + 7] === 0;

const checksum =
  (version: 4 | 6, protocol: number | null): Compile =>
  (condition) => {
    const isValid = wordsOf(condition)[0] === 'valid';
    return ({ packet }) => {
      if (packet.isPseudo || packet.ipVersion !== version) return false;
      if (protocol !== null && (packet.protocol !== protocol || !packet.hasTransport)) return false;
      // A datagram without a checksum has neither a right nor a wrong one.
      if (protocol === PROTOCOL_UDP && version === 4 && hasNone(packet)) return false;
      return (protocol === null ? isIpChecksumValid(packet) : isTransportChecksumValid(packet)) === isValid;
    };
  };

/** Of the first packet of each direction. */
const hook: Compile = (condition) => {
  const [, name, way] = wordsOf(condition);
  if (way !== undefined || name === 'all') return () => true;
  return ({ flow, direction, packet }) => flow !== null && !packet.isPseudo && flow.packets[direction] === 1;
};

const CONDITIONS: Readonly<Record<string, Compile>> = {
  'flow.age': (condition) => {
    const test = testOf(condition);
    return ({ flow }) => flow !== null && passes(test, Math.floor(flow.lastUs / 1e6) - Math.floor(flow.firstUs / 1e6));
  },
  'flow.pkts': amount('packets'),
  'flow.bytes': amount('bytes'),
  hook,
  stream_size: streamSize,
  'app-layer-protocol': applicationProtocol,
  'decode-event': decodeEvent,
  'engine-event.decoder': decodeEvent,
  'stream-event': streamEvent,
  'engine-event.stream': streamEvent,
  'app-layer-event.flow': recognitionEvent,
  'ipv4-csum': checksum(4, null),
  'tcpv4-csum': checksum(4, 6),
  'tcpv6-csum': checksum(6, 6),
  'udpv4-csum': checksum(4, 17),
  'udpv6-csum': checksum(6, 17),
  'icmpv4-csum': checksum(4, 1),
  'icmpv6-csum': checksum(6, 58),
};

export const isFact = (keyword: string): boolean => CONDITIONS[keyword] !== undefined;

/** undefined: the keyword is none of these. */
export const factCheck = (condition: Condition): Check | undefined => CONDITIONS[condition.keyword]?.(condition);

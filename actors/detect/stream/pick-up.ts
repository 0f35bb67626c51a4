/** How a session begins: with a SYN, or, where the options say so, in its middle. */
import { TCP_ACK, TCP_FIN, TCP_RST, TCP_SYN } from '../packet/index.ts';
import type { Segment } from './segment.ts';
import { plus } from './sequence.ts';
import { TCP_STATE, type TcpSession } from './tcp-session.ts';

/** Of a session whose handshake was not seen the scale is not known: it is taken for the largest. */
export const MAX_WINDOW_SCALE = 14;

/** What the segment may begin; `none` where it begins nothing. */
export type Beginning = 'syn' | 'syn-ack' | 'midstream' | 'none';

export function beginningOf(segment: Segment): Beginning {
  const { flags, options } = segment;
  if ((flags & TCP_RST) !== 0) return 'none';
  if ((flags & TCP_FIN) !== 0) return options.midstream && segment.length > 0 ? 'midstream' : 'none';
  if ((flags & (TCP_SYN | TCP_ACK)) === (TCP_SYN | TCP_ACK))
    return options.midstream || options.asyncOneside ? 'syn-ack' : 'none';
  if ((flags & TCP_SYN) !== 0) return 'syn';
  return (flags & TCP_ACK) !== 0 && options.midstream ? 'midstream' : 'none';
}

export function beginWithSyn(segment: Segment): void {
  const { session, sender, receiver, packet } = segment;
  segment.setState(TCP_STATE.synSent);
  session.isAsync = segment.options.asyncOneside;
  sender.begin(segment.sequence);
  sender.nextSequence = plus(segment.sequence, 1);
  if (packet.hasTimestamp) {
    sender.hasTimestamps = true;
    sender.lastTimestamp = packet.timestampValue;
    sender.isZeroTimestamp = packet.timestampValue === 0;
    sender.lastPacketSeconds = segment.seconds;
  }
  receiver.window = segment.window;
  if (packet.windowScale >= 0) {
    session.offersScale = true;
    receiver.windowScale = packet.windowScale;
  }
  if (!packet.hasFastOpen) return;
  session.isFastOpen = true;
  if (segment.length === 0) return;
  segment.raiseNext(sender, plus(sender.nextSequence, segment.length));
  segment.reassemble();
}

/** The flow is turned already. */
export function beginWithSynAck(segment: Segment): void {
  const { session, sender, receiver, packet } = segment;
  segment.setState(TCP_STATE.synReceived);
  session.isMidstream = true;
  session.beganWithSynAck = true;
  session.isAsync = segment.options.asyncOneside;
  sender.begin(segment.sequence);
  sender.nextSequence = plus(segment.sequence, 1);
  sender.window = segment.window;
  receiver.begin(plus(segment.acknowledgment, -1));
  receiver.nextSequence = segment.acknowledgment;
  receiver.lastAck = segment.acknowledgment;
  sender.lastAck = segment.sequence;
  sender.nextWindow = plus(sender.lastAck, sender.window);
  if (packet.windowScale >= 0) {
    receiver.windowScale = packet.windowScale;
    sender.windowScale = MAX_WINDOW_SCALE;
  }
  takeFirstTimestamps(segment, session);
}

/** Who is seen first counts as the client. */
export function beginInMiddle(segment: Segment): void {
  const { session, sender, receiver } = segment;
  const isClosing = (segment.flags & TCP_FIN) !== 0;
  segment.setState(isClosing ? TCP_STATE.finWait1 : TCP_STATE.established);
  session.isMidstream = true;
  session.isWindowUnknown = true;
  session.isAsync = segment.options.asyncOneside;
  sender.windowScale = MAX_WINDOW_SCALE;
  receiver.windowScale = MAX_WINDOW_SCALE;
  sender.begin(plus(segment.sequence, -1));
  sender.nextSequence = isClosing ? plus(segment.end, 1) : segment.end;
  sender.window = segment.window << MAX_WINDOW_SCALE;
  sender.lastAck = segment.sequence;
  sender.nextWindow = plus(sender.lastAck, sender.window);
  receiver.begin(plus(segment.acknowledgment, -1));
  receiver.nextSequence = segment.acknowledgment;
  receiver.lastAck = segment.acknowledgment;
  receiver.nextWindow = receiver.lastAck;
  takeFirstTimestamps(segment, session);
  segment.reassemble();
}

function takeFirstTimestamps(segment: Segment, session: TcpSession): void {
  const { packet, sender, receiver } = segment;
  if (!packet.hasTimestamp) return;
  session.hasTimestamps = true;
  sender.lastTimestamp = packet.timestampValue;
  receiver.lastTimestamp = packet.timestampEcho;
  sender.lastPacketSeconds = segment.seconds;
  sender.isZeroTimestamp = packet.timestampValue === 0;
  receiver.isZeroTimestamp = packet.timestampEcho === 0;
}

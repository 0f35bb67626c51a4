/** A session under way: data, acknowledgments, and the first FIN. */
import { TCP_ACK, TCP_FIN, TCP_RST, TCP_SYN } from '../packet/index.ts';
import { isAckValid, isResetValid, isTimestampValid, takeTimestamp } from './acceptance.ts';
import type { Segment } from './segment.ts';
import { isAfter, isBefore, plus } from './sequence.ts';
import { TCP_STATE } from './tcp-session.ts';

export function followEstablished(segment: Segment): boolean {
  const { flags, session } = segment;
  if ((flags & TCP_RST) !== 0) return takeReset(segment);
  if ((flags & TCP_FIN) !== 0) {
    if (session.hasTimestamps && !isTimestampValid(segment)) return false;
    return followFin(segment);
  }
  if ((flags & (TCP_SYN | TCP_ACK)) === (TCP_SYN | TCP_ACK)) return takeSynAckAgain(segment);
  if ((flags & TCP_SYN) !== 0) {
    if (segment.direction === 1) return segment.refuse('est_syn_toclient');
    return segment.refuse(segment.sequence === segment.sender.isn ? 'est_syn_resend' : 'est_syn_resend_diff_seq');
  }
  if ((flags & TCP_ACK) === 0) return true;
  if (session.hasTimestamps && !isTimestampValid(segment)) return false;
  if (segment.direction === 1) session.isConfirmed = true;
  // Refused data may be another's; the session itself is as good as before, and what it has is inspected.
  takeData(segment);
  return true;
}

function takeReset(segment: Segment): boolean {
  if (!isResetValid(segment)) return false;
  const { session, sender, receiver } = segment;
  session.closedByReset = true;
  segment.setState(TCP_STATE.closed);
  sender.nextSequence = segment.direction === 0 ? segment.end : plus(segment.end, 1);
  receiver.nextSequence = segment.acknowledgment;
  sender.window = segment.window << sender.windowScale;
  takeLast(segment);
  return true;
}

/** What a reset says of both streams before nothing more is said. */
export function takeLast(segment: Segment): void {
  if ((segment.flags & TCP_ACK) !== 0 && isAckValid(segment))
    segment.raiseAck(segment.receiver, segment.acknowledgment);
  segment.raiseAck(segment.sender, segment.sequence);
  takeTimestamp(segment);
  segment.reassemble();
}

function takeSynAckAgain(segment: Segment): boolean {
  const { session, sender, receiver } = segment;
  if (segment.direction === 0) return segment.refuse('est_synack_toserver');
  if (segment.acknowledgment !== receiver.lastAck) return segment.refuse('est_synack_resend_with_diff_ack');
  if (segment.sequence !== sender.isn) return segment.refuse('est_synack_resend_with_diff_seq');
  return !session.isConfirmed || segment.refuse('est_synack_resend');
}

function takeData(segment: Segment): boolean {
  const { session, sender, receiver, sequence, end, length, direction } = segment;
  if (!isAckValid(segment)) return segment.refuse('est_invalid_ack');
  if (direction === 1 && session.isWindowUnknown) {
    sender.window = segment.window << sender.windowScale;
    sender.nextWindow = plus(sender.lastAck, sender.window);
    session.isWindowUnknown = false;
  }
  const isKeepAlive = length <= 1 && sequence === plus(sender.nextSequence, -1);
  if (!isKeepAlive && isBefore(end, sender.lastAck) && !isTakenThough(segment))
    return segment.refuse('est_pkt_before_last_ack');
  if (length === 1 && sequence === sender.nextSequence && sender.window === 0) {
    sender.isProbing = true;
    segment.reassemble();
    return true;
  }
  segment.raiseNext(sender, end);
  if (isAfter(end, sender.nextWindow) && !session.isMidstream && !session.isAsync)
    return segment.refuse('est_packet_out_of_window');
  receiver.window = segment.scaledWindow;
  segment.raiseAck(receiver, segment.acknowledgment);
  takeTimestamp(segment);
  segment.raiseWindow(receiver);
  segment.reassemble();
  return true;
}

/** Of bytes before the last acknowledgment: taken where one side alone is seen, or where they are new nevertheless. */
function isTakenThough(segment: Segment): boolean {
  const { session, sender, sequence } = segment;
  if (session.isAsync) {
    if (segment.direction === 0) segment.raiseAck(sender, sequence);
    else sender.lastAck = sequence;
    return true;
  }
  if (segment.direction === 0 && segment.options.asyncOneside && session.isMidstream) {
    if (sequence === sender.nextSequence || sender.lastAck === plus(sender.isn, 1)) {
      segment.raiseAck(sender, sequence);
      session.isAsync = true;
      return true;
    }
  }
  return isAfter(sender.lastAck, sender.nextSequence) && isAfter(segment.end, sender.nextSequence);
}

export function followFin(segment: Segment): boolean {
  const { sender, receiver, end } = segment;
  if (!isAckValid(segment)) return segment.refuse('fin_invalid_ack');
  if (isBefore(segment.sequence, sender.lastAck) || isAfter(end, sender.nextWindow))
    return segment.refuse('fin_out_of_window');
  const isOfClient = segment.direction === 0;
  if (isOfClient && (segment.flags & TCP_SYN) !== 0) return segment.refuse('fin_syn');
  segment.setState(isOfClient ? TCP_STATE.closeWait : TCP_STATE.finWait1);
  sender.nextSequence = isOfClient ? end : plus(end, 1);
  receiver.window = segment.scaledWindow;
  takeTimestamp(segment);
  segment.raiseNext(receiver, segment.acknowledgment);
  if ((segment.flags & TCP_ACK) !== 0) segment.raiseAck(receiver, segment.acknowledgment);
  segment.reassemble();
  return true;
}

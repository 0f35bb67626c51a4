/** A session from its first FIN to its end. */
import { TCP_ACK, TCP_FIN, TCP_RST, TCP_SYN } from '../packet/index.ts';
import { isAckValid, isResetValid, isTimestampValid, takeTimestamp } from './acceptance.ts';
import { takeLast } from './established.ts';
import type { Segment } from './segment.ts';
import { isAfter, isBefore, plus } from './sequence.ts';
import { isRetransmission } from './side-traffic.ts';
import { TCP_STATE } from './tcp-session.ts';

/** What every closing state says of resets and SYNs; null where the state itself has to say. */
function takeCommon(segment: Segment, ignoresFin: boolean): boolean | null {
  const { flags } = segment;
  if ((flags & TCP_RST) !== 0) {
    if (!isResetValid(segment)) return false;
    segment.session.closedByReset = true;
    segment.setState(TCP_STATE.closed);
    takeLast(segment);
    return true;
  }
  if ((flags & TCP_FIN) !== 0 && ignoresFin) return true;
  if ((flags & TCP_FIN) === 0 && (flags & TCP_SYN) !== 0) return segment.refuse('shutdown_syn_resend');
  if ((flags & (TCP_FIN | TCP_ACK)) === 0) return true;
  return segment.session.hasTimestamps && !isTimestampValid(segment) ? false : null;
}

function isBeyondWindow({ sender, sequence }: Segment): boolean {
  return isAfter(sequence, plus(sender.lastAck, sender.window));
}

function isWithinNextWindow({ session, sender, end }: Segment): boolean {
  return !isAfter(end, sender.nextWindow) || session.isMidstream || session.isAsync;
}

export function followFinWait1(segment: Segment): boolean {
  const done = takeCommon(segment, false);
  if (done !== null) return done;
  const { flags } = segment;
  if ((flags & TCP_FIN) === 0) return takeAckInFinWait1(segment);
  const { sender, receiver, sequence, acknowledgment, direction } = segment;
  const isAlsoAck = (flags & TCP_ACK) !== 0;
  let isRepeated = isRetransmission(segment);
  if (!isRepeated && isAlsoAck && direction === 1)
    isRepeated = sequence === plus(sender.nextSequence, -1) && acknowledgment === receiver.lastAck;
  if (!isRepeated && (isBefore(sequence, plus(sender.nextSequence, -1)) || isBeyondWindow(segment)))
    return segment.refuse('fin1_fin_wrong_seq');
  if (!isAckValid(segment)) return segment.refuse('fin1_invalid_ack');
  if (!isRepeated) {
    segment.setState(isAlsoAck ? TCP_STATE.timeWait : TCP_STATE.closing);
    receiver.window = segment.scaledWindow;
  }
  takeTimestamp(segment);
  if (!isRepeated || !isAlsoAck || direction === 0) {
    if (isBefore(plus(receiver.nextSequence, -1), acknowledgment)) receiver.nextSequence = acknowledgment;
    const expected = isAlsoAck && direction === 0 ? sender.nextSequence : plus(sender.nextSequence, -1);
    if (sequence === expected) sender.nextSequence = segment.end;
    if (isAlsoAck) segment.raiseAck(receiver, acknowledgment);
  }
  segment.reassemble();
  return true;
}

function takeAckInFinWait1(segment: Segment): boolean {
  const { sender, receiver, sequence, acknowledgment, direction } = segment;
  const isRepeated = isRetransmission(segment);
  if (!isAckValid(segment)) return segment.refuse('fin1_invalid_ack');
  const expected = direction === 0 ? sender.nextSequence : plus(sender.nextSequence, -1);
  if (!isRepeated && (direction === 1 || acknowledgment === receiver.nextSequence)) {
    if (!isWithinNextWindow(segment)) return segment.refuse('fin1_ack_wrong_seq');
    if (sequence === expected) segment.setState(TCP_STATE.finWait2);
    receiver.window = segment.scaledWindow;
  }
  takeTimestamp(segment);
  if (isBefore(plus(receiver.nextSequence, -1), acknowledgment)) receiver.nextSequence = acknowledgment;
  if (sequence === expected) sender.nextSequence = segment.end;
  segment.raiseAck(receiver, acknowledgment);
  segment.raiseWindow(receiver);
  segment.reassemble();
  return true;
}

export function followFinWait2(segment: Segment): boolean {
  const done = takeCommon(segment, false);
  if (done !== null) return done;
  const { flags, sender, receiver, sequence, acknowledgment, direction } = segment;
  if ((flags & TCP_FIN) !== 0) {
    const isRepeated =
      (sequence === plus(sender.nextSequence, -1) && acknowledgment === receiver.lastAck) || isRetransmission(segment);
    if (!isRepeated && (isBefore(sequence, sender.nextSequence) || isBeyondWindow(segment)))
      return segment.refuse('fin2_fin_wrong_seq');
    if (!isAckValid(segment)) return segment.refuse('fin2_invalid_ack');
    if (!isRepeated) {
      segment.setState(TCP_STATE.timeWait);
      if (direction === 0 && sequence === sender.nextSequence) segment.raiseNext(sender, segment.end);
      receiver.window = segment.scaledWindow;
    }
    takeTimestamp(segment);
    segment.raiseNext(receiver, acknowledgment);
    if ((flags & TCP_ACK) !== 0) segment.raiseAck(receiver, acknowledgment);
    segment.reassemble();
    return true;
  }
  const isRepeated = isRetransmission(segment);
  if (!isAckValid(segment)) return segment.refuse('fin2_invalid_ack');
  if (!isRepeated) {
    if (!isWithinNextWindow(segment)) return segment.refuse('fin2_ack_wrong_seq');
    receiver.window = segment.scaledWindow;
  }
  takeTimestamp(segment);
  if (sequence === sender.nextSequence) segment.raiseNext(sender, segment.end);
  segment.raiseAck(receiver, acknowledgment);
  segment.raiseWindow(receiver);
  segment.reassemble();
  return true;
}

export function followClosing(segment: Segment): boolean {
  const done = takeCommon(segment, false);
  if (done !== null) return done;
  const { sender, receiver } = segment;
  if ((segment.flags & TCP_ACK) === 0) return true;
  const isRepeated = isRetransmission(segment);
  if (segment.sequence !== sender.nextSequence) return segment.refuse('closing_ack_wrong_seq');
  if (!isAckValid(segment)) return segment.refuse('closing_invalid_ack');
  if (!isRepeated) {
    segment.setState(TCP_STATE.timeWait);
    const { client } = segment.session;
    client.window = segment.window << client.windowScale;
  }
  takeTimestamp(segment);
  segment.raiseNext(receiver, segment.acknowledgment);
  segment.raiseAck(receiver, segment.acknowledgment);
  segment.reassemble();
  return true;
}

export function followCloseWait(segment: Segment): boolean {
  const done = takeCommon(segment, false);
  if (done !== null) return done;
  const { flags, sender, receiver, sequence, acknowledgment } = segment;
  const isFin = (flags & TCP_FIN) !== 0;
  const isRepeated = isRetransmission(segment);
  if (isFin) {
    if (!isRepeated && (isBefore(sequence, sender.nextSequence) || isBeyondWindow(segment)))
      return segment.refuse('closewait_fin_out_of_window');
  } else if (segment.length > 0 && !isAfter(segment.end, sender.lastAck))
    return segment.refuse('closewait_pkt_before_last_ack');
  else if (isBeyondWindow(segment)) return segment.refuse('closewait_ack_out_of_window');
  if (!isAckValid(segment)) return segment.refuse('closewait_invalid_ack');
  if (!isRepeated) {
    if (isFin && segment.direction === 1) segment.setState(TCP_STATE.lastAck);
    receiver.window = segment.scaledWindow;
  }
  takeTimestamp(segment);
  segment.raiseNext(receiver, acknowledgment);
  if (!isFin && sequence === sender.nextSequence) segment.raiseNext(sender, segment.end);
  if ((flags & TCP_ACK) !== 0) segment.raiseAck(receiver, acknowledgment);
  segment.reassemble();
  return true;
}

export function followLastAck(segment: Segment): boolean {
  const done = takeCommon(segment, true);
  if (done !== null) return done;
  if (segment.direction === 1) return true;
  const { sender, receiver, sequence } = segment;
  const isRepeated = isRetransmission(segment);
  if (!isAckValid(segment)) return segment.refuse('lastack_invalid_ack');
  if (!isRepeated) {
    if (!isBefore(sequence, sender.nextSequence)) {
      if (sequence !== sender.nextSequence && sequence !== plus(sender.nextSequence, 1))
        return segment.refuse('lastack_ack_wrong_seq');
      segment.setState(TCP_STATE.closed);
    }
    receiver.window = segment.scaledWindow;
  }
  takeTimestamp(segment);
  segment.raiseNext(receiver, segment.acknowledgment);
  segment.raiseAck(receiver, segment.acknowledgment);
  segment.reassemble();
  return true;
}

export function followTimeWait(segment: Segment): boolean {
  const done = takeCommon(segment, true);
  if (done !== null) return done;
  const { sender, receiver, sequence, direction } = segment;
  const isRepeated = isRetransmission(segment);
  if (!isRepeated) {
    const other = plus(sender.nextSequence, direction === 0 ? 1 : -1);
    if (sequence !== sender.nextSequence && sequence !== other) {
      if (direction === 1 && segment.length > 0 && sequence === sender.lastAck) return true;
      return segment.refuse('timewait_ack_wrong_seq');
    }
  }
  if (!isAckValid(segment)) return segment.refuse('timewait_invalid_ack');
  if (!isRepeated) {
    segment.setState(TCP_STATE.closed);
    receiver.window = segment.scaledWindow;
  }
  takeTimestamp(segment);
  segment.raiseNext(receiver, segment.acknowledgment);
  segment.raiseAck(receiver, segment.acknowledgment);
  segment.reassemble();
  return true;
}

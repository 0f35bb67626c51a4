/**
 * Segments that say nothing new and change nothing: keep-alives, probes of a closed window, acknowledgments that others
 * have overtaken, and such that only mean to spoil the window.
 */
import { TCP_ACK, TCP_FIN, TCP_RST, TCP_SYN } from '../packet/index.ts';
import type { Segment } from './segment.ts';
import { isAfter, isBefore, plus } from './sequence.ts';
import { TCP_STATE } from './tcp-session.ts';

const NOT_PLAIN = TCP_SYN | TCP_FIN | TCP_RST;

/** True where the segment is passed over by the session's states. */
export function isSideTraffic(segment: Segment): boolean {
  if (isKeepAlive(segment) || isKeepAliveAnswer(segment)) return true;
  segment.sender.isKeptAlive = false;
  const isProbeAnswer = isZeroWindowAnswer(segment);
  segment.receiver.isProbing = false;
  if (isProbeAnswer) return true;
  if (!isFinalAck(segment) && !isWindowUpdate(segment)) {
    if (isBadWindowUpdate(segment)) {
      segment.session.note('pkt_bad_window_update');
      return true;
    }
    if (isOutdatedAck(segment)) return true;
  }
  return isSpuriousRetransmission(segment);
}

function isKeepAlive(segment: Segment): boolean {
  if (segment.length > 1 || (segment.flags & NOT_PLAIN) !== 0) return false;
  const { sender, receiver } = segment;
  if (segment.acknowledgment !== receiver.lastAck || segment.sequence !== plus(sender.nextSequence, -1)) return false;
  sender.isKeptAlive = true;
  return true;
}

function isKeepAliveAnswer(segment: Segment): boolean {
  const { sender, receiver } = segment;
  if (!receiver.isKeptAlive || segment.length > 0 || (segment.flags & NOT_PLAIN) !== 0 || segment.window === 0)
    return false;
  if (segment.scaledWindow !== receiver.window) return false;
  if (segment.acknowledgment !== receiver.lastAck || segment.sequence !== sender.nextSequence) return false;
  receiver.isKeptAlive = false;
  sender.isKeptAlive = false;
  return true;
}

/** A sender probes with one byte whether a closed window is open again; the probed one says that it is not. */
function isZeroWindowAnswer(segment: Segment): boolean {
  const { session, sender, receiver } = segment;
  if (!receiver.isProbing || session.state < TCP_STATE.established || !segment.isPlainAck) return false;
  if (segment.window !== 0 || receiver.window !== 0) return false;
  return segment.sequence === sender.nextSequence && segment.acknowledgment === receiver.lastAck;
}

function isFinalAck(segment: Segment): boolean {
  const { state } = segment.session;
  if (state !== TCP_STATE.timeWait && state !== TCP_STATE.closeWait && state !== TCP_STATE.lastAck) return false;
  if (segment.flags !== TCP_ACK || segment.length !== 0) return false;
  return (
    segment.sequence === plus(segment.sender.nextSequence, 1) &&
    segment.acknowledgment === plus(segment.receiver.nextSequence, 1)
  );
}

function isWindowUpdate(segment: Segment): boolean {
  const { sender, receiver } = segment;
  if (segment.session.state < TCP_STATE.established || segment.length > 0) return false;
  if ((segment.flags & NOT_PLAIN) !== 0 || segment.window === 0 || segment.scaledWindow === receiver.window)
    return false;
  return segment.acknowledgment === receiver.lastAck && segment.sequence === sender.nextSequence;
}

/** It shrinks the window by more than it accounts for, so that what comes next would be out of it. */
function isBadWindowUpdate(segment: Segment): boolean {
  const { session, sender, receiver, acknowledgment, scaledWindow } = segment;
  if (session.state < TCP_STATE.established || session.state === TCP_STATE.closed) return false;
  if ((segment.flags & NOT_PLAIN) !== 0 || scaledWindow >= receiver.window) return false;
  const shrinks = receiver.window - scaledWindow;
  if (shrinks <= segment.length || !isAfter(acknowledgment, receiver.nextSequence)) return false;
  if (!isAfter(segment.sequence, sender.nextSequence)) return false;
  const accounted = (acknowledgment - receiver.lastAck) >>> 0;
  return shrinks > accounted + (scaledWindow > 1024 ? 32 : 0);
}

function isOutdatedAck(segment: Segment): boolean {
  if (segment.session.state < TCP_STATE.established || !segment.isPlainAck || segment.packet.hasSack) return false;
  return segment.sequence === segment.sender.nextSequence && isBefore(segment.acknowledgment, segment.receiver.lastAck);
}

/** Of bytes that are no longer kept. */
function isSpuriousRetransmission(segment: Segment): boolean {
  if (segment.length === 0) return false;
  const { sender } = segment;
  const isGone = !sender.isOver && sender.offsetOf(segment.end) <= sender.keptFrom;
  if (isGone || !isAfter(segment.end, sender.lastAck)) segment.session.note('pkt_spurious_retransmission');
  return isGone;
}

/** Of bytes that were seen before. */
export function isRetransmission(segment: Segment): boolean {
  const { sender, length, end } = segment;
  if (length === 0) return false;
  const isPartlyAcked = isBefore(segment.sequence, sender.lastAck) && isAfter(end, sender.lastAck);
  if (!isPartlyAcked && isAfter(end, sender.lastAck) && isAfter(end, sender.nextSequence)) return false;
  segment.session.note('pkt_retransmission');
  return true;
}

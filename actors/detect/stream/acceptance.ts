/** Whether a segment's acknowledgment, timestamp or reset is one that its target would take. */
import { TCP_ACK, TCP_RST } from '../packet/index.ts';
import type { Segment } from './segment.ts';
import { isAfter, isBefore, plus } from './sequence.ts';
import { TCP_STATE } from './tcp-session.ts';
import type { TcpStream } from './tcp-stream.ts';

/** 24 days: an older timestamp says nothing any more (RFC 7323). */
const TIMESTAMP_AGE_SECONDS = 2_073_600;

export function isAckValid(segment: Segment): boolean {
  const { acknowledgment: ack, receiver: stream, session } = segment;
  if ((segment.flags & TCP_ACK) === 0 || ack === stream.lastAck) return true;
  if (isBefore(ack, stream.lastAck)) {
    if (stream.window !== 0 && isBefore(ack, plus(stream.lastAck, -stream.window)))
      return segment.refuse('pkt_invalid_ack');
    return true;
  }
  if (!isAfter(ack, stream.nextWindow)) return true;
  if (session.isAsync) return true;
  if (session.state > TCP_STATE.synSent) return segment.refuse('pkt_invalid_ack');
  if (segment.direction === 1 && (segment.flags & TCP_RST) !== 0 && ack === plus(stream.isn, 1)) return true;
  return segment.refuse('pkt_invalid_ack');
}

export function isResetValid(segment: Segment): boolean {
  const { session, sender, sequence } = segment;
  if (session.isLossy) return true;
  if (session.hasTimestamps && !isTimestampValid(segment)) return false;
  if (segment.length > 0) session.note('rst_with_data');
  if ((segment.flags & TCP_ACK) !== 0 && segment.acknowledgment !== 0 && !isAckValid(segment))
    return segment.refuse('rst_invalid_ack');
  if (session.isAsync) return !isBefore(sequence, sender.nextSequence);
  switch (segment.receiver.policy) {
    case 'old-linux':
    case 'linux':
    case 'solaris':
      return !isBefore(segment.end, sender.lastAck) && isBefore(sequence, plus(sender.nextSequence, sender.window));
    default:
      return sequence === sender.nextSequence;
  }
}

export function isTimestampValid(segment: Segment): boolean {
  const { packet, sender, receiver } = segment;
  if (!packet.hasTimestamp) return true;
  let isChecked = true;
  let last = sender.lastTimestamp;
  if (sender.isZeroTimestamp) {
    if (receiver.policy === 'linux') isChecked = false;
    else if (isLaxOnZero(receiver) && sender.nextSequence === segment.sequence) {
      last = packet.timestampValue;
      isChecked = false;
    }
  }
  if (packet.timestampValue === 0 && !takesZero(receiver)) return segment.refuse('pkt_invalid_timestamp');
  if (!isChecked || isFresh(segment, last)) return true;
  return segment.refuse('pkt_invalid_timestamp');
}

/** The segment was taken: its timestamp is now the one that others are compared with. */
export function takeTimestamp(segment: Segment): void {
  const { packet, sender, receiver, session } = segment;
  if (!session.hasTimestamps) return;
  if (!packet.hasTimestamp) {
    if (receiver.policy === 'solaris') session.hasTimestamps = false;
    return;
  }
  const isNext = sender.nextSequence === segment.sequence;
  if (sender.isZeroTimestamp) {
    if (receiver.policy === 'linux') {
      session.hasTimestamps = false;
      return;
    }
    if (isLaxOnZero(receiver)) {
      sender.isZeroTimestamp = false;
      if (isNext) {
        sender.lastTimestamp = packet.timestampValue;
        return;
      }
    }
  }
  if (packet.timestampValue === 0 && !takesZero(receiver)) return;
  if (!isFresh(segment, sender.lastTimestamp)) return;
  if (isNext) sender.lastTimestamp = packet.timestampValue;
  sender.lastPacketSeconds = segment.seconds;
}

function isFresh(segment: Segment, last: number): boolean {
  const { packet, sender, seconds } = segment;
  const slack = segment.receiver.policy === 'linux' ? 1 : 0;
  const since = sender.lastPacketSeconds === 0 && segment.session.isMidstream ? seconds : sender.lastPacketSeconds;
  const isOld = seconds > since + TIMESTAMP_AGE_SECONDS;
  const isRising = ((packet.timestampValue - last + slack) | 0) >= 0;
  if (isRising && !(sender.lastTimestamp !== 0 && isOld)) return true;
  return sender.nextSequence === segment.sequence && isOld;
}

function isLaxOnZero(target: TcpStream): boolean {
  return target.policy === 'old-linux' || target.policy === 'windows' || target.policy === 'vista';
}

function takesZero(target: TcpStream): boolean {
  return isLaxOnZero(target) || target.policy === 'solaris';
}

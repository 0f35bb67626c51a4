/** From the SYN to the third packet of the handshake, with what may go wrong or be missed in between. */
import { TCP_ACK, TCP_FIN, TCP_RST, TCP_SYN } from '../packet/index.ts';
import { isAckValid, isResetValid, isTimestampValid, takeTimestamp } from './acceptance.ts';
import { followFin } from './established.ts';
import { type Offer, sameOffer } from './handshake-offer.ts';
import { MAX_WINDOW_SCALE } from './pick-up.ts';
import type { Segment } from './segment.ts';
import { isAfter, plus } from './sequence.ts';
import { TCP_STATE } from './tcp-session.ts';

/** Different SYNs and SYN-ACKs of one handshake that are remembered. */
const MAX_SYNS = 10;
const MAX_SYN_ACKS = 5;

export function followSynSent(segment: Segment): boolean {
  const { flags, direction, session } = segment;
  if ((flags & (TCP_SYN | TCP_ACK)) === (TCP_SYN | TCP_ACK))
    return direction === 1 ? takeSynAck(segment) : takeAnswerToSecondSyn(segment);
  if (direction === 1 && !echoesTimestamp(segment)) return segment.refuse('pkt_invalid_timestamp');
  if ((flags & TCP_RST) !== 0) return takeResetOfSyn(segment);
  if ((flags & TCP_FIN) !== 0) return true;
  if ((flags & TCP_SYN) !== 0) {
    if (direction === 1) takeSynOfServer(segment);
    else takeSynAgain(segment);
    return true;
  }
  if ((flags & TCP_ACK) === 0 || !segment.options.asyncOneside) return true;
  if (segment.sequence !== segment.sender.nextSequence) return segment.refuse('3whs_async_wrong_seq');
  const { sender, receiver } = segment;
  session.isAsync = true;
  segment.setState(TCP_STATE.established);
  sender.window = segment.window;
  sender.lastAck = segment.sequence;
  sender.nextWindow = plus(sender.lastAck, sender.window);
  receiver.begin(plus(segment.acknowledgment, -1));
  receiver.nextSequence = segment.acknowledgment;
  receiver.lastAck = receiver.nextSequence;
  receiver.nextWindow = receiver.lastAck;
  if (session.offersScale) sender.windowScale = MAX_WINDOW_SCALE;
  segment.reassemble();
  return true;
}

function takeSynAck(segment: Segment): boolean {
  const { session, receiver: client, packet } = segment;
  if (packet.hasFastOpen || session.isFastOpen) {
    if (!takeFastAnswer(segment)) return false;
  } else if (segment.acknowledgment !== plus(client.isn, 1)) return segment.refuse('3whs_synack_with_wrong_ack');
  if (!echoesTimestamp(segment)) {
    const echoed = session.offers.find((offer) => offer.timestamp === segment.packet.timestampEcho);
    if (echoed === undefined) return segment.refuse('pkt_invalid_timestamp');
    applySyn(segment, echoed);
  }
  session.offers = [];
  applySynAck(segment, offerOf(segment));
  return true;
}

/** A server that takes what came with the SYN acknowledges it; one that does not is sent it again. */
function takeFastAnswer(segment: Segment): boolean {
  const { session, receiver: client } = segment;
  if (segment.acknowledgment !== client.nextSequence) {
    if (segment.acknowledgment !== plus(client.isn, 1)) return segment.refuse('3whs_synack_with_wrong_ack');
    client.nextSequence = client.isn;
    session.note('3whs_synack_tfo_data_ignored');
    session.hasIgnoredData = true;
  }
  session.isFastOpen = true;
  segment.setState(TCP_STATE.established);
  return true;
}

/** An answer echoes the timestamp of the SYN that it answers. */
function echoesTimestamp({ packet, receiver: client }: Segment): boolean {
  if (!packet.hasTimestamp) return true;
  const { timestampEcho: echo } = packet;
  if (!client.hasTimestamps) return client.lastTimestamp !== 0 || echo === 0;
  return client.lastTimestamp === 0 || echo === 0 || echo === client.lastTimestamp;
}

function applySynAck(segment: Segment, offer: Offer): void {
  const { session } = segment;
  const { client, server } = session;
  if (!session.isFastOpen) segment.setState(TCP_STATE.synReceived);
  server.begin(offer.sequence);
  server.nextSequence = plus(offer.sequence, 1);
  client.window = offer.window;
  if (offer.timestamp !== null && client.hasTimestamps) {
    session.hasTimestamps = true;
    server.lastTimestamp = offer.timestamp;
    server.lastPacketSeconds = offer.seconds;
    if (offer.timestamp === 0) server.isZeroTimestamp = true;
  } else {
    client.lastTimestamp = 0;
    server.lastTimestamp = 0;
    client.isZeroTimestamp = false;
  }
  client.lastAck = offer.acknowledgment;
  server.lastAck = plus(server.isn, 1);
  client.windowScale = session.offersScale && offer.windowScale >= 0 ? offer.windowScale : 0;
  server.nextWindow = plus(server.lastAck, server.window);
  client.nextWindow = plus(client.lastAck, client.window);
  session.isFourWay = false;
}

/** The last SYN is most likely the one that is answered; the others' timestamps are kept. */
function takeSynAgain(segment: Segment): void {
  const { session, sender, receiver } = segment;
  const offer = offerOf(segment);
  const former: Offer = {
    ...offer,
    window: receiver.window,
    windowScale: session.offersScale ? receiver.windowScale : -1,
    timestamp: sender.hasTimestamps ? sender.lastTimestamp : null,
  };
  if (!sameOffer(offer, former)) {
    if (session.offers.length < MAX_SYNS) session.offers.push(former);
    else session.note('3whs_syn_flood');
  }
  applySyn(segment, offer);
}

function applySyn({ session }: Segment, offer: Offer): void {
  const { client, server } = session;
  if (offer.timestamp !== null) {
    client.lastPacketSeconds = offer.seconds;
    client.lastTimestamp = offer.timestamp;
    client.hasTimestamps = true;
  }
  session.offersScale = offer.windowScale >= 0;
  server.windowScale = Math.max(0, offer.windowScale);
  server.window = offer.window;
}

/** Both sides send a SYN: the handshake has four packets. */
function takeSynOfServer(segment: Segment): void {
  const { session, sender, packet } = segment;
  session.isFourWay = true;
  sender.begin(segment.sequence);
  sender.nextSequence = plus(segment.sequence, 1);
  if (packet.hasTimestamp) {
    sender.hasTimestamps = true;
    sender.lastTimestamp = packet.timestampValue;
    sender.isZeroTimestamp = packet.timestampValue === 0;
    sender.lastPacketSeconds = segment.seconds;
  }
  sender.window = segment.window;
  session.offersScale = packet.windowScale >= 0;
  sender.windowScale = Math.max(0, packet.windowScale);
}

function takeAnswerToSecondSyn(segment: Segment): boolean {
  const { session, sender: client, receiver: server, packet } = segment;
  if (!session.isFourWay) return segment.refuse('3whs_synack_in_wrong_direction');
  if (segment.acknowledgment !== plus(server.isn, 1)) return segment.refuse('4whs_synack_with_wrong_ack');
  if (segment.sequence !== client.isn) return segment.refuse('4whs_synack_with_wrong_syn');
  segment.setState(TCP_STATE.synReceived);
  client.nextSequence = plus(client.isn, 1);
  server.window = segment.window;
  if (packet.hasTimestamp && server.hasTimestamps) {
    session.hasTimestamps = true;
    client.lastTimestamp = packet.timestampValue;
    client.lastPacketSeconds = segment.seconds;
    if (packet.timestampValue === 0) client.isZeroTimestamp = true;
  } else {
    server.lastTimestamp = 0;
    client.lastTimestamp = 0;
    server.isZeroTimestamp = false;
  }
  server.lastAck = segment.acknowledgment;
  client.lastAck = plus(client.isn, 1);
  server.windowScale = session.offersScale && packet.windowScale >= 0 ? packet.windowScale : 0;
  client.nextWindow = plus(client.lastAck, client.window);
  server.nextWindow = plus(server.lastAck, server.window);
  return true;
}

function takeResetOfSyn(segment: Segment): boolean {
  if (!isResetValid(segment)) return false;
  const { session, sender, direction } = segment;
  if (direction === 0) {
    const isOfClient =
      segment.sequence === sender.isn && segment.window === 0 && segment.acknowledgment === plus(sender.isn, 1);
    if (!isOfClient) return true;
  }
  segment.receiver.gotReset = true;
  session.closedByReset = true;
  segment.setState(TCP_STATE.closed);
  session.offers = [];
  return true;
}

export function followSynReceived(segment: Segment): boolean {
  const { flags, session } = segment;
  if ((flags & TCP_RST) !== 0) {
    if (!isResetValid(segment)) return false;
    const { policy } = segment.receiver;
    if (session.hadWrongAck && (policy === 'linux' || policy === 'old-linux' || policy === 'solaris')) return true;
    session.closedByReset = true;
    segment.setState(TCP_STATE.closed);
    takeTimestamp(segment);
    return true;
  }
  if ((flags & TCP_FIN) !== 0) {
    if (session.hasTimestamps && !isTimestampValid(segment)) return false;
    return followFin(segment);
  }
  if ((flags & (TCP_SYN | TCP_ACK)) === (TCP_SYN | TCP_ACK)) return takeSynAckAgain(segment);
  if ((flags & TCP_SYN) !== 0) {
    if (segment.direction === 1) return segment.refuse('3whs_syn_toclient_on_syn_recv');
    return segment.sequence === segment.sender.isn || segment.refuse('3whs_syn_resend_diff_seq_on_syn_recv');
  }
  return (flags & TCP_ACK) === 0 || takeThird(segment);
}

function takeSynAckAgain(segment: Segment): boolean {
  const { session, sender: server, receiver: client } = segment;
  if (segment.direction === 0) return segment.refuse('3whs_synack_toserver_on_syn_recv');
  if (segment.acknowledgment !== client.lastAck) return segment.refuse('3whs_synack_resend_with_diff_ack');
  if (segment.sequence === server.isn) return true;
  const offer = offerOf(segment);
  if (session.offers.some((known) => sameOffer(known, offer))) return true;
  if (session.offers.length >= MAX_SYN_ACKS) return segment.refuse('3whs_synack_flood');
  session.offers.push(offer);
  return true;
}

function takeThird(segment: Segment): boolean {
  const { session, direction } = segment;
  if (session.offers.length > 0) {
    const answered = session.offers.find(
      (offer) => plus(segment.acknowledgment, -1) === offer.sequence && segment.sequence === offer.acknowledgment,
    );
    if (answered !== undefined) applySynAck(segment, answered);
  }
  if (session.hasTimestamps && !isTimestampValid(segment)) return false;
  if (session.isFourWay && direction === 1) return takeThirdOfFour(segment);
  const missesThird = direction === 1 && !session.beganWithSynAck;
  const { client, server } = session;
  const { sequence, acknowledgment } = segment;
  if (sequence === client.nextSequence && acknowledgment === server.nextSequence) {
    takeTimestamp(segment);
    segment.raiseAck(server, acknowledgment);
    segment.raiseNext(client, plus(client.nextSequence, segment.length));
    openWindow(segment, true);
    segment.setState(TCP_STATE.established);
    if (segment.length > 0) segment.flow.isEstablished = true;
    // With the numbers that the client's would have it is the client's, whoever sent it.
    segment.reassemble(0);
    return true;
  }
  if (segment.options.asyncOneside && sequence === server.nextSequence) return takeAsync(segment);
  if (sequence === client.nextSequence) {
    session.hadWrongAck = true;
    return segment.refuse('3whs_right_seq_wrong_ack_evasion');
  }
  if (direction === 1 && isAfter(sequence, client.nextSequence) && isAfter(acknowledgment, client.lastAck)) {
    takeTimestamp(segment);
    segment.raiseAck(client, acknowledgment);
    server.nextSequence = segment.end;
    client.window = segment.window << client.windowScale;
    client.nextWindow = plus(client.lastAck, client.window);
    client.window = segment.window;
    server.nextWindow = plus(server.lastAck, server.window);
    segment.setState(TCP_STATE.established);
    segment.reassemble();
    return true;
  }
  if (
    isAfter(sequence, client.nextSequence) &&
    !isAfter(sequence, client.nextWindow) &&
    acknowledgment === server.nextSequence
  ) {
    takeTimestamp(segment);
    client.nextSequence = segment.end;
    segment.raiseAck(server, acknowledgment);
    openWindow(segment, false);
    segment.setState(TCP_STATE.established);
    segment.reassemble(0);
    return true;
  }
  if (missesThird && acknowledgment === client.lastAck && sequence === server.nextSequence) {
    segment.raiseNext(server, segment.end);
    server.window = segment.window << server.windowScale;
    server.nextWindow = plus(server.lastAck, server.window);
    segment.setState(TCP_STATE.established);
    segment.reassemble();
    return true;
  }
  return segment.refuse('3whs_wrong_seq_wrong_ack');
}

function openWindow(segment: Segment, isWhole: boolean): void {
  const { session, window } = segment;
  const { client, server } = session;
  server.window = window << server.windowScale;
  server.nextWindow = plus(server.lastAck, server.window);
  if (!session.isMidstream) return;
  if (isWhole) {
    client.window = window << client.windowScale;
    client.nextWindow = plus(client.lastAck, client.window);
    if (session.beganWithSynAck) return;
  } else client.window = window;
  server.windowScale = MAX_WINDOW_SCALE;
  client.windowScale = MAX_WINDOW_SCALE;
}

function takeThirdOfFour(segment: Segment): boolean {
  const { client, server } = segment.session;
  if (segment.sequence !== server.nextSequence) return segment.refuse('4whs_wrong_seq');
  if (!isAckValid(segment)) return segment.refuse('4whs_invalid_ack');
  takeTimestamp(segment);
  segment.raiseAck(client, segment.acknowledgment);
  segment.raiseNext(server, plus(server.nextSequence, segment.length));
  client.window = segment.window << client.windowScale;
  client.nextWindow = plus(client.lastAck, client.window);
  segment.setState(TCP_STATE.established);
  segment.reassemble();
  return true;
}

function takeAsync(segment: Segment): boolean {
  const { session, window } = segment;
  const { client, server } = session;
  session.isAsync = true;
  server.nextSequence = plus(server.nextSequence, segment.length);
  server.lastAck = segment.sequence;
  client.window = window << client.windowScale;
  client.lastAck = segment.acknowledgment;
  takeTimestamp(segment);
  if (session.isMidstream) {
    server.window = window;
    server.nextWindow = plus(server.lastAck, server.window);
    server.windowScale = MAX_WINDOW_SCALE;
    client.windowScale = MAX_WINDOW_SCALE;
  }
  segment.setState(TCP_STATE.established);
  segment.reassemble(1);
  return true;
}

function offerOf({ sequence, acknowledgment, window, packet, seconds }: Segment): Offer {
  const timestamp = packet.hasTimestamp ? packet.timestampValue : null;
  return { sequence, acknowledgment, window, windowScale: packet.windowScale, timestamp, seconds };
}

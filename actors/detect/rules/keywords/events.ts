/** What was noticed about a packet, a stream or a transaction, and whether a checksum is right. */
import type { Draft } from '../draft.ts';
import { isApplicationEventRaised, isPacketEvent, isStreamEvent } from '../event-names.ts';
import { isUnreadApplication } from '../protocols.ts';
import { shown, unsupported, wrong } from '../rule-mistake.ts';
import type { Subject } from '../subject.ts';
import { condition } from './condition-row.ts';
import { type Reader, words } from './readers.ts';
import type { KeywordRow } from './row.ts';

const decodeEvent: Reader = (keyword, text) => {
  const name = text.toLowerCase();
  return isPacketEvent(name) ? words(name) : wrong(keyword, `the event "${shown(text)}" does not exist`);
};

/** Two have another name in older rules. */
const FORMER: Readonly<Record<string, string>> = {
  est_synack_resend_with_different_ack: 'est_synack_resend_with_diff_ack',
  '3whs_synack_resend_with_different_ack': '3whs_synack_resend_with_diff_ack',
};
const streamEvent: Reader = (keyword, text) => {
  const name = FORMER[text] ?? text.toLowerCase();
  return isStreamEvent(name) ? words(name) : wrong(keyword, `the event "${shown(text)}" does not exist`);
};

function engineEvent(draft: Draft, text: string): void {
  const [, layer, name] = /^(decoder|stream)\.(\S+)$/i.exec(text) ?? [];
  if (layer === undefined) wrong('engine-event', `the event "${shown(text)}" does not exist`);
  const isStream = layer!.toLowerCase() === 'stream';
  const value = (isStream ? streamEvent : decodeEvent)('engine-event', name!);
  // Of this name it is one of packets, and no rule about damaged packets alone.
  draft.condition({ keyword: isStream ? 'engine-event.stream' : 'engine-event.decoder', value });
}

/** `app-layer-event` of what no transaction has. */
const FLOW_EVENT = 'app-layer-event.flow';
const FLOW_EVENTS: ReadonlySet<string> = new Set([
  ...['applayer_mismatch_protocol_both_directions', 'applayer_wrong_direction_first_data'],
  ...['applayer_detect_protocol_only_one_direction', 'applayer_proto_detection_skipped'],
  ...['applayer_no_tls_after_starttls', 'applayer_unexpected_protocol'],
]);

function applicationEvent(draft: Draft, text: string): void {
  const keyword = 'app-layer-event';
  const unraised = (): never => unsupported(keyword, `${shown(text)}, which nothing here looks for`);
  const [, named, event] = /^([^.]*)\.(.*)$/.exec(text) ?? [];
  if (named === undefined) {
    const name = text.toLowerCase();
    if (!FLOW_EVENTS.has(name)) wrong(keyword, `the event "${shown(text)}" does not exist`);
    draft.condition({ keyword: FLOW_EVENT, value: words(name) });
    return;
  }
  if (named === 'file' || isUnreadApplication(named!)) unraised();
  const protocol = named === 'http1' ? 'http' : named!;
  const isRaised = isApplicationEventRaised(protocol, event!.toLowerCase());
  // Suricata says so of one that does not exist, and leaves the rule out.
  if (isRaised === undefined) unsupported(keyword, `the event "${shown(text)}" does not exist`);
  if (isRaised === false) unraised();
  draft.subject = protocol as Subject;
  draft.condition({ keyword, value: words(protocol, event!.toLowerCase()) });
}

const checksum: Reader = (keyword, text) => {
  const value = text.toLowerCase();
  return value === 'valid' || value === 'invalid' ? words(value) : wrong(keyword, 'it is valid or invalid');
};

export const EVENTS: readonly KeywordRow[] = [
  condition('packet', 'decode-event', decodeEvent),
  condition('packet', 'stream-event', streamEvent),
  {
    name: 'app-layer-event',
    subject: 'flow',
    value: 'needed',
    read: (draft, { text }) => applicationEvent(draft, text),
  },
  { name: 'engine-event', subject: 'packet', value: 'needed', read: (draft, { text }) => engineEvent(draft, text) },
  ...['ipv4', 'tcpv4', 'tcpv6', 'udpv4', 'udpv6', 'icmpv4', 'icmpv6'].map((of) =>
    condition('packet', `${of}-csum`, checksum),
  ),
];

/** What can only be judged when the whole rule is there: what one part of it says about the others. */
import type { Draft } from './draft.ts';
import { applicationsOver, isApplication } from './protocols.ts';
import { checkRoom } from './required-length.ts';
import type { BufferTerms, ConditionValue, ContentTerm, RuleHeader } from './rule.ts';
import { shown, unsupported, wrong } from './rule-mistake.ts';
import type { Subject } from './subject.ts';

const PACKETS_OF: Readonly<Record<string, readonly string[]>> = {
  'tcp.hdr': ['tcp', 'tcp-pkt', 'tcp-stream', 'ip', 'ipv4', 'ipv6', 'pkthdr', ...applicationsOver('tcp')],
  'udp.hdr': ['udp', 'ip', 'ipv4', 'ipv6', 'pkthdr', ...applicationsOver('udp')],
  'icmpv4.hdr': ['icmp', 'icmpv4', 'ip', 'ipv4', 'ipv6', 'pkthdr'],
  'icmpv6.hdr': ['icmp', 'icmpv6', 'ip', 'ipv4', 'ipv6', 'pkthdr'],
};
const [TO_SERVER, TO_CLIENT, BOTH] = [1, 2, 3];
/** Keywords about a packet's own headers. */
const PACKET_KEYWORDS = new Set([
  ...['flow.age', 'dsize', 'tcp.flags', 'tcp.seq', 'tcp.ack', 'tcp.window', 'fragbits'],
  ...['fragoffset', 'ttl', 'tos', 'id', 'ip_proto', 'ipopts', 'sameip', 'itype', 'icode', 'icmp_id'],
  ...['tcp.mss', 'icmpv6.mtu', 'rpc', 'template2'],
]);
const NO_PROTOCOL: ConditionValue = { type: 'number', test: { is: 'equal', value: 256, high: null } };

export function checkRule(draft: Draft, header: RuleHeader, subjects: readonly Subject[]): void {
  const { protocol, isTransactional } = header;
  draft.finish();
  const buffers = draft.buffers();
  const application = applicationOf(protocol, subjects);
  const words: string[] = [];
  let [ofPacket, filter]: [string | null, ConditionValue | null] = [null, null];
  for (const { keyword, value } of draft.conditions) {
    if (keyword === 'flow' && value.type === 'words') words.push(...value.words);
    else if (keyword === 'detection_filter') filter ??= value;
    else if (PACKET_KEYWORDS.has(keyword)) ofPacket ??= keyword;
  }
  let [needsTransaction, asksRawHeader, asksFileData] = [false, false, false];
  let ofHeader: string | null = null;
  for (const { buffer } of buffers) {
    needsTransaction ||= isTransactionBuffer(buffer);
    asksRawHeader ||= buffer === 'http.header.raw';
    asksFileData ||= buffer === 'file.data';
    if (isHeaderBuffer(buffer)) ofHeader ??= buffer;
  }
  if (asksRawHeader && draft.directions !== TO_SERVER && draft.directions !== TO_CLIENT)
    wrong('http.header.raw', 'it needs flow:to_server or flow:to_client');
  const asksStream = words.includes('only_stream');
  if (isTransactional) checkBothSides(draft, words);
  else if (draft.ways === BOTH || (draft.ways !== 0 && draft.directions === BOTH - draft.ways))
    wrong('flow', 'what is asked goes two ways');
  if ((asksStream || protocol === 'tcp-stream') && ofPacket !== null)
    wrong(ofPacket, 'a test of a packet cannot go with only_stream or tcp-stream');
  if ((asksStream || protocol === 'tcp-stream') && ofHeader !== null)
    wrong(ofHeader, 'a header of packets cannot go with only_stream or tcp-stream');
  if (protocol === 'tcp-stream' && words.includes('no_stream')) wrong('flow', 'no_stream cannot go with tcp-stream');
  if (protocol === 'tcp-pkt' && asksStream) wrong('flow', 'only_stream cannot go with tcp-pkt');
  // That a certificate is to be kept asks nothing of a transaction.
  const asked = draft.has('tls_store') ? subjects.toSpliced(subjects.indexOf('tls'), 1) : subjects;
  const asksTransaction = needsTransaction || draft.hook.length > 2 || asked.some(isOfTransactions);
  if (draft.has('config') && !asksTransaction)
    unsupported('config', 'it goes with what is asked of a transaction alone');
  const packetPart = ofPacket ?? ofHeader;
  if (asksTransaction && packetPart !== null)
    wrong(packetPart, 'a test of a packet cannot go with what is asked of a transaction');
  if (asksTransaction && protocol === 'tcp-pkt')
    wrong('protocol', 'tcp-pkt cannot go with what is asked of a transaction');
  if (asksTransaction && words.includes('no_stream'))
    wrong('flow', 'no_stream cannot go with what is asked of a transaction');
  if (draft.has('ip_proto') && !['ip', 'ipv4', 'ipv6', 'pkthdr'].includes(protocol)) {
    if (!draft.replacesProtocol) wrong('ip_proto', `it goes with ip alone, not with ${protocol}`);
    if (isApplication(protocol)) unsupported('ip_proto', `beside ${protocol}`);
  }
  if (draft.hasNoProtocol) draft.condition({ keyword: 'ip_proto', value: NO_PROTOCOL });
  if (filter?.type === 'fields' && filter.fields.uniqueOn !== undefined && PORTLESS.has(protocol))
    wrong('detection_filter', `unique_on needs a protocol with ports, not ${protocol}`);
  if (asksFileData && UNSTREAMED.has(protocol)) wrong('file.data', `it goes with TCP, not with ${protocol}`);
  for (const terms of buffers) checkBuffer(terms, protocol);
  checkRoom(buffers, draft.conditions);
  if (subjects.includes('file') && application !== null && !FILE_CARRIERS.has(application))
    wrong('protocol', `files are not read of ${application}`);
  if (protocol === 'smtp' && words.includes('to_client') && subjects.includes('file'))
    wrong('protocol', 'files of mail go to the server alone');
  if (draft.has('app-layer-event') && /^icmp/.test(protocol)) wrong('app-layer-event', `it cannot go with ${protocol}`);
}

const FILE_CARRIERS = new Set(['http', 'smtp', 'ftp-data']);
const UNSTREAMED = new Set(['udp', 'icmp', 'icmpv4', 'icmpv6', 'sctp']);
const PORTLESS = new Set(['ip', 'ipv4', 'ipv6', 'icmp', 'icmpv4', 'icmpv6', 'pkthdr']);

/** Addresses are the stream's, too. */
const isHeaderBuffer = (buffer: string): boolean => buffer.endsWith('.hdr');

const OF_PACKETS = new Set([
  ...['payload', 'ip.src', 'ip.dst', 'ipv4.hdr', 'ipv6.hdr', 'tcp.hdr', 'udp.hdr', 'icmpv4.hdr', 'icmpv6.hdr'],
]);
const isTransactionBuffer = (buffer: string): boolean => !OF_PACKETS.has(buffer);
const isOfTransactions = (subject: Subject): boolean => subject === 'file' || isApplication(subject);

/** Each side is asked something that is its own. */
function checkBothSides(draft: Draft, words: readonly string[]): void {
  if ((draft.ways | draft.turned) !== BOTH)
    wrong('direction', '=> asks both sides of a transaction, and this rule one at most');
  if (words.some((word) => word.startsWith('to_'))) wrong('flow', 'a rule with => goes both ways');
  const isAmbiguous = draft.isAmbiguous || draft.buffers().some(({ buffer }) => !isTransactionBuffer(buffer));
  if (isAmbiguous) unsupported('direction', '=> with what either side of a transaction can have');
}

/** The application protocol of a rule: that of its header or of its keywords, which must be one. */
function applicationOf(protocol: string, subjects: readonly Subject[]): string | null {
  const ofHeader = protocol === 'http1' ? 'http' : protocol;
  let found = isApplication(ofHeader) ? ofHeader : null;
  for (const subject of subjects) {
    if (!isApplication(subject)) continue;
    if (found !== null && found !== subject)
      wrong('protocol', `the rule is about ${found}, and one of its keywords about ${subject}`);
    found = subject;
  }
  return found;
}

const BLANKS = /\s/;
const JA3_HASHES = new Set(['ja3.hash', 'ja3s.hash']);
const JA3_HASH_LENGTH = 32;
const HASSHES = new Set(['ssh.hassh', 'ssh.hassh.server']);
const FINGERPRINT_CHARS = 59;
/** A serial number so long has a colon in it. */
const SERIAL_BARE_MAX = 2;

/** Buffers in which not everything can be. */
const LIMITED = new Set([
  ...['http.method', 'http.host', 'tls.cert_fingerprint', 'tls.cert_serial'],
  ...HASSHES,
  ...JA3_HASHES,
]);

/** What is never in a buffer as it is; of what is transformed Suricata does not ask that. */
function checkUntransformed(buffer: string, contents: readonly ContentTerm[]): void {
  for (const [i, { bytes, nocase }] of contents.entries()) {
    const text = String.fromCharCode(...bytes);
    if (buffer === 'http.method' && /^[\t ]|[\t ]$/.test(text)) wrong(buffer, 'a method has no blank at its ends');
    if (buffer === 'http.host' && (nocase || /[A-Z]/.test(text)))
      wrong(buffer, 'the host is in lower case, and the content is not');
    if (buffer === 'tls.cert_fingerprint' && (text.length !== FINGERPRINT_CHARS || !text.includes(':')))
      wrong(buffer, 'a fingerprint is twenty bytes in hexadecimal with colons');
    if (HASSHES.has(buffer) && !/^[0-9a-fA-F]{32}$/.test(text)) wrong(buffer, 'a hash has 32 hexadecimal digits');
    // Of these it looks at the first alone.
    if (i > 0) continue;
    if (buffer === 'tls.cert_serial' && text.length > SERIAL_BARE_MAX && !text.includes(':'))
      wrong(buffer, 'the bytes of a serial number have colons between them');
    if (JA3_HASHES.has(buffer) && text.length !== JA3_HASH_LENGTH)
      wrong(buffer, `a hash has ${JA3_HASH_LENGTH} characters, not ${text.length}`);
  }
}

function checkBuffer({ buffer, transforms, terms }: BufferTerms, protocol: string): void {
  const carriers = PACKETS_OF[buffer];
  if (carriers !== undefined && !carriers.includes(protocol)) wrong(buffer, `it cannot go with ${protocol}`);
  if (transforms.length === 0 && !LIMITED.has(buffer)) return;
  const contents = terms.filter((term): term is ContentTerm => term.kind === 'content');
  if (transforms.length === 0) {
    checkUntransformed(buffer, contents);
    return;
  }
  for (const content of contents) {
    if (content.isNegated) continue;
    const text = String.fromCharCode(...content.bytes);
    for (const { name } of transforms) {
      const isNever =
        (name === 'strip_whitespace' && BLANKS.test(text)) ||
        (name === 'to_lowercase' && /[A-Z]/.test(text)) ||
        (name === 'to_uppercase' && /[a-z]/.test(text));
      if (isNever) wrong('content', `"${shown(text)}" can never be there after ${name}`);
    }
  }
}

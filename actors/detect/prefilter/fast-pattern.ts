/**
 * The content of a rule that the prefilter looks for, chosen as Suricata chooses: the one that the rule names; else of
 * the buffers that come first the longest, and of these the one with the most different bytes. Negated ones only where
 * there is no other.
 */
import type { BufferTerms, ContentTerm, Rule } from '../rules/rule.ts';

export interface FastPattern {
  readonly buffer: BufferTerms;
  readonly content: ContentTerm;
  /** The part of the content that is looked for. */
  readonly bytes: Uint8Array;
  readonly nocase: boolean;
  /** It must not be there: a rule has to be evaluated that was not hit. */
  readonly isNegated: boolean;
}

/** Suricata's order of buffers: lower ones first. Others are 2. */
const PRIORITIES: Readonly<Record<string, number>> = {
  'mqtt.subscribe.topic': 1,
  'mqtt.unsubscribe.topic': 1,
  payload: 3,
  'http.stat_code': 4,
  'http.method': 4,
};
const priority = (buffer: string): number => PRIORITIES[buffer] ?? 2;

/** The order in which Suricata looks through buffers of one priority that a rule can have together. */
const ORDER: readonly string[] = [
  ...['mqtt.subscribe.topic', 'mqtt.unsubscribe.topic'],
  ...['http.uri', 'http.uri.raw', 'http.request_line', 'http.request_body', 'http.response_line', 'http.header'],
  ...['http.request_header', 'http.response_header', 'http.header_names', 'http.accept', 'http.accept_enc'],
  ...['http.accept_lang', 'http.referer', 'http.connection', 'http.content_len', 'http.content_type', 'http.server'],
  ...['http.location', 'http.protocol', 'http.start', 'http.header.raw', 'http.cookie', 'http.user_agent', 'http.host'],
  ...['http.host.raw', 'http.stat_msg', 'dns.query', 'dnp3.data', 'tls.sni', 'tls.cert_issuer', 'tls.cert_subject'],
  ...['tls.cert_serial', 'tls.cert_fingerprint', 'tls.certs', 'tls.random_time', 'tls.random_bytes', 'tls.random'],
  ...['ja3.hash', 'ja3.string', 'ja3s.hash', 'ja3s.string', 'icmpv4.hdr', 'ssh.proto', 'ssh.software', 'ssh.hassh'],
  ...['ssh.hassh.server', 'ssh.hassh.string', 'ssh.hassh.server.string', 'tcp.hdr', 'udp.hdr', 'icmpv6.hdr', 'ip.src'],
  ...['ip.dst', 'ipv4.hdr', 'ipv6.hdr', 'snmp.usm', 'snmp.community', 'mqtt.connect.clientid'],
  ...['mqtt.connect.username', 'mqtt.connect.password', 'mqtt.connect.willtopic', 'mqtt.connect.willmessage'],
  ...['mqtt.publish.topic', 'mqtt.publish.message', 'ja4.hash', 'http.response_body', 'file.data', 'file.name'],
  'file.magic',
];

/** One that is transformed comes behind all that are not. */
function placeOf({ buffer, transforms }: BufferTerms): number {
  const place = transforms.length > 0 ? -1 : ORDER.indexOf(buffer);
  return place === -1 ? ORDER.length : place;
}

/** null: the rule has no content, and must always be evaluated. */
export function fastPattern({ buffers }: Pick<Rule, 'buffers'>): FastPattern | null {
  let found: Candidate | null = null;
  for (const buffer of buffers) {
    if (buffer.absent !== undefined) continue;
    for (const content of buffer.terms) {
      if (content.kind !== 'content') continue;
      if (content.fastPattern !== 'no') return patternOf({ buffer, content });
      if (found === null || isBetter(buffer, content, found)) found = { buffer, content };
    }
  }
  return found === null ? null : patternOf(found);
}

type Candidate = Pick<FastPattern, 'buffer' | 'content'>;

function patternOf({ buffer, content }: Candidate): FastPattern {
  const part = typeof content.fastPattern === 'object' ? content.fastPattern : null;
  const bytes = part === null ? content.bytes : content.bytes.subarray(part.offset, part.offset + part.length);
  return { buffer, content, bytes, nocase: content.nocase, isNegated: content.isNegated };
}

/** Of two alike the first stays. */
function isBetter(buffer: BufferTerms, content: ContentTerm, than: Candidate): boolean {
  if (content.isNegated !== than.content.isNegated) return than.content.isNegated;
  const [ours, theirs] = [priority(buffer.buffer), priority(than.buffer.buffer)];
  if (ours !== theirs) return ours < theirs;
  const longer = content.bytes.length - than.content.bytes.length;
  if (longer !== 0) return longer > 0;
  const stronger = strengthOf(content.bytes) - strengthOf(than.content.bytes);
  return stronger === 0 ? placeOf(buffer) < placeOf(than.buffer) : stronger > 0;
}

/** Rare bytes count for more than letters, and a byte that was there before for little. */
function strengthOf(bytes: Uint8Array): number {
  const seen = new Set<number>();
  let strength = 0;
  for (const byte of bytes) {
    const isLetter = (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a);
    const isUsual = (byte >= 0x20 && byte <= 0x7e) || byte === 0 || byte === 1 || byte === 0xff;
    if (seen.has(byte)) strength += 1;
    else strength += isLetter ? 3 : isUsual ? 4 : 6;
    seen.add(byte);
  }
  return strength;
}

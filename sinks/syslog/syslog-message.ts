/**
 * One message of RFC 5424, at most 2,048 bytes (6.1: what a receiver should be able to take). What comes from a device
 * can neither end a field nor begin another message: names are cut down to printable ASCII, values are escaped, and
 * control characters become spaces.
 *
 *   message := "<" PRI ">1 " TIMESTAMP " " HOSTNAME " " APP-NAME " " PROCID " " MSGID " " STRUCTURED-DATA " " BOM MSG
 */
export const FACILITIES = {
  auth: 4,
  authpriv: 10,
  local0: 16,
  local1: 17,
  local2: 18,
  local3: 19,
  local4: 20,
  local5: 21,
  local6: 22,
  local7: 23,
} as const;
export type Facility = keyof typeof FACILITIES;

export const SEVERITY = { alert: 1, error: 3, warning: 4, notice: 5, info: 6 } as const;

export interface SyslogMessage {
  readonly severity: (typeof SEVERITY)[keyof typeof SEVERITY];
  /** When it happened, in Unix milliseconds. */
  readonly atMs: number;
  /** What kind of message it is: for filters. */
  readonly id: string;
  /** In the order in which they are written; names are the caller's own words. */
  readonly data: Readonly<Record<string, string>>;
  readonly text: string;
}

export interface SyslogSender {
  readonly facility: Facility;
  readonly host: string;
  readonly application: string;
  readonly process: string;
}

export const MESSAGE_BYTES_MAX = 2048;
/** 32473 is the enterprise of examples (RFC 5612): msec has no number of its own. */
const DATA_ID = 'msec@32473';
/** So that even the longest header and values leave room below `MESSAGE_BYTES_MAX`. */
const VALUES_MAX = 6;
const VALUE_BYTES_MAX = 200;
const BOM = '\ufeff';

/** In UTF-8, without framing. */
export function syslogBytes(message: SyslogMessage, sender: SyslogSender): Buffer {
  const priority = FACILITIES[sender.facility] * 8 + message.severity;
  const head = [
    `<${priority}>1`,
    new Date(message.atMs).toISOString(),
    name(sender.host, 255),
    name(sender.application, 48),
    name(sender.process, 128),
    name(message.id, 32),
    structured(message.data),
  ].join(' ');
  return cut(Buffer.from(`${head} ${BOM}${oneLine(message.text)}`), MESSAGE_BYTES_MAX);
}

function name(text: string, charsMax: number): string {
  const printable = text.replace(/[^\x21-\x7e]/g, '').slice(0, charsMax);
  return printable === '' ? '-' : printable;
}

function structured(data: SyslogMessage['data']): string {
  const parts = Object.entries(data)
    .slice(0, VALUES_MAX)
    .map(([key, value]) => ` ${name(key, 32).replace(/[=\]"]/g, '')}="${escaped(value)}"`);
  return parts.length === 0 ? '-' : `[${DATA_ID}${parts.join('')}]`;
}

/** RFC 5424, 6.3.3. Neither a character nor an escape is cut in two. */
function escaped(value: string): string {
  let text = '';
  let bytes = 0;
  for (const character of oneLine(value.slice(0, VALUE_BYTES_MAX))) {
    const written = /["\\\]]/.test(character) ? `\\${character}` : character;
    bytes += Buffer.byteLength(written);
    if (bytes > VALUE_BYTES_MAX) break;
    text += written;
  }
  return text;
}

function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not leave
  return text.toWellFormed().replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ');
}

/** Not within a character. */
function cut(bytes: Buffer, bytesMax: number): Buffer {
  if (bytes.length <= bytesMax) return bytes;
  let end = bytesMax;
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end--;
  return bytes.subarray(0, end);
}

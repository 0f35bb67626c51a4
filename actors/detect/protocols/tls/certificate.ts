/**
 * What rules ask of a certificate (RFC 5280, 4.1): SEQUENCE { SEQUENCE { [0] version?, serial, algorithm, issuer,
 * validity, subject, key, … [3] extensions }, algorithm, signature }.
 */
import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { type Element, elementAt, elementsIn, identifierText } from '../der.ts';
import { colonHex } from '../text.ts';

const SEQUENCE = 0x30;
const SET = 0x31;
const INTEGER = 2;
const BIT_STRING = 3;
const OID = 6;
const UTC_TIME = 0x17;
const GENERALIZED_TIME = 0x18;
const VERSION = 0xa0;
const EXTENSIONS = 0xa3;
const DNS_NAME = 0x82;
/** Of the issuer and of the subject, which nobody has any more. */
const UNIQUE_IDENTIFIERS: readonly number[] = [0x81, 0x82];
const CONSTRUCTED = 0x20;
/** A length that is told by an end. */
const INDEFINITE = 0x80;
const SUBJECT_ALT_NAME = '2.5.29.17';

export interface Certificate {
  /** `C=DE, O=x, CN=y` */
  readonly subject: string;
  /** null, and all that follows with it: it says another one than it seems to. */
  readonly issuer: string | null;
  /** `0A:FF` */
  readonly serial: string | null;
  /** Of the whole certificate: SHA-1, as `0a:ff`. */
  readonly fingerprint: string | null;
  /** Seconds since 1970. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly alternativeNames: readonly Uint8Array[];
}

const ATTRIBUTES: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.4': 'SN',
  '2.5.4.5': 'serialNumber',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.9': 'street',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '2.5.4.12': 'title',
  '2.5.4.42': 'GN',
  '0.9.2342.19200300.100.1.25': 'DC',
  '0.9.2342.19200300.100.1.1': 'UID',
  '1.2.840.113549.1.9.1': 'Email',
};

/** Why one cannot be read, by the names of events. */
export type CertificateFault =
  | 'INVALID_CERTIFICATE'
  | `CERTIFICATE_INVALID_${'LENGTH' | 'VERSION' | 'SERIAL' | 'ALGORITHMIDENTIFIER' | 'DATE' | 'EXTENSIONS' | 'DER'}`
  | 'CERTIFICATE_INVALID_SUBJECT';

/** It is told who has it and who says so. */
export const isWhole = (certificate: Certificate | null): certificate is Certificate =>
  certificate !== null && certificate.issuer !== null;

const NOTHING = { issuer: null, serial: null, fingerprint: null, notBefore: 0, notAfter: 0, alternativeNames: [] };

/** In the order of the fields: the first one that is not as it should be says what is wrong. */
export function readCertificate(bytes: Uint8Array): Certificate | CertificateFault {
  const whole = elementAt(bytes, 0, bytes.length);
  if (whole?.tag !== SEQUENCE) return structureFault(bytes, 0, SEQUENCE);
  const body = elementAt(bytes, whole.content, whole.end);
  if (body?.tag !== SEQUENCE) return structureFault(bytes, whole.content, SEQUENCE);
  const { end } = body;
  let at = body.content;
  if (bytes[at] === VERSION) {
    const version = elementAt(bytes, at, end);
    const number = version === null ? null : elementAt(bytes, version.content, version.end);
    if (version === null) return 'CERTIFICATE_INVALID_LENGTH';
    if (number?.tag !== INTEGER || number.end - number.content > 4 || (bytes[number.content]! & 0x80) !== 0)
      return 'CERTIFICATE_INVALID_VERSION';
    at = version.end;
  }
  const serial = elementAt(bytes, at, end);
  if (serial?.tag !== INTEGER) return 'CERTIFICATE_INVALID_SERIAL';
  const algorithm = sequenceAt(bytes, serial.end, end);
  if (typeof algorithm === 'string') return algorithm;
  if (elementAt(bytes, algorithm.content, algorithm.end) === null) return 'CERTIFICATE_INVALID_ALGORITHMIDENTIFIER';
  const issuer = sequenceAt(bytes, algorithm.end, end);
  if (typeof issuer === 'string') return issuer;
  const validity = sequenceAt(bytes, issuer.end, end);
  if (typeof validity === 'string') return validity;
  const first = elementAt(bytes, validity.content, validity.end);
  const second = first === null ? null : elementAt(bytes, first.end, validity.end);
  const notBefore = first === null ? null : timeOf(bytes, first);
  const notAfter = second === null ? null : timeOf(bytes, second);
  if (notBefore === null || notAfter === null) return 'CERTIFICATE_INVALID_DATE';
  const subject = sequenceAt(bytes, validity.end, end);
  if (typeof subject === 'string') return subject;
  const rest = behindSubject(bytes, subject.end, end) ?? behindBody(bytes, end, whole.end);
  if (rest !== null) return rest;
  const [subjectText, issuerText] = [nameText(bytes, subject), nameText(bytes, issuer)];
  // A text that ends before its end is an old trick.
  if (subjectText.includes('\0')) return 'CERTIFICATE_INVALID_SUBJECT';
  if (issuerText.includes('\0')) return { ...NOTHING, subject: subjectText };
  return {
    subject: subjectText,
    issuer: issuerText,
    serial: colonHex(bytes.subarray(serial.content, serial.end)).toUpperCase(),
    fingerprint: createHash('sha1')
      .update(bytes)
      .digest('hex')
      .replace(/..(?!$)/g, '$&:'),
    notBefore,
    notAfter,
    alternativeNames: alternativeNames(
      bytes,
      elementsIn(bytes, body)?.find(({ tag }) => tag === EXTENSIONS),
    ),
  };
}

/** Of what is not there at all, is cut off, or is another thing. */
function structureFault(bytes: Uint8Array, at: number, tag: number): CertificateFault {
  if (at + 1 >= bytes.length) return 'CERTIFICATE_INVALID_LENGTH';
  return bytes[at] === tag && bytes[at + 1] !== INDEFINITE ? 'INVALID_CERTIFICATE' : 'CERTIFICATE_INVALID_DER';
}

function sequenceAt(bytes: Uint8Array, at: number, end: number): Element | CertificateFault {
  const element = elementAt(bytes, at, end);
  return element?.tag === SEQUENCE ? element : structureFault(bytes.subarray(0, end), at, SEQUENCE);
}

/** The key, what else may name the two, and extensions. */
function behindSubject(bytes: Uint8Array, start: number, end: number): CertificateFault | null {
  const key = sequenceAt(bytes, start, end);
  if (typeof key === 'string') return key;
  const algorithm = sequenceAt(bytes, key.content, key.end);
  if (typeof algorithm === 'string') return algorithm;
  if (elementAt(bytes, algorithm.content, algorithm.end) === null) return 'CERTIFICATE_INVALID_ALGORITHMIDENTIFIER';
  if (elementAt(bytes, algorithm.end, key.end)?.tag !== BIT_STRING) return 'INVALID_CERTIFICATE';
  let at = key.end;
  for (const tag of UNIQUE_IDENTIFIERS) {
    if (at >= end || (bytes[at]! & ~CONSTRUCTED) !== tag) continue;
    const identifier = elementAt(bytes, at, end);
    const bits = identifier === null ? null : elementAt(bytes, identifier.content, identifier.end);
    if (identifier === null || bits?.tag !== BIT_STRING) return 'INVALID_CERTIFICATE';
    at = identifier.end;
  }
  if (at >= end) return null;
  const envelope = elementAt(bytes, at, end);
  if (envelope?.tag !== EXTENSIONS) return 'CERTIFICATE_INVALID_EXTENSIONS';
  const list = sequenceAt(bytes, envelope.content, envelope.end);
  if (typeof list === 'string') return list;
  for (let next = list.content; next < list.end; ) {
    const extension = elementAt(bytes, next, list.end);
    if (extension?.tag !== SEQUENCE || elementAt(bytes, extension.content, extension.end) === null)
      return 'INVALID_CERTIFICATE';
    next = extension.end;
  }
  return null;
}

/** By what it is signed, and the signature. */
function behindBody(bytes: Uint8Array, start: number, end: number): CertificateFault | null {
  const algorithm = sequenceAt(bytes, start, end);
  if (typeof algorithm === 'string') return algorithm;
  if (elementAt(bytes, algorithm.content, algorithm.end) === null) return 'CERTIFICATE_INVALID_ALGORITHMIDENTIFIER';
  return elementAt(bytes, algorithm.end, end)?.tag === BIT_STRING ? null : 'INVALID_CERTIFICATE';
}

/** Of a name with a text that is none. */
const NO_NAME = '<X509Error: Invalid X.509 name>';

/** A distinguished name: sets of attributes, each an identifier and a text; as far as they are whole. */
function nameText(bytes: Uint8Array, name: Element): string {
  const parts: string[] = [];
  for (let at = name.content; at < name.end; ) {
    const set = elementAt(bytes, at, name.end);
    const attributes = set?.tag === SET ? attributeTexts(bytes, set) : [];
    if (attributes === null) return NO_NAME;
    if (set === null || attributes.length === 0) break;
    parts.push(attributes.join(' + '));
    at = set.end;
  }
  return parts.join(', ');
}

/** null: one is not UTF-8. */
function attributeTexts(bytes: Uint8Array, set: Element): string[] | null {
  const texts: string[] = [];
  for (let at = set.content; at < set.end; ) {
    const attribute = elementAt(bytes, at, set.end);
    const type = attribute?.tag === SEQUENCE ? elementAt(bytes, attribute.content, attribute.end) : null;
    const value = type?.tag === OID ? elementAt(bytes, type.end, attribute!.end) : null;
    if (value === null) break;
    const identifier = identifierText(bytes, type!);
    const text = valueText(bytes, value);
    if (text === null) return null;
    texts.push(`${ATTRIBUTES[identifier] ?? `OID(${identifier})`}=${text}`);
    at = attribute!.end;
  }
  return texts;
}

const TAG_NUMBER = 0x1f;
/** Of the kinds of strings that are read as UTF-8. */
const STRINGS: ReadonlySet<number> = new Set([7, 12, 18, 19, 20, 21, 22, 25, 26, 27]);

/** What is no string is told in hexadecimal. */
function valueText(bytes: Uint8Array, { tag, content, end }: Element): string | null {
  const value = bytes.subarray(content, end);
  if (!STRINGS.has(tag & TAG_NUMBER)) return Buffer.from(value).toString('hex').toUpperCase();
  return isUtf8(value) ? Buffer.from(value).toString('utf8') : null;
}

function timeOf(bytes: Uint8Array, time: Element): number | null {
  const text = Buffer.from(bytes.subarray(time.content, time.end)).toString('latin1');
  const digits = /^(\d{2}|\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/.exec(text);
  if (digits === null || (time.tag !== UTC_TIME && time.tag !== GENERALIZED_TIME)) return null;
  const [, year, month, day, hour, minute, second] = digits.map(Number) as [number, ...number[]];
  // Of two digits those below 50 are of this century.
  if (month! < 1 || month! > 12 || day! < 1 || day! > 31 || hour! > 23 || minute! > 59 || second! > 59) return null;
  const full = time.tag === UTC_TIME ? (year! < 50 ? 2000 : 1900) + year! : year!;
  return Date.UTC(full, month! - 1, day, hour, minute, second) / 1000;
}

function alternativeNames(bytes: Uint8Array, extensions: Element | undefined): Uint8Array[] {
  const [list] = extensions === undefined ? [] : (elementsIn(bytes, extensions) ?? []);
  for (const extension of list === undefined ? [] : (elementsIn(bytes, list) ?? [])) {
    const parts = elementsIn(bytes, extension) ?? [];
    if (parts[0]?.tag !== OID || identifierText(bytes, parts[0]) !== SUBJECT_ALT_NAME) continue;
    const value = parts.at(-1)!;
    const names = elementAt(bytes, value.content, value.end);
    return (names === null ? [] : (elementsIn(bytes, names) ?? [])).flatMap(({ tag, content, end }) =>
      tag === DNS_NAME ? [bytes.subarray(content, end)] : [],
    );
  }
  return [];
}

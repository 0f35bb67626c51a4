/**
 * What rules ask of a certificate (RFC 5280, 4.1): SEQUENCE { SEQUENCE { [0] version?, serial, algorithm, issuer,
 * validity, subject, key, … [3] extensions }, algorithm, signature }.
 */
import { createHash } from 'node:crypto';
import { type Element, elementAt, elementsIn, identifierText } from '../der.ts';
import { colonHex, textOf } from '../text.ts';

const SEQUENCE = 0x30;
const SET = 0x31;
const INTEGER = 2;
const OID = 6;
const UTC_TIME = 0x17;
const GENERALIZED_TIME = 0x18;
const VERSION = 0xa0;
const EXTENSIONS = 0xa3;
const DNS_NAME = 0x82;
const SUBJECT_ALT_NAME = '2.5.29.17';

export interface Certificate {
  /** `C=DE, O=x, CN=y` */
  readonly subject: string;
  readonly issuer: string;
  /** `0A:FF` */
  readonly serial: string;
  /** Of the whole certificate: SHA-1, as `0a:ff`. */
  readonly fingerprint: string;
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

/** null: it cannot be read. */
export function readCertificate(bytes: Uint8Array): Certificate | null {
  const whole = elementAt(bytes, 0, bytes.length);
  if (whole?.tag !== SEQUENCE) return null;
  const [body] = elementsIn(bytes, whole) ?? [];
  const fields = body?.tag === SEQUENCE ? elementsIn(bytes, body) : null;
  if (fields === null || fields === undefined) return null;
  const rest = fields[0]?.tag === VERSION ? fields.slice(1) : fields;
  const [serial, , issuer, validity, subject] = rest;
  if (serial?.tag !== INTEGER || issuer === undefined || validity === undefined || subject === undefined) return null;
  const [notBefore, notAfter] = (elementsIn(bytes, validity) ?? []).map((time) => timeOf(bytes, time));
  const names = [nameText(bytes, issuer), nameText(bytes, subject)];
  if (notBefore === undefined || notAfter === undefined || notBefore === null || notAfter === null) return null;
  if (names[0] === null || names[1] === null) return null;
  return {
    subject: names[1]!,
    issuer: names[0]!,
    serial: colonHex(bytes.subarray(serial.content, serial.end)).toUpperCase(),
    fingerprint: createHash('sha1')
      .update(bytes)
      .digest('hex')
      .replace(/..(?!$)/g, '$&:'),
    notBefore,
    notAfter,
    alternativeNames: alternativeNames(
      bytes,
      rest.find(({ tag }) => tag === EXTENSIONS),
    ),
  };
}

/** A distinguished name: sets of attributes, each an identifier and a text. */
function nameText(bytes: Uint8Array, name: Element): string | null {
  if (name.tag !== SEQUENCE) return null;
  const parts: string[] = [];
  for (const set of elementsIn(bytes, name) ?? []) {
    if (set.tag !== SET) return null;
    const attributes: string[] = [];
    for (const attribute of elementsIn(bytes, set) ?? []) {
      const [type, value] = elementsIn(bytes, attribute) ?? [];
      if (type?.tag !== OID || value === undefined) return null;
      const identifier = identifierText(bytes, type);
      attributes.push(
        `${ATTRIBUTES[identifier] ?? `OID(${identifier})`}=${textOf(bytes.subarray(value.content, value.end))}`,
      );
    }
    parts.push(attributes.join(' + '));
  }
  return parts.join(', ');
}

function timeOf(bytes: Uint8Array, time: Element): number | null {
  const text = Buffer.from(bytes.subarray(time.content, time.end)).toString('latin1');
  const digits = /^(\d{2}|\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/.exec(text);
  if (digits === null || (time.tag !== UTC_TIME && time.tag !== GENERALIZED_TIME)) return null;
  const [, year, month, day, hour, minute, second] = digits.map(Number) as [number, ...number[]];
  // Of two digits those below 50 are of this century.
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

/**
 * Messages of SNMP 1, 2c (RFC 1157, RFC 3416) and 3 (RFC 3412, RFC 3414), in BER with definite lengths.
 *
 *   1, 2c   = SEQUENCE { version, community, PDU }
 *   3       = SEQUENCE { version, SEQUENCE { id, size, flags, security model }, OCTET STRING security, scoped PDU }
 *   PDU     = [type] { request, error, error index, SEQUENCE of SEQUENCE { OBJECT IDENTIFIER, value } }
 *   trap 1  = [4] { OBJECT IDENTIFIER, address, generic, specific, time, SEQUENCE of … }
 */
import { type Element, elementAt, elementsIn, identifierText } from '../der.ts';
import { isUtf8 } from '../text.ts';

const INTEGER = 0x02;
const OCTETS = 0x04;
const IDENTIFIER = 0x06;
const SEQUENCE = 0x30;
const ADDRESS = 0x40;
const TICKS = 0x43;
const CONTEXT = 0xa0;

export const PDU_TRAP_V1 = 4;
const PDU_BULK = 5;
const PDU_LAST = 8;
const ENCRYPTED = 2;
const USM = 3;

export interface Trap {
  readonly type: number;
  readonly identifier: string;
  readonly address: string;
}

export interface Pdu {
  readonly type: number;
  readonly error: number;
  readonly trap: Trap | null;
  /** Identifiers of the variables, in their order. */
  readonly variables: readonly string[];
}

export interface SnmpMessage {
  /** 1, 2 or 3. */
  readonly version: number;
  readonly community: Uint8Array | null;
  readonly user: Uint8Array | null;
  /** Of version 3: its security is none of users. */
  readonly hasUnknownSecurity: boolean;
  /** null: it is encrypted. */
  readonly pdu: Pdu | null;
}

/** The version that a whole message says; null: it is none of SNMP. */
export function versionOf(bytes: Uint8Array): number | null {
  const outer = elementAt(bytes, 0, bytes.length);
  const version = outer?.tag === SEQUENCE ? elementAt(bytes, outer.content, outer.end) : null;
  if (version?.tag !== INTEGER) return null;
  const number = wholeOf(bytes, version);
  return number === 0 || number === 1 ? number + 1 : number === 3 ? 3 : null;
}

/** null: it is malformed. */
export function readSnmp(bytes: Uint8Array): SnmpMessage | null {
  const outer = elementAt(bytes, 0, bytes.length);
  if (outer?.tag !== SEQUENCE) return null;
  const [version, second, third, fourth] = elementsIn(bytes, outer) ?? [];
  if (version?.tag !== INTEGER || second === undefined || third === undefined) return null;
  const number = wholeOf(bytes, version);
  if (number === 3) return fourth === undefined ? null : ofVersion3(bytes, second, third, fourth);
  if ((number !== 0 && number !== 1) || second.tag !== OCTETS) return null;
  const community = bytes.slice(second.content, second.end);
  const pdu = isUtf8(community) ? pduOf(bytes, third, number === 0 ? PDU_TRAP_V1 : PDU_LAST) : null;
  if (pdu === null || (number === 1 && pdu.type === PDU_TRAP_V1)) return null;
  return { version: number + 1, community, user: null, hasUnknownSecurity: false, pdu };
}

function ofVersion3(bytes: Uint8Array, head: Element, security: Element, data: Element): SnmpMessage | null {
  const fields = head.tag === SEQUENCE ? (elementsIn(bytes, head) ?? []) : [];
  const [id, size, flags, model] = fields;
  if (![id, size, model].every((part) => isWhole(bytes, part)) || flags?.tag !== OCTETS) return null;
  if (flags.end - flags.content !== 1 || security.tag !== OCTETS) return null;
  const isUsm = wholeOf(bytes, model!) === USM;
  const user = isUsm ? userOf(bytes, security) : null;
  if (isUsm && user === null) return null;
  const isEncrypted = (bytes[flags.content]! & ENCRYPTED) !== 0;
  const pdu = isEncrypted ? null : scopedPdu(bytes, data);
  if (isEncrypted ? data.tag !== OCTETS : pdu === null) return null;
  return { version: 3, community: null, user, hasUnknownSecurity: !isUsm, pdu };
}

/** SEQUENCE { engine, boots, time, user, authentication, privacy } within the octets. */
function userOf(bytes: Uint8Array, { content, end }: Element): Uint8Array | null {
  const whole = elementAt(bytes, content, end);
  const parts = whole?.tag === SEQUENCE ? (elementsIn(bytes, whole) ?? []) : [];
  const tags = [OCTETS, INTEGER, INTEGER, OCTETS, OCTETS, OCTETS];
  if (!tags.every((tag, i) => parts[i]?.tag === tag && (tag !== INTEGER || isWhole(bytes, parts[i])))) return null;
  const user = bytes.slice(parts[3]!.content, parts[3]!.end);
  return isUtf8(user) ? user : null;
}

/** SEQUENCE { engine, name, PDU }. */
function scopedPdu(bytes: Uint8Array, data: Element): Pdu | null {
  const [engine, name, pdu] = data.tag === SEQUENCE ? (elementsIn(bytes, data) ?? []) : [];
  if (engine?.tag !== OCTETS || name?.tag !== OCTETS || pdu === undefined) return null;
  const read = pduOf(bytes, pdu, PDU_LAST);
  return read?.type === PDU_TRAP_V1 ? null : read;
}

function pduOf(bytes: Uint8Array, element: Element, last: number): Pdu | null {
  const type = element.tag - CONTEXT;
  if (type < 0 || type > last) return null;
  const parts = elementsIn(bytes, element);
  if (parts === null) return null;
  if (type === PDU_TRAP_V1) return trapOf(bytes, parts);
  const [request, error, index, list] = parts;
  if (![request, error, index].every((part) => isWhole(bytes, part))) return null;
  const variables = list === undefined ? null : variablesOf(bytes, list);
  if (variables === null) return null;
  return { type, error: type === PDU_BULK ? 0 : wholeOf(bytes, error!), trap: null, variables };
}

function trapOf(bytes: Uint8Array, parts: readonly Element[]): Pdu | null {
  const [identifier, address, generic, specific, time, list] = parts;
  if (identifier?.tag !== IDENTIFIER || address?.tag !== ADDRESS || address.end - address.content !== 4) return null;
  if (!isWhole(bytes, generic) || !isWhole(bytes, specific) || time?.tag !== TICKS || list === undefined) return null;
  const variables = variablesOf(bytes, list);
  if (variables === null) return null;
  const trap = {
    type: wholeOf(bytes, generic!),
    identifier: identifierOf(bytes, identifier),
    address: bytes.subarray(address.content, address.end).join('.'),
  };
  return { type: PDU_TRAP_V1, error: 0, trap, variables };
}

function variablesOf(bytes: Uint8Array, list: Element): string[] | null {
  const bindings = list.tag === SEQUENCE ? elementsIn(bytes, list) : null;
  if (bindings === null) return null;
  const names: string[] = [];
  for (const binding of bindings) {
    // Whatever the two call themselves, as in Suricata.
    const [name, value] = elementsIn(bytes, binding) ?? [];
    if (name === undefined || value === undefined) return null;
    names.push(identifierOf(bytes, name));
  }
  return names;
}

/** An INTEGER that is not below zero. */
const isWhole = (bytes: Uint8Array, element: Element | undefined): boolean =>
  element?.tag === INTEGER && element.end > element.content && bytes[element.content]! < 0x80;

/** An INTEGER without a sign; what has more than four bytes is above all that is asked. */
function wholeOf(bytes: Uint8Array, { content, end }: Element): number {
  let value = 0;
  for (let at = content; at < end; at += 1) value = value * 256 + bytes[at]!;
  return value;
}

/** A last part that is cut off counts as far as it is there, as in Suricata. */
function identifierOf(bytes: Uint8Array, element: Element): string {
  const text = identifierText(bytes, element);
  const { content, end } = element;
  let start = end;
  while (start > content && bytes[start - 1]! >= 0x80) start -= 1;
  if (start === end) return text;
  let value = 0;
  for (let at = start; at < end; at += 1) value = value * 128 + (bytes[at]! & 0x7f);
  return text === '' ? String(value) : `${text}.${value}`;
}

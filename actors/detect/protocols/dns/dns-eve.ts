/** What EVE has of DNS, version 2: a record for each question, one for a response with all its answers. */
import { DNS_TYPES } from '../../rules/keywords/dns-numbers.ts';
import { colonHex, textOf } from '../text.ts';
import type { DnsMessage, NameInData, ResourceRecord } from './dns-message.ts';
import { responseName, typeName } from './dns-numbers.ts';
import type { DnsTransaction } from './dns-parser.ts';

type Fields = Record<string, unknown>;

const VERSION = 2;
/** Compressed names can make a small message say very much: beyond so many bytes the rest is left out. */
const TEXT_BYTES_MAX = 131_072;
const FLAGS: readonly (readonly [number, string])[] = [
  [0x8000, 'qr'],
  [0x0400, 'aa'],
  [0x0200, 'tc'],
  [0x0100, 'rd'],
  [0x0080, 'ra'],
  [0x0040, 'z'],
];

/** With the version before all else, where it is a record's. */
function queries({ id, message }: DnsTransaction, isRecord: boolean): Fields[] {
  let bytes = 0;
  const end = message.questions.findIndex(({ name }) => {
    bytes += name.length;
    return bytes > TEXT_BYTES_MAX;
  });
  const asked = end === -1 ? message.questions : message.questions.slice(0, end);
  return asked.map(({ name, isCut, type }) => {
    const fields: Fields = isRecord
      ? { version: VERSION, type: 'query', id: message.id, rrname: textOf(name) }
      : { type: 'query', id: message.id, rrname: textOf(name) };
    if (isCut) fields.rrname_truncated = true;
    fields.rrtype = typeName(type);
    fields.tx_id = id;
    if ((message.flags & 0x40) !== 0) fields.z = true;
    fields.opcode = message.opcode;
    return fields;
  });
}

interface Data {
  /** Under which the value stands. */
  readonly field: string;
  readonly value: unknown;
  readonly isCut?: boolean;
}

/** A record's data; null: EVE has none of its type. */
function data(message: DnsMessage, record: ResourceRecord): Data | null {
  const { bytes } = message;
  const { type, start, end } = record;
  switch (type) {
    case DNS_TYPES.A:
    case DNS_TYPES.AAAA:
      return { field: 'rdata', value: addressText(bytes.subarray(start, end)) };
    case DNS_TYPES.CNAME:
    case DNS_TYPES.NS:
    case DNS_TYPES.PTR:
    case DNS_TYPES.MX: {
      const { name, isCut } = message.nameAt(type === DNS_TYPES.MX ? start + 2 : start, end);
      return { field: 'rdata', value: textOf(name), isCut };
    }
    case DNS_TYPES.TXT:
    case DNS_TYPES.NULL:
      return { field: 'rdata', value: textOf(bytes.subarray(start, end)) };
    case DNS_TYPES.SRV: {
      const view = new DataView(bytes.buffer, bytes.byteOffset);
      const [priority, weight, port] = [0, 2, 4].map((at) => view.getUint16(start + at));
      return { field: 'srv', value: { priority, weight, port, name: textOf(message.nameAt(start + 6, end).name) } };
    }
    case DNS_TYPES.SSHFP:
      return {
        field: 'sshfp',
        value: { fingerprint: colonHex(bytes.subarray(start + 2, end)), algo: bytes[start]!, type: bytes[start + 1]! },
      };
    case DNS_TYPES.SOA: {
      const view = new DataView(bytes.buffer, bytes.byteOffset);
      const main = message.nameAt(start, end);
      const responsible = message.nameAt(main.next, end);
      const [serial, refresh, retry, expire, minimum] = [0, 4, 8, 12, 16].map((at) =>
        view.getUint32(responsible.next + at),
      );
      const names = { ...named('mname', main), ...named('rname', responsible) };
      return { field: 'soa', value: { ...names, serial, refresh, retry, expire, minimum } };
    }
    default:
      return null;
  }
}

const named = (field: string, { name, isCut }: NameInData): Fields => ({
  [field]: textOf(name),
  ...(isCut ? { [`${field}_truncated`]: true } : {}),
});

/** The form follows the length, not the type; another length gives nothing. */
function addressText(bytes: Uint8Array): string {
  if (bytes.length === 4) return `${bytes[0]}.${bytes[1]}.${bytes[2]}.${bytes[3]}`;
  if (bytes.length !== 16) return '';
  const groups: string[] = [];
  for (let at = 0; at < 16; at += 2) groups.push(((bytes[at]! << 8) | bytes[at + 1]!).toString(16).padStart(4, '0'));
  return groups.join(':');
}

function recordFields(record: ResourceRecord, found: Data | null): Fields {
  const fields: Fields = { rrname: textOf(record.name) };
  if (record.isCut) fields.rrname_truncated = true;
  fields.rrtype = typeName(record.type);
  fields.ttl = record.ttl;
  if (found !== null) fields[found.field] = found.value;
  if (found?.isCut === true) fields.rdata_truncated = true;
  return fields;
}

function withinLimit(records: readonly ResourceRecord[]): readonly ResourceRecord[] {
  let bytes = 0;
  const end = records.findIndex(({ name, start, end: dataEnd }) => {
    bytes += Math.max(name.length, dataEnd - start);
    return bytes > TEXT_BYTES_MAX;
  });
  return end === -1 ? records : records.slice(0, end);
}

/** Values of the answers by type. */
function grouped(answers: readonly ResourceRecord[], all: readonly (Data | null)[]): Fields {
  const groups: Record<string, unknown[]> = {};
  for (let at = 0; at < answers.length; at += 1) {
    const found = all[at]!;
    if (found === null) continue;
    const name = typeName(answers[at]!.type);
    const group = groups[name];
    if (group === undefined) groups[name] = [found.value];
    else group.push(found.value);
  }
  return groups;
}

function answer(message: DnsMessage): Fields {
  const { flags } = message;
  const answers = withinLimit(message.answers);
  const authorities = withinLimit(message.authorities);
  const [question] = message.questions;
  const fields: Fields = { version: VERSION, type: 'answer', id: message.id, flags: flags.toString(16) };
  for (const [bit, name] of FLAGS) if ((flags & bit) !== 0) fields[name] = true;
  fields.opcode = message.opcode;
  if (question !== undefined) {
    fields.rrname = textOf(question.name);
    if (question.isCut) fields.rrname_truncated = true;
    fields.rrtype = typeName(question.type);
  }
  fields.rcode = responseName(message.rcode);
  if (answers.length > 0) {
    const all = answers.map((record) => data(message, record));
    fields.answers = answers.map((record, at) => recordFields(record, all[at]!));
    fields.grouped = grouped(answers, all);
  }
  if (authorities.length > 0)
    fields.authorities = authorities.map((record) => recordFields(record, data(message, record)));
  return fields;
}

/** The object of an alert. */
export function alertFields(tx: DnsTransaction): Fields {
  if (tx.message.isRequest) {
    const query = queries(tx, false);
    return query.length === 0 ? { version: VERSION } : { version: VERSION, query };
  }
  return { version: VERSION, answer: answer(tx.message) };
}

/** The objects of events of type dns: none where nothing was asked, in a response, too. */
export function eventFields(tx: DnsTransaction): Fields[] {
  if (tx.message.isRequest) return queries(tx, true);
  return tx.message.questions.length === 0 ? [] : [answer(tx.message)];
}

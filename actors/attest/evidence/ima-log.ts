/**
 * IMA measurement lists as the kernel shows them: binary_runtime_measurements and ascii_runtime_measurements
 * (security/integrity/ima/ima_fs.c). Either is read from the entry on that the device was asked for.
 *
 *   binary  = (pcr u32 · template digest 20 · name length u32 · template name · body)*
 *   body    = ima: digest 20 · path length u32 · path | others: data length u32 · template data
 *   ASCII   = (pcr " " template digest in hex " " template name (" " field)* "\n")*
 */

import { readAsciiData } from './ima-ascii.ts';
import { type ImaEntry, isFault, isZeros, readTemplateData } from './ima-entry.ts';
import { IMA_DIGEST_BYTES, IMA_NAME_BYTES, IMA_TEMPLATES, type ImaTemplate, imaTemplate } from './ima-template.ts';
import { evidenceInvalid, LogReader } from './log-reader.ts';

export const IMA_LOG_BYTES_MAX: number = 64 * 1024 * 1024;
export const IMA_ENTRIES_MAX = 1_000_000;
const TEMPLATE_NAME_BYTES_MAX = 32;
const DATA_BYTES_MAX = 1024 * 1024;
const PCRS = 24;
const LF = 0x0a;

export type ImaFormat = 'binary' | 'ascii';

/** `first` is the number of the first entry in `bytes`. Throws EVIDENCE_INVALID; entries are views of `bytes` where they can be. */
export function parseImaLog(bytes: Uint8Array, format: ImaFormat, first = 1): ImaEntry[] {
  if (bytes.length > IMA_LOG_BYTES_MAX)
    throw evidenceInvalid(`the IMA log has ${bytes.length} bytes, at most ${IMA_LOG_BYTES_MAX} are allowed`, 'log');
  return format === 'binary' ? parseBinary(bytes, first) : parseAscii(bytes, first);
}

/** The ASCII list begins with the digits of a PCR; a binary one with a PCR as a 32-bit number, whose last bytes are zeros. */
export function imaFormatOf(bytes: Uint8Array): ImaFormat {
  return bytes.length >= 4 && bytes[2] === 0 && bytes[3] === 0 ? 'binary' : 'ascii';
}

function parseBinary(bytes: Uint8Array, first: number): ImaEntry[] {
  const reader = new LogReader(bytes, 'IMA log');
  const entries: ImaEntry[] = [];
  while (reader.remaining > 0) {
    if (entries.length === IMA_ENTRIES_MAX) throw reader.wrong('log', `has more than ${IMA_ENTRIES_MAX} entries`);
    reader.entry = first + entries.length;
    entries.push(readBinary(reader));
  }
  return entries;
}

function readBinary(reader: LogReader): ImaEntry {
  const start = reader.position;
  const pcr = reader.u32('PCR');
  if (pcr >= PCRS) throw reader.wrong('PCR', `there is no PCR ${pcr}`, start);
  const templateDigest = reader.bytes(IMA_DIGEST_BYTES, 'template digest');
  const nameAt = reader.position;
  const template = imaTemplate(reader.sized('template name', TEMPLATE_NAME_BYTES_MAX).toString('latin1'));
  if (template === undefined) throw reader.wrong('template name', `is none of ${IMA_TEMPLATES}`, nameAt);
  const dataAt = reader.position;
  const data = template.fields === null ? oldestData(reader) : reader.sized('template data', DATA_BYTES_MAX);
  return entryOf(reader.entry, pcr, template, templateDigest, data, (field, says) => reader.wrong(field, says, dataAt));
}

function oldestData(reader: LogReader): Buffer {
  const digest = reader.bytes(IMA_DIGEST_BYTES, 'digest');
  const at = reader.position;
  const path = reader.sized('path', IMA_NAME_BYTES - 1);
  if (path.includes(0)) throw reader.wrong('path', 'holds a zero byte', at);
  return oldest(digest, path);
}

function oldest(digest: Uint8Array, path: Uint8Array): Buffer {
  const data = Buffer.alloc(IMA_DIGEST_BYTES + IMA_NAME_BYTES);
  data.set(digest);
  data.set(path, IMA_DIGEST_BYTES);
  return data;
}

function entryOf(
  number: number,
  pcr: number,
  template: ImaTemplate,
  templateDigest: Buffer,
  data: Buffer,
  wrong: (field: string, says: string) => Error,
): ImaEntry {
  const file = readTemplateData(template, data);
  if (isFault(file)) throw wrong(file.field, file.says);
  const { algorithm, fileDigest, path } = file;
  const isViolation = isZeros(templateDigest);
  return { number, pcr, template, templateDigest, data, algorithm, fileDigest, path, isViolation };
}

function parseAscii(given: Uint8Array, first: number): ImaEntry[] {
  const bytes = Buffer.from(given.buffer, given.byteOffset, given.byteLength);
  const entries: ImaEntry[] = [];
  for (let at = 0; at < bytes.length; ) {
    const number = first + entries.length;
    const lineAt = at;
    const wrong = (field: string, says: string) =>
      evidenceInvalid(`IMA log, entry ${number}, ${field} in the line at byte ${lineAt}: ${says}`, field, lineAt);
    if (entries.length === IMA_ENTRIES_MAX) throw wrong('log', `has more than ${IMA_ENTRIES_MAX} entries`);
    const end = bytes.indexOf(LF, at);
    if (end < 0) throw wrong('line', 'does not end');
    entries.push(readAscii(bytes.subarray(at, end), number, wrong));
    at = end + 1;
  }
  return entries;
}

function readAscii(line: Buffer, number: number, wrong: (field: string, says: string) => Error): ImaEntry {
  // Latin 1 keeps every byte of a path as it is.
  const text = line.toString('latin1');
  // The kernel pads the PCR to two characters.
  const [pcrText = '', digestText = '', name = '', ...fields] = (text[0] === ' ' ? text.slice(1) : text).split(' ');
  if (!/^\d{1,2}$/.test(pcrText) || Number(pcrText) >= PCRS) throw wrong('PCR', 'must be a number from 0 to 23');
  if (!/^[0-9a-f]{40}$/.test(digestText)) throw wrong('template digest', 'must have 40 hexadecimal digits');
  const template = imaTemplate(name);
  if (template === undefined || !template.isAscii)
    throw wrong('template name', `is none that the ASCII list tells in full`);
  const data = readAsciiData(template, fields, oldest);
  if (!(data instanceof Uint8Array)) throw wrong(data.field, data.says);
  return entryOf(number, Number(pcrText), template, Buffer.from(digestText, 'hex'), data, wrong);
}

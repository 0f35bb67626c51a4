/**
 * The log of a measured boot (TCG PC Client Platform Firmware Profile, 10.2): which component extended which PCR. The
 * log proves nothing by itself: what it says is believed only as far as its replay gives the values that a TPM has
 * signed, and the data of an event only where its digest is that of the data.
 *
 *   log      = SHA-1 event · (SHA-1 event* | agile event*), the latter where the first event is a Spec ID Event03
 *   SHA-1    = pcr u32 · type u32 · digest 20 · size u32 · data
 *   agile    = pcr u32 · type u32 · count u32 · (hash u16 · digest)* · size u32 · data
 *   Spec ID  = "Spec ID Event03\0" · class u32 · minor u8 · major u8 · errata u8 · uintn u8 ·
 *              count u32 · (hash u16 · bytes u16)* · vendor bytes u8 · vendor
 */
import { ALG_SHA1, type HashAlgorithm, hashOf, isHash, PCRS } from '../../../schemas/tpm/index.ts';
import { EV_NO_ACTION, eventName } from './event-types.ts';
import { evidenceInvalid, LogReader } from './log-reader.ts';
import { PcrBank } from './pcr-bank.ts';

export interface BootEvent {
  /** The first of the log is 1. */
  readonly number: number;
  readonly pcr: number;
  readonly type: number;
  /** Of each bank of the log, in its order. */
  readonly digests: readonly Buffer[];
  /** Unproven. */
  readonly data: Buffer;
}

export interface BootLog {
  readonly isCryptoAgile: boolean;
  readonly banks: readonly HashAlgorithm[];
  readonly events: readonly BootEvent[];
  /** What PCR 0 starts at. */
  readonly startupLocality: number;
}

export const BOOT_LOG_BYTES_MAX: number = 4 * 1024 * 1024;
const EVENTS_MAX = 16_384;
const DATA_BYTES_MAX = 1024 * 1024;
const BANKS_MAX = 8;
/** Of algorithms that are not known here, such as SM3-256. */
const DIGEST_BYTES_MAX = 64;
const SHA1_BYTES = 20;
const SPEC_ID_03 = Buffer.from('Spec ID Event03\0', 'latin1');
const LOCALITY = Buffer.from('StartupLocality\0', 'latin1');
/** Where TPM2_Startup may come from: a static start, and the hardware's own measurement before it. */
const LOCALITIES: readonly number[] = [0, 3, 4];

interface SpecBank {
  readonly algorithm: number;
  readonly bytes: number;
}

/** Throws EVIDENCE_INVALID. The events are views of `bytes`. */
export function parseBootLog(bytes: Uint8Array): BootLog {
  if (bytes.length > BOOT_LOG_BYTES_MAX)
    throw evidenceInvalid(`the boot log has ${bytes.length} bytes, at most ${BOOT_LOG_BYTES_MAX} are allowed`, 'log');
  const reader = new LogReader(bytes, 'boot log');
  reader.entry = 1;
  const first = readSha1Event(reader, 1);
  const isCryptoAgile = first.type === EV_NO_ACTION && first.data.subarray(0, SPEC_ID_03.length).equals(SPEC_ID_03);
  const spec = isCryptoAgile ? readSpecId(first.data) : null;
  if (isCryptoAgile && first.pcr !== 0) throw reader.wrong('PCR', 'must be 0 of the Spec ID', 0);
  const banks = spec === null ? [ALG_SHA1 as HashAlgorithm] : spec.map(({ algorithm }) => algorithm).filter(isHash);
  const events = [first];
  while (reader.remaining > 0) {
    reader.entry = events.length + 1;
    if (events.length === EVENTS_MAX) throw reader.wrong('log', `has more than ${EVENTS_MAX} events`);
    events.push(spec === null ? readSha1Event(reader, reader.entry) : readAgileEvent(reader, reader.entry, spec));
  }
  return { isCryptoAgile, banks, events, startupLocality: localityOf(events) };
}

function readHead(reader: LogReader): { pcr: number; type: number } {
  const at = reader.position;
  const pcr = reader.u32('PCR');
  if (pcr >= PCRS) throw reader.wrong('PCR', `there is no PCR ${pcr}`, at);
  return { pcr, type: reader.u32('type') };
}

function readSha1Event(reader: LogReader, number: number): BootEvent {
  const { pcr, type } = readHead(reader);
  const at = reader.position;
  const digest = reader.bytes(SHA1_BYTES, 'digest');
  if (type === EV_NO_ACTION && !isZero(digest)) throw reader.wrong('digest', 'must be zeros: nothing is extended', at);
  return { number, pcr, type, digests: [digest], data: reader.sized('data', DATA_BYTES_MAX) };
}

function readAgileEvent(reader: LogReader, number: number, spec: readonly SpecBank[]): BootEvent {
  const { pcr, type } = readHead(reader);
  const countAt = reader.position;
  const count = reader.u32('digests');
  // One of each bank: an event that a bank lacks could not be replayed there.
  if (count !== spec.length)
    throw reader.wrong('digests', `there are ${count}, of the log's ${spec.length} banks`, countAt);
  const found: (Buffer | undefined)[] = new Array(spec.length).fill(undefined);
  for (let i = 0; i < count; i++) {
    const at = reader.position;
    const algorithm = reader.u16('digest algorithm');
    const bank = spec.findIndex((row) => row.algorithm === algorithm);
    if (bank < 0) throw reader.wrong('digest algorithm', `0x${algorithm.toString(16)} is no bank of the log`, at);
    if (found[bank] !== undefined)
      throw reader.wrong('digest algorithm', `0x${algorithm.toString(16)} is there twice`, at);
    const digest = reader.bytes(spec[bank]!.bytes, 'digest');
    if (type === EV_NO_ACTION && !isZero(digest))
      throw reader.wrong('digest', 'must be zeros: nothing is extended', at);
    found[bank] = digest;
  }
  const digests = found.filter((_, bank) => isHash(spec[bank]!.algorithm)) as Buffer[];
  return { number, pcr, type, digests, data: reader.sized('data', DATA_BYTES_MAX) };
}

function readSpecId(data: Buffer): SpecBank[] {
  const reader = new LogReader(data, 'boot log');
  reader.entry = 1;
  reader.bytes(SPEC_ID_03.length, 'signature');
  reader.u32('platform class');
  const versionAt = reader.position;
  const [minor, major] = [reader.u8('minor version'), reader.u8('major version')];
  if (major !== 2 || minor !== 0) throw reader.wrong('version', `is ${major}.${minor}, must be 2.0`, versionAt);
  reader.u8('errata');
  const uintnAt = reader.position;
  const uintn = reader.u8('UINTN');
  if (uintn !== 1 && uintn !== 2) throw reader.wrong('UINTN', 'must be 1 or 2', uintnAt);
  const countAt = reader.position;
  const count = reader.u32('banks');
  if (count < 1 || count > BANKS_MAX)
    throw reader.wrong('banks', `there are ${count}, 1 to ${BANKS_MAX} may be`, countAt);
  const banks: SpecBank[] = [];
  for (let i = 0; i < count; i++) {
    const at = reader.position;
    const [algorithm, bytes] = [reader.u16('bank'), reader.u16('digest bytes')];
    if (banks.some((bank) => bank.algorithm === algorithm)) throw reader.wrong('bank', 'is there twice', at);
    const known = hashOf(algorithm)?.bytes;
    if (known === undefined ? bytes < 1 || bytes > DIGEST_BYTES_MAX : bytes !== known)
      throw reader.wrong('digest bytes', `a digest of 0x${algorithm.toString(16)} has not ${bytes} bytes`, at);
    banks.push({ algorithm, bytes });
  }
  reader.bytes(reader.u8('vendor bytes'), 'vendor');
  if (reader.remaining > 0) throw reader.wrong('vendor', `is followed by ${reader.remaining} bytes`);
  return banks;
}

function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}

/** A locality that comes after PCR 0 was extended would be a way to choose its value afterwards. */
function localityOf(events: readonly BootEvent[]): number {
  let locality: number | undefined;
  let isExtended = false;
  for (const { number, pcr, type, data } of events) {
    if (type !== EV_NO_ACTION) isExtended ||= pcr === 0;
    else if (pcr === 0 && data.subarray(0, LOCALITY.length).equals(LOCALITY)) {
      const wrong = (says: string) =>
        evidenceInvalid(`boot log, entry ${number}, startup locality: ${says}`, 'locality');
      if (data.length !== LOCALITY.length + 1) throw wrong(`has ${data.length} bytes`);
      if (isExtended) throw wrong('comes after PCR 0 was extended');
      if (locality !== undefined) throw wrong('is there twice');
      locality = data[LOCALITY.length]!;
      if (!LOCALITIES.includes(locality)) throw wrong(`is ${locality}, must be ${LOCALITIES.join(', ')}`);
    }
  }
  return locality ?? 0;
}

const replays = new WeakMap<BootLog, Map<HashAlgorithm, PcrBank>>();

/** What the PCRs of a bank of the log hold after it: replayed once for each log, and not to be extended further. */
export function replayBootLog(log: BootLog, algorithm: HashAlgorithm): PcrBank {
  const known = replays.get(log) ?? new Map<HashAlgorithm, PcrBank>();
  replays.set(log, known);
  const bank = known.get(algorithm) ?? replay(log, algorithm);
  known.set(algorithm, bank);
  return bank;
}

function replay(log: BootLog, algorithm: HashAlgorithm): PcrBank {
  const bank = new PcrBank(algorithm);
  const at = log.banks.indexOf(algorithm);
  if (at < 0) throw evidenceInvalid(`the boot log has no ${hashOf(algorithm)!.name} bank`, 'bank');
  bank.startLocality(log.startupLocality);
  for (const { pcr, type, digests } of log.events) if (type !== EV_NO_ACTION) bank.extend(pcr, digests[at]!);
  return bank;
}

const TEXT_CHARS_MAX = 80;

/** For people: the number of the event, its type, and what of its data is text. */
export function describeEvent({ number, pcr, type, data }: BootEvent): string {
  const text = textOf(data);
  return `boot log entry ${number}, ${eventName(type)} in PCR ${pcr}${text === '' ? '' : ` ("${text}", unproven)`}`;
}

function textOf(data: Buffer): string {
  const isWide = data.length >= 4 && data[1] === 0 && data[3] === 0;
  const text = (isWide ? data.toString('utf16le') : data.toString('latin1')).replace(/\0+$/, '');
  return /^[\x20-\x7e]{4,}$/.test(text) ? text.slice(0, TEXT_CHARS_MAX) : '';
}

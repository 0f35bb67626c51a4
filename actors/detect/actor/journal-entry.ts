/** What is kept of a record of packets as long as a flow that began in it lives, and of where packets come from. */
import { type Codec, MsecError, type ValuesDeclaration, values } from '../../../engine/index.ts';
import { decodeRulesWord, encodeRulesWord, type RulesWord } from '../../../schemas/network/index.ts';
import { memoryState } from './kept-memory.ts';

/** By the key and the offset of the record. */
export interface JournalEntry {
  /** Flows that had begun before it. */
  readonly flowsBefore: number;
  /** How far time had come before it. */
  readonly timeBeforeUs: number;
  /** Of its looks into the flow table those that began one. */
  readonly births: Int32Array;
  /** Flows that gave way. */
  readonly evicted: Int32Array;
  /** What its flows were told by counters and bits of addresses. */
  readonly answers: Int32Array;
  readonly bytes: number;
}

/** By key: the last batch that was taken from there. */
export interface Vantage {
  readonly sessionHigh: number;
  readonly sessionLow: number;
  readonly sequence: number;
  /** Flows that have begun so far. */
  readonly flows: number;
  /** Of the record. */
  readonly offset: number;
  /** How far its time has come. */
  readonly timeUs: number;
}

const ENTRY_HEAD_BYTES = 28;
const VANTAGE_BYTES = 40;

const entryCodec: Codec<JournalEntry> = {
  format: 'msec.detect-journal/1',
  decode(bytes, start, end) {
    const view = new DataView(bytes.buffer, bytes.byteOffset + start, end - start);
    const words = (view.byteLength - ENTRY_HEAD_BYTES) / 4;
    if (words < 0 || !Number.isInteger(words)) throw corrupt('journal entry');
    const births = view.getUint32(20);
    const behind = births + view.getUint32(24);
    if (behind > words) throw corrupt('journal entry');
    const all = Int32Array.from({ length: words }, (_, i) => view.getInt32(ENTRY_HEAD_BYTES + i * 4));
    return {
      flowsBefore: Number(view.getBigInt64(0)),
      timeBeforeUs: Number(view.getBigInt64(8)),
      bytes: view.getUint32(16),
      births: all.subarray(0, births),
      evicted: all.subarray(births, behind),
      answers: all.subarray(behind),
    };
  },
  encode({ flowsBefore, timeBeforeUs, births, evicted, answers, bytes }, writer) {
    writer.i64(flowsBefore);
    writer.i64(timeBeforeUs);
    writer.u32(bytes);
    writer.u32(births.length);
    writer.u32(evicted.length);
    for (const words of [births, evicted, answers]) for (const word of words) writer.u32(word);
  },
};

const vantageCodec: Codec<Vantage> = {
  format: 'msec.detect-vantage/1',
  decode(bytes, start, end) {
    if (end - start !== VANTAGE_BYTES) throw corrupt('vantage');
    const view = new DataView(bytes.buffer, bytes.byteOffset + start, VANTAGE_BYTES);
    return {
      sessionHigh: view.getUint32(0),
      sessionLow: view.getUint32(4),
      sequence: Number(view.getBigInt64(8)),
      flows: Number(view.getBigInt64(16)),
      offset: Number(view.getBigInt64(24)),
      timeUs: Number(view.getBigInt64(32)),
    };
  },
  encode({ sessionHigh, sessionLow, sequence, flows, offset, timeUs }, writer) {
    writer.u32(sessionHigh);
    writer.u32(sessionLow);
    writer.i64(sequence);
    writer.i64(flows);
    writer.i64(offset);
    writer.i64(timeUs);
  },
};

const wordCodec: Codec<RulesWord> = {
  format: 'msec.rules-word/1',
  decode: decodeRulesWord,
  encode(word, writer) {
    const bytes = encodeRulesWord(word);
    writer.copy(bytes, 0, bytes.length);
  },
};

export const detectState: {
  readonly journal: ValuesDeclaration<JournalEntry>;
  readonly vantages: ValuesDeclaration<Vantage>;
  readonly memory: typeof memoryState;
  /** Words that put a bundle in force, by their offset: those in the records that are shown again, and the last one before. */
  readonly rules: ValuesDeclaration<RulesWord>;
} = {
  journal: values(entryCodec),
  vantages: values(vantageCodec),
  memory: memoryState,
  rules: values(wordCodec),
};

const corrupt = (what: string): MsecError => new MsecError('STATE_CORRUPT', `a ${what} of detect cannot be read`);

/** `msec dlq`: dead letters, newest first; one in full; one sent again. */
import type { DeadLetter, Place } from '../../console/index.ts';
import { ERROR_TABLE } from '../../engine/base/index.ts';
import { hasMacAddress } from '../../schemas/envelope/index.ts';
import { letterView } from '../city/index.ts';
import type { CommonFlags } from '../common-flags.ts';
import { EXIT } from '../exit-codes.ts';
import { nearMiss } from '../near-miss.ts';
import { NoInputError, note, paint, print, printJson, table, UsageError } from '../terminal.ts';
import { readLog, withAdmin } from './log-access.ts';
import { describedTopic, offsetOfNewest, readRecords, type WalkedRecord } from './record-walk.ts';
import { settingsOf } from './settings.ts';

const LETTERS = '.dlq';
const CHUNK = 500;

export interface LetterFlags extends CommonFlags {
  readonly limit: number;
  readonly topic?: string;
  readonly reason?: string;
}

export async function listLetters(flags: LetterFlags): Promise<number> {
  const { config } = settingsOf(flags);
  const reason = flags.reason?.toUpperCase();
  if (reason !== undefined && !Object.hasOwn(ERROR_TABLE, reason)) throw noReason(reason);
  const letters = await readLog(config, async (log) => {
    const wanted =
      flags.topic === undefined
        ? (await log.describe()).filter(({ name }) => name.endsWith(LETTERS))
        : [await describedTopic(log, letterTopic(flags.topic))];
    const reader = log.openReader();
    try {
      const found: DeadLetter[] = [];
      for (const topic of wanted) {
        for (const [partition, { start, end }] of topic.bounds.entries()) {
          // Without a reason to look for, the newest of each partition are enough.
          let offset =
            reason === undefined
              ? await offsetOfNewest(reader, topic.name, partition, { start, end }, flags.limit)
              : start;
          for (;;) {
            const { records, next } = await readRecords(reader, topic.name, partition, offset, CHUNK);
            for (const letter of records.map(letterView))
              if (reason === undefined || letter.code === reason) found.push(letter);
            if (found.length > flags.limit + CHUNK) newest(found, flags.limit);
            if (next === offset) break;
            offset = next;
          }
        }
      }
      return newest(found, flags.limit);
    } finally {
      await reader.close();
    }
  });
  if (flags.json) {
    for (const letter of letters) printJson(jsonLetter(letter));
    return 0;
  }
  if (letters.length === 0) {
    note(
      paint(
        'green',
        reason === undefined ? 'There are no dead letters.' : `There are no dead letters with the reason ${reason}.`,
        process.stderr,
      ),
    );
    return 0;
  }
  const columns = ['TIME', 'REASON', 'ACTOR', 'KEY', 'LETTER', 'MESSAGE'].map((title) => ({ title }));
  const rows = letters.map((letter) => [
    new Date(letter.time).toISOString().slice(0, 19).replace('T', ' '),
    letter.code,
    letter.actor,
    letter.key,
    `${letter.topic} ${letter.partition} ${letter.offset}`,
    letter.message.length > 80 ? `${letter.message.slice(0, 79)}…` : letter.message,
  ]);
  for (const line of table(columns, rows)) print(line);
  return 0;
}

function noReason(reason: string): UsageError {
  const meant = nearMiss(reason, Object.keys(ERROR_TABLE));
  return new UsageError(
    `--reason: there is no reason ${reason}${meant === undefined ? '; docs/reference/errors.md has them all' : `, did you mean ${meant}?`}`,
  );
}

/** Sorts in place, newest first, and keeps so many. */
function newest(letters: DeadLetter[], limit: number): DeadLetter[] {
  letters.sort((a, b) => b.time - a.time || b.offset - a.offset);
  letters.length = Math.min(letters.length, limit);
  return letters;
}

const letterTopic = (name: string): string => (name.endsWith(LETTERS) ? name : `${name}${LETTERS}`);

function placeOf([topic, partition, offset]: readonly string[]): Place {
  const number = (text: string | undefined, what: string): number => {
    if (text === undefined || !/^\d{1,15}$/.test(text))
      throw new UsageError(`${what} must be a whole number, is "${text}"`);
    return Number(text);
  };
  return {
    topic: letterTopic(topic ?? ''),
    partition: number(partition, 'the partition'),
    offset: number(offset, 'the offset'),
  };
}

export async function showLetter(flags: CommonFlags, args: readonly string[]): Promise<number> {
  const { config } = settingsOf(flags);
  const place = placeOf(args);
  const record = await readLog(config, async (log) => {
    const topic = await describedTopic(log, place.topic);
    if (place.partition >= topic.partitions)
      throw new NoInputError(`${place.topic} has the partitions 0 to ${topic.partitions - 1}`);
    const reader = log.openReader();
    try {
      const { records } = await readRecords(reader, place.topic, place.partition, place.offset, 1);
      return records[0];
    } finally {
      await reader.close();
    }
  });
  if (record === undefined || record.offset !== place.offset) {
    throw new NoInputError(`there is no letter at offset ${place.offset} of ${place.topic}-${place.partition}`);
  }
  if (flags.json) printJson(jsonLetter(letterView(record), record));
  else for (const line of letterText(letterView(record), record)) print(line);
  return 0;
}

const hidden = ({ value }: WalkedRecord): boolean => value !== null && hasMacAddress(value, 0, value.length);

function jsonLetter(letter: DeadLetter, record?: WalkedRecord) {
  const { hex: _cut, time, code, ...rest } = letter;
  const whole = record === undefined || hidden(record) ? {} : { hex: Buffer.from(record.value ?? []).toString('hex') };
  return { time: new Date(time).toISOString(), reason: code, ...rest, ...whole };
}

function letterText(letter: DeadLetter, record: WalkedRecord): string[] {
  const place = ({ topic, partition, offset }: Place) => `${topic}, partition ${partition}, offset ${offset}`;
  const rows: (readonly [string, string])[] = [
    ['reason', letter.code],
    ['message', letter.message],
    ['time', new Date(letter.time).toISOString()],
    ['key', letter.key],
    ['actor', letter.stage === null ? letter.actor : `${letter.actor} (in ${letter.stage})`],
    ['failed record', letter.source === null ? '-' : place(letter.source)],
    ['letter', place(letter)],
    ['attempts', letter.attempts === null ? '-' : String(letter.attempts)],
    ['field', letter.field ?? '-'],
    ['byte', letter.byteOffset === null ? '-' : String(letter.byteOffset)],
    ['bytes', String(letter.bytes)],
  ];
  const lines = rows.map(([name, value]) => `${paint('dim', name.padEnd(14))}${value}`);
  if (hidden(record)) return [...lines, '', '[bytes not shown: they look as if they held a MAC address]'];
  return [...lines, '', ...hexDump(record.value ?? new Uint8Array(), letter.markedByte)];
}

function hexDump(bytes: Uint8Array, marked: number | null): string[] {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const row = [...bytes.subarray(at, at + 16)];
    const cells = row.map((byte, i) => {
      const cell = byte.toString(16).padStart(2, '0');
      return at + i === marked ? paint('red', `[${cell}]`) : ` ${cell} `;
    });
    const text = row.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');
    lines.push(
      `${paint('dim', at.toString(16).padStart(6, '0'))} ${cells.join('')}${'    '.repeat(16 - row.length)} ${text}`,
    );
  }
  return lines;
}

export async function resendOne(flags: CommonFlags, args: readonly string[]): Promise<number> {
  const { config } = settingsOf(flags);
  const place = placeOf(args);
  const result = (await withAdmin(config, (admin) => admin.resend(place))) as { readonly isSent: boolean };
  if (flags.json) printJson(result);
  else if (result.isSent) print(`Sent again: ${place.topic} ${place.partition} ${place.offset}.`);
  else note('It was sent again before; each letter goes once.');
  return result.isSent ? EXIT.ok.code : EXIT.data.code;
}

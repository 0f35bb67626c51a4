/** What the desk writes: records of ids.rules, and the words that stand between packets. */
import { type Append, BatchEncoder } from '../../engine/index.ts';
import { encodeRulesWord, type RulesWord } from '../../schemas/network/index.ts';
import { IDS_RULES } from '../../schemas/topics/index.ts';
import type { CheckedBundle } from './check-messages.ts';
import type { RuleBook } from './rule-book.ts';
import {
  type BundleRecord,
  keyText,
  PART_BYTES,
  type RefusalRecord,
  type RuleKey,
  type TurnRecord,
} from './rule-records.ts';

export type Entry =
  | { readonly kind: 'part'; readonly digest: string; readonly index: number; readonly bytes: Uint8Array }
  | { readonly kind: 'bundle'; readonly bundle: BundleRecord }
  | { readonly kind: 'turn'; readonly turn: TurnRecord }
  | { readonly kind: 'refused'; readonly place: number; readonly refusal: RefusalRecord }
  | { readonly kind: 'end'; readonly key: RuleKey };

const NOTHING = new Uint8Array(0);
/** Bundles that a roll-back can go to, the one in force included. */
export const BUNDLES_KEPT = 8;
const TURNS_KEPT = 64;
const REFUSALS_KEPT = 16;

export function entriesOfPush(
  book: RuleBook,
  bytes: Uint8Array,
  { digest, name, version, loaded }: CheckedBundle,
  by: string,
  at: number,
): readonly Entry[] {
  const parts = Math.ceil(bytes.length / PART_BYTES);
  const turn: TurnRecord = {
    ...{ sequence: (book.turn?.sequence ?? 0) + 1, kind: 'push', highest: version },
    ...{ digest, name, version, by, why: '', at },
  };
  return [
    ...Array.from({ length: parts }, (_, index): Entry => {
      return { kind: 'part', digest, index, bytes: bytes.subarray(index * PART_BYTES, (index + 1) * PART_BYTES) };
    }),
    { kind: 'bundle', bundle: { digest, name, version, bytes: bytes.length, parts, loaded, by, at } },
    { kind: 'turn', turn },
    ...endings(book, turn),
  ];
}

/** What gives way to a new turn. */
function endings({ bundles, turns }: RuleBook, now: TurnRecord): Entry[] {
  const latest = [...turns.values()].sort((a, b) => b.sequence - a.sequence);
  const kept = new Set([now.digest, ...latest.map(({ digest }) => digest)].slice(0, BUNDLES_KEPT));
  const gone = [...bundles.values()].filter(({ digest }) => !kept.has(digest));
  return [
    ...gone.flatMap(({ digest, parts }): Entry[] => [
      { kind: 'end', key: { kind: 'bundle', digest } },
      ...Array.from({ length: parts }, (_, index): Entry => ({ kind: 'end', key: { kind: 'part', digest, index } })),
    ]),
    ...latest.slice(TURNS_KEPT - 1).map(({ sequence }): Entry => ({ kind: 'end', key: { kind: 'turn', sequence } })),
  ];
}

export function refusalEntry({ refusals }: RuleBook, about: Omit<RefusalRecord, 'number'>): Entry {
  const number = Math.max(0, ...[...refusals.values()].map((one) => one.number)) + 1;
  return { kind: 'refused', place: number % REFUSALS_KEPT, refusal: { number, ...about } };
}

/** A batch for each part, which alone nearly fills one, and one for the rest. */
export function appendsOf(entries: readonly Entry[], at: number): readonly Append[] {
  const appends: Append[] = [];
  let encoder = new BatchEncoder();
  let isEmpty = true;
  const flush = (): void => {
    if (!isEmpty) appends.push({ topic: IDS_RULES, partition: 0, bytes: encoder.finish() });
    encoder = new BatchEncoder();
    isEmpty = true;
  };
  for (const entry of entries) {
    const key = Buffer.from(keyText(keyOfEntry(entry)), 'latin1');
    const value = bytesOf(entry);
    encoder.append(at, key, 0, key.length, value ?? NOTHING, value === null ? -1 : 0, value?.length ?? -1);
    isEmpty = false;
    if (entry.kind === 'part') flush();
  }
  flush();
  return appends;
}

function keyOfEntry(entry: Entry): RuleKey {
  switch (entry.kind) {
    case 'end':
      return entry.key;
    case 'part':
      return { kind: 'part', digest: entry.digest, index: entry.index };
    case 'bundle':
      return { kind: 'bundle', digest: entry.bundle.digest };
    case 'turn':
      return { kind: 'turn', sequence: entry.turn.sequence };
    case 'refused':
      return { kind: 'refused', place: entry.place };
  }
}

const json = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));

function bytesOf(entry: Entry): Uint8Array | null {
  switch (entry.kind) {
    case 'end':
      return null;
    case 'part':
      return entry.bytes;
    case 'bundle':
      return json(entry.bundle);
    case 'turn':
      return json(entry.turn);
    case 'refused':
      return json(entry.refusal);
  }
}

/** One word for each partition: all of them, or none. */
export function wordAppends(
  { sequence, version, digest }: TurnRecord,
  phase: RulesWord['phase'],
  { topic, partitions }: { readonly topic: string; readonly partitions: number },
  at: number,
): readonly Append[] {
  const value = encodeRulesWord({ phase, sequence, version, digest });
  return Array.from({ length: partitions }, (_, partition): Append => {
    const encoder = new BatchEncoder();
    encoder.append(at, NOTHING, 0, 0, value, 0, value.length);
    return { topic, partition, bytes: encoder.finish() };
  });
}

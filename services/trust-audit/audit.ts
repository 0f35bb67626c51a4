/**
 * Reads log, checkpoints and scores of one partition, and holds them against each other. While an engine writes, the log
 * may be ahead of a score that was read before: the scores are read after the log, the log is read on to where it is
 * then, and a score has to be what the log gave at one of its pair's entries in between. Memory: the partition's
 * interactions that are wanted, and one number for each of the others' hashes.
 */
import type { KeyObject } from 'node:crypto';
import type { LogReader } from '../../engine/index.ts';
import type { PairScore } from '../../schemas/index.ts';
import { TRUST_CHECKPOINTS, TRUST_LOG } from '../../schemas/topics/index.ts';
import { type Checkpoint, decodeCheckpoint, type LogEntry, type Note } from '../../schemas/trust-log/index.ts';
import { ChainCheck, type ChainResult } from './chain-check.ts';
import { difference } from './compare.ts';
import { eachRecord, type WalkedRecord } from './each-record.ts';
import { type ExactScore, exactScore, type HalfLives } from './exact-score.ts';
import { readPairScores } from './pair-scores.ts';
import { isWanted, type PairBook, pairKey, ScoreBook, type Wanted } from './score-book.ts';

export interface AuditOptions {
  readonly wanted: Wanted;
  readonly halfLives: HalfLives;
  /** Public; null: signatures of checkpoints are not looked at. */
  readonly key: KeyObject | null;
  readonly kept: readonly Note[];
}

export type ScoreFaultKind =
  | 'score-differs'
  | 'score-missing'
  | 'score-unfounded'
  | 'counted-twice'
  | 'corrects-nothing';

export interface ScoreFault {
  readonly kind: ScoreFaultKind;
  readonly trustor: string;
  readonly trustee: string;
  readonly service: string;
  readonly says: string;
}

export interface CheckedPair {
  readonly trustor: string;
  readonly trustee: string;
  readonly service: string;
  readonly published: PairScore;
  readonly exact: ExactScore;
  /** Interactions that the score counts and the log does not hold any more: it cannot be made anew then. */
  readonly gone: number;
}

export interface PartitionAudit {
  readonly chain: ChainResult;
  /** Pairs whose score the log gives. */
  readonly agreed: number;
  /** Pairs of whose interactions retention has deleted some. */
  readonly partial: number;
  readonly faults: readonly ScoreFault[];
  /** Where one pair is wanted. */
  readonly pairs: readonly CheckedPair[];
}

const PAIRS_TOLD_MAX = 50;
const NOTHING = new Uint8Array(0);

export async function auditPartition(
  reader: LogReader,
  partition: number,
  options: AuditOptions,
): Promise<PartitionAudit> {
  const { wanted, key, halfLives } = options;
  const checkpoints = await checkpointsOf(reader, partition);
  const kept = options.kept.filter((note) => note.partition === partition);
  const chain = new ChainCheck(partition, checkpoints, kept, key);
  const book = new ScoreBook(wanted);
  const faults: ScoreFault[] = [];
  let isWhole: boolean | null = null;
  const later: LogEntry[] = [];
  let isLater = false;
  const walk = (from: number): Promise<number> =>
    eachRecord(reader, { topic: TRUST_LOG, partition, from }, (record) => {
      const entry = takeIn(chain, record);
      if (entry === null) return;
      isWhole ??= entry.index === 0;
      if (isLater && isWanted(wanted, entry)) later.push(entry);
      else addTo(book, entry, isWhole, faults);
    });
  const end = await walk(0);
  const scores = await readPairScores(reader, partition, wanted);
  isLater = true;
  await walk(end);
  const compared = compareAll(book, scores, later, halfLives, isWhole ?? true);
  return { chain: chain.result(), ...compared, faults: [...faults, ...compared.faults] };
}

/** A record without a value is no entry, and as good as a broken one. */
function takeIn(chain: ChainCheck, { offset, key, value }: WalkedRecord): LogEntry | null {
  return chain.take({ offset, key, value: value ?? NOTHING });
}

function addTo(book: ScoreBook, entry: LogEntry, isWhole: boolean, faults: ScoreFault[]): void {
  const fault = book.add(entry, isWhole);
  if (fault === null) return;
  const says =
    fault === 'counted-twice'
      ? `entry ${entry.index} counts the id ${entry.id} once more`
      : `entry ${entry.index} corrects the id ${entry.id}, which was never counted`;
  faults.push({ kind: fault, ...namesOf(entry), says });
}

export async function checkpointsOf(reader: LogReader, partition: number): Promise<Checkpoint[]> {
  const checkpoints: Checkpoint[] = [];
  await eachRecord(reader, { topic: TRUST_CHECKPOINTS, partition, from: 0 }, ({ value }) => {
    if (value !== null) checkpoints.push(decodeCheckpoint(value));
  });
  return checkpoints;
}

/** The interactions of one pair, in the order of the log. */
export async function pairOf(
  reader: LogReader,
  partition: number,
  wanted: Wanted,
): Promise<{ readonly chain: ChainResult; readonly books: readonly PairBook[] }> {
  const chain = new ChainCheck(partition, await checkpointsOf(reader, partition), [], null);
  const book = new ScoreBook(wanted);
  await eachRecord(reader, { topic: TRUST_LOG, partition, from: 0 }, (record) => {
    const entry = takeIn(chain, record);
    if (entry !== null) book.add(entry, false);
  });
  return { chain: chain.result(), books: [...book.pairs.values()] };
}

type Compared = Omit<PartitionAudit, 'chain'>;

function compareAll(
  book: ScoreBook,
  scores: ReadonlyMap<string, PairScore>,
  later: readonly LogEntry[],
  halfLives: HalfLives,
  isWhole: boolean,
): Compared {
  const laterOf = Map.groupBy(later, ({ trustee, service, trustor }) => pairKey(trustee, service, trustor));
  const faults: ScoreFault[] = [];
  const pairs: CheckedPair[] = [];
  let [agreed, partial] = [0, 0];
  for (const [key, published] of scores) {
    const found = compareOne(book.pairs.get(key), published, laterOf.get(key) ?? [], halfLives, isWhole);
    if (found.says !== null)
      faults.push({
        kind: found.exact === null ? 'score-unfounded' : 'score-differs',
        ...namesOf(published),
        says: found.says,
      });
    else if (found.gone > 0) partial++;
    else agreed++;
    if (found.exact !== null && pairs.length < PAIRS_TOLD_MAX)
      pairs.push({ ...namesOf(published), published, exact: found.exact, gone: found.gone });
  }
  for (const [key, pair] of book.pairs)
    if (!scores.has(key))
      faults.push({
        kind: 'score-missing',
        ...namesOf(pair),
        says: `the log has ${pair.entries} entries, and no score was published`,
      });
  return { agreed, partial, faults, pairs };
}

interface Found {
  readonly exact: ExactScore | null;
  readonly gone: number;
  readonly says: string | null;
}

function compareOne(
  pair: PairBook | undefined,
  published: PairScore,
  later: readonly LogEntry[],
  halfLives: HalfLives,
  isWhole: boolean,
): Found {
  const known = pair?.interactions ?? [];
  let list = known;
  let newestMs = pair?.newestMs ?? 0;
  let first: string | null = null;
  const added = new ScoreBook();
  for (let i = 0; ; i++) {
    // A correction may have moved the newest back: a score goes on to be told as of what was the newest.
    const exact = exactScore(list, halfLives, published.at === newestMs ? newestMs : undefined);
    const gone = isWhole ? 0 : Math.max(0, published.interactions - exact.interactions);
    if (list.length > 0 && gone > 0) return { exact, gone, says: null };
    const says = difference(published, exact);
    if (says === null) return { exact, gone: 0, says: null };
    first ??= list.length === 0 ? null : says;
    const next = later[i];
    if (next === undefined) {
      if (list.length > 0) return { exact, gone: 0, says: first ?? says };
      if (!isWhole) return { exact: null, gone: published.interactions, says: null };
      return { exact: null, gone: 0, says: `${published.interactions} interactions are counted, and the log has none` };
    }
    added.add(next, false);
    newestMs = Math.max(newestMs, next.timeMs);
    const fresh = [...added.pairs.values()][0]!.interactions;
    const replaced = new Set(fresh.map(({ id }) => id));
    list = [...known.filter(({ id }) => !replaced.has(id)), ...fresh];
  }
}

function namesOf({ trustor, trustee, service }: { trustor: string; trustee: string; service: string }) {
  return { trustor, trustee, service };
}

/**
 * Reads log, checkpoints and scores of one partition, and holds them against each other. While an engine writes, the log
 * may be ahead of a score that was read before: the scores are read after the log, and the log is read on to where it is
 * then (comparison.ts). Memory: the partition's interactions that are wanted.
 */
import type { KeyObject } from 'node:crypto';
import { errorData, type LogReader } from '../../engine/index.ts';
import { TRUST_CHECKPOINTS, TRUST_LOG } from '../../schemas/topics/index.ts';
import { type Checkpoint, decodeCheckpoint, type LogEntry, type Note } from '../../schemas/trust-log/index.ts';
import { eachRecord, type WalkedRecord } from '../record-walk/index.ts';
import { ChainCheck, type ChainResult, type Fault } from './chain-check.ts';
import { type Compared, Comparison, type ScoreFault } from './comparison.ts';
import type { HalfLives } from './exact-score.ts';
import type { StandingTerms } from './exact-standing.ts';
import { ProviderBook, readDecisions } from './provider-book.ts';
import { SKEW_MS } from './provider-replay.ts';
import { readScores } from './published-scores.ts';
import { isWanted, type PairBook, ScoreBook, type Wanted } from './score-book.ts';

export interface AuditOptions {
  readonly wanted: Wanted;
  readonly halfLives: HalfLives;
  /** Public; null: signatures of checkpoints are not looked at. */
  readonly key: KeyObject | null;
  readonly kept: readonly Note[];
  /** As configured now; null: providers are not judged. */
  readonly standing: StandingTerms | null;
  readonly nowMs: number;
  /** As configured now: how long after its newest interaction a pair is forgotten; infinite: never. */
  readonly forgetMs: number;
}

export interface PartitionAudit extends Compared {
  readonly chain: ChainResult;
}

const NOTHING = new Uint8Array(0);

export async function auditPartition(
  reader: LogReader,
  partition: number,
  options: AuditOptions,
): Promise<PartitionAudit> {
  const { wanted, key, halfLives } = options;
  const broken: Fault[] = [];
  const checkpoints = await checkpointsOf(reader, partition, (offset, says) => {
    broken.push({ kind: 'checkpoint-unreadable', partition, index: 0, offset, says: `trust.checkpoints: ${says}` });
  });
  const kept = options.kept.filter((note) => note.partition === partition);
  const chain = new ChainCheck(partition, checkpoints, kept, key);
  const decisions = await readDecisions(reader, partition, wanted);
  const book = new ScoreBook(wanted);
  const providers = new ProviderBook(halfLives, options.standing, decisions, options.forgetMs);
  const faults: ScoreFault[] = [];
  let isWhole: boolean | null = null;
  /** Event time, as far as the log tells. */
  let reachedMs = Number.NEGATIVE_INFINITY;
  let comparison: Comparison | null = null;
  const walk = (from: number): Promise<number> =>
    eachRecord(reader, { topic: TRUST_LOG, partition, from }, (record) => {
      const entry = takeIn(chain, record);
      if (entry === null) return;
      isWhole ??= entry.index === 0;
      reachedMs = Math.max(reachedMs, record.timestamp);
      if (isWanted(wanted, entry)) {
        addTo(book, entry, isWhole, faults, reachedMs + SKEW_MS - options.forgetMs);
        // Of a provider whose other trustors are not looked at nothing can be said.
        if (wanted.trustor === null) providers.take(entry, book.pairOf(entry), record.timestamp);
      }
      providers.reach(record.timestamp);
      comparison?.grown(entry);
    });
  const end = await walk(0);
  const scores = await readScores(reader, partition, wanted);
  const late = await readDecisions(reader, partition, wanted);
  comparison = new Comparison({
    ...{ book, providers, scores, halfLives, isWhole: isWhole ?? true, nowMs: options.nowMs },
    forgottenMs: options.nowMs + SKEW_MS - options.forgetMs,
    // What was decided meanwhile may have come before entries that were read already.
    isMoving: (provider) => late.get(provider)?.length !== decisions.get(provider)?.length,
  });
  await walk(end);
  const compared = comparison.result();
  const result = chain.result();
  return {
    ...compared,
    chain: { ...result, faults: [...broken, ...result.faults] },
    faults: [...faults, ...compared.faults],
  };
}

/** A record without a value is no entry, and as good as a broken one. */
function takeIn(chain: ChainCheck, { offset, key, value }: WalkedRecord): LogEntry | null {
  return chain.take({ offset, key, value: value ?? NOTHING });
}

function addTo(book: ScoreBook, entry: LogEntry, isWhole: boolean, faults: ScoreFault[], forgottenMs: number): void {
  const fault = book.add(entry, isWhole, forgottenMs);
  if (fault === null) return;
  const says =
    fault === 'counted-twice'
      ? `entry ${entry.index} counts the id ${entry.id} once more`
      : `entry ${entry.index} corrects the id ${entry.id}, which was never counted`;
  faults.push({ kind: fault, ...namesOf(entry), says });
}

/** In the order in which they were written. One that cannot be read is passed over, and told where somebody listens. */
export async function checkpointsOf(
  reader: LogReader,
  partition: number,
  onBroken: (offset: number, says: string) => void = () => undefined,
): Promise<Checkpoint[]> {
  const checkpoints: Checkpoint[] = [];
  await eachRecord(reader, { topic: TRUST_CHECKPOINTS, partition, from: 0 }, ({ offset, value }) => {
    try {
      checkpoints.push(decodeCheckpoint(value ?? NOTHING));
    } catch (thrown) {
      onBroken(offset, errorData(thrown).message);
    }
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

function namesOf({ trustor, trustee, service }: { trustor: string; trustee: string; service: string }) {
  return { trustor, trustee, service };
}

/** The newest published scores of pairs in one partition of trust.scores. */
import type { LogReader } from '../../engine/index.ts';
import { decodePairScore, type PairScore } from '../../schemas/index.ts';
import { TRUST_SCORES } from '../../schemas/topics/index.ts';
import { eachRecord } from './each-record.ts';
import { isWanted, type Wanted } from './score-book.ts';

/** By key, as `pairKey` makes it. */
export async function readPairScores(
  reader: LogReader,
  partition: number,
  wanted: Wanted,
): Promise<Map<string, PairScore>> {
  const scores = new Map<string, PairScore>();
  await eachRecord(reader, { topic: TRUST_SCORES, partition, from: 0 }, ({ key, value }) => {
    // A provider's own record has two names in its key.
    if (key.split(' ').length !== 3) return;
    if (value === null) {
      scores.delete(key);
      return;
    }
    const score = decodePairScore(value);
    if (isWanted(wanted, score)) scores.set(key, score);
  });
  return scores;
}

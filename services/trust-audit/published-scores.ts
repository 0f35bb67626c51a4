/** The newest published scores in one partition of trust.scores. */
import type { LogReader } from '../../engine/index.ts';
import { decodePairScore, decodeProviderScore, type PairScore, type ProviderScore } from '../../schemas/index.ts';
import { TRUST_SCORES } from '../../schemas/topics/index.ts';
import { eachRecord } from '../record-walk/index.ts';
import type { PublishedScores } from './comparison.ts';
import { isWanted, type Wanted } from './score-book.ts';

/** What all trustors together know follows from all of them, so it is read where no single one is wanted. */
export async function readScores(reader: LogReader, partition: number, wanted: Wanted): Promise<PublishedScores> {
  const pairs = new Map<string, PairScore>();
  const providers = new Map<string, ProviderScore>();
  await eachRecord(reader, { topic: TRUST_SCORES, partition, from: 0 }, ({ key, value }) => {
    // `trustee service trustor`, or without the last; names hold no spaces.
    const isPair = key.split(' ').length === 3;
    if (value === null) {
      pairs.delete(key);
      providers.delete(key);
    } else if (isPair) {
      const score = decodePairScore(value);
      if (isWanted(wanted, score)) pairs.set(key, score);
    } else if (wanted.trustor === null) {
      const score = decodeProviderScore(value);
      if (isWanted(wanted, { ...score, trustor: null })) providers.set(key, score);
    }
  });
  return { pairs, providers };
}

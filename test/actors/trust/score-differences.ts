/** Where scores and letters are others than the oracle's. */
import type { PairScore, ProviderScore } from '../../../schemas/index.ts';
import type { ExpectedScores } from '../../oracle/trust/expected-scores.ts';

/** Of scores; evidence is compared in relation to itself. */
const TOLERANCE = 1e-12;

export interface FoundScores {
  readonly pairs: ReadonlyMap<string, PairScore>;
  readonly providers: ReadonlyMap<string, ProviderScore>;
  readonly refused: readonly { readonly code: string; readonly field?: string }[];
}

export function differencesOf(want: Omit<ExpectedScores, 'repeated' | 'corrected'>, found: FoundScores): string[] {
  const differences: string[] = [];
  const near = (what: string, is: number, must: number, scale = 1) => {
    const isNear = Number.isNaN(must) ? Number.isNaN(is) : Math.abs(is - must) <= TOLERANCE * scale;
    if (!isNear) differences.push(`${what} is ${is}, must be ${must}`);
  };
  const sameKeys = (what: string, is: Iterable<string>, must: Iterable<string>) => {
    const [a, b] = [[...is].sort().join(', '), [...must].sort().join(', ')];
    if (a !== b) differences.push(`${what}: are ${a}, must be ${b}`);
  };
  sameKeys('pairs', found.pairs.keys(), want.pairs.keys());
  sameKeys('providers', found.providers.keys(), want.providers.keys());
  for (const [key, must] of want.pairs) {
    const is = found.pairs.get(key);
    if (is === undefined) continue;
    near(`trust of ${key}`, is.trust, must.trust);
    for (const window of ['small', 'big'] as const) {
      near(`${window} mean of ${key}`, is[window].mean, must[window].mean);
      near(`${window} deviation of ${key}`, is[window].deviation, must[window].deviation);
      near(`${window} evidence of ${key}`, is[window].evidence, must[window].evidence, must[window].evidence);
    }
    near(`interactions of ${key}`, is.interactions, must.interactions);
    near(`time of ${key}`, is.at, must.at);
  }
  for (const [key, must] of want.providers) {
    const is = found.providers.get(key);
    if (is === undefined) continue;
    near(`trust of ${key}`, is.trust, must.trust);
    near(`small mean of ${key}`, is.small.mean, must.smallMean);
    near(`big mean of ${key}`, is.big.mean, must.bigMean);
    near(`evidence of ${key}`, is.big.evidence, must.evidence, must.evidence);
    near(`interactions of ${key}`, is.interactions, must.interactions);
    near(`raters of ${key}`, is.raters, must.raters);
    near(`time of ${key}`, is.at, must.at);
    near(`first of ${key}`, is.first, must.first);
  }
  const letters = found.refused.map(({ code, field }) => (code === 'INTERACTION_LATE' ? 'late' : String(field)));
  if (letters.join() !== want.refused.join())
    differences.push(`refused are ${letters.join()}, must be ${want.refused.join()}`);
  return differences;
}

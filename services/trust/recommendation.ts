/** The answer to a question, as plain data: who, how dependable, and why. */
import type { ShownStanding } from './providers.ts';
import { NOBODY, type Weights } from './question.ts';

export interface Recommended {
  readonly provider: string;
  /** D, of the measures below with these weights. */
  readonly dependability: number;
  /** T, own experience; null without any. */
  readonly trust: number | null;
  /** R, the others' experience. */
  readonly reputation: number;
  /** R′, measured performance; null where it was never measured. */
  readonly reliability: number | null;
  /** P, requests received, of the service's busiest. */
  readonly popularity: number;
  readonly weights: Weights;
  /** Own ones, ever. */
  readonly interactions: number;
  /** Others who have judged it. */
  readonly raters: number;
  /** Null where nobody has said where it is, or nobody asked. */
  readonly distanceM: number | null;
  readonly standing: ShownStanding;
  /** Not for its dependability, but so that newcomers and the reintegrated get a chance. */
  readonly isIntroduced: boolean;
  /** The reasons in words. */
  readonly says: readonly string[];
}

export interface Recommendation {
  readonly service: string;
  readonly trustor: string;
  /** Unix milliseconds. */
  readonly at: number;
  /** The best first; an introduced one before all. Empty where nobody is fit. */
  readonly providers: readonly Recommended[];
  /** Providers that were looked at, and those of them that are blacklisted. */
  readonly considered: number;
  readonly barred: number;
}

export function reasonsOf(found: Omit<Recommended, 'says'>, trustor: string, isNewcomer: boolean): string[] {
  const { trust, reputation, reliability, interactions, raters, distanceM, standing, isIntroduced } = found;
  const says: string[] = [];
  if (isIntroduced)
    says.push(
      standing === 'reintegrated'
        ? 'introduced: it was blacklisted, and gets another chance'
        : 'introduced: a newcomer gets a chance',
    );
  else if (standing === 'reintegrated') says.push('it was blacklisted, and is back');
  if (trust !== null) says.push(`own experience ${shown(trust)}, of ${counted(interactions, 'interaction')}`);
  else if (trustor !== NOBODY) says.push('no own experience');
  if (raters > 0) says.push(`${counted(raters, 'other')} make it ${shown(reputation)}`);
  else if (isNewcomer) says.push(`nobody else knows it; newcomers are taken for ${shown(reputation)}`);
  if (reliability !== null) says.push(`it performs at ${shown(reliability)}`);
  if (distanceM !== null) says.push(`${lengthOf(distanceM)} away`);
  return says;
}

const shown = (value: number): string => value.toFixed(2);
const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
const lengthOf = (metres: number): string =>
  metres < 1000 ? `${Math.round(metres)} m` : `${(metres / 1000).toFixed(1)} km`;

/**
 * How a provider stands for a service: explicit states, moved by what all trustors know of it and by time. Who is trusted too
 * little by enough of them is blacklisted for a while, each time for twice as long; afterwards it is reintegrated, and judged
 * anew by what came since; after so many times it is blacklisted for good. An operator can lift a blacklisting, and make one
 * for good.
 */
import { NORMAL, type Standing, type StandingNow } from '../../../schemas/index.ts';
import type { StandingAction, StandingCommand } from '../../../schemas/standing/index.ts';

export interface StandingRules {
  /** Less trust of all, and a lower mean of late, than this. */
  readonly below: number;
  /** Of so many trustors at least; after a reintegration, of so many interactions since. */
  readonly ratersMin: number;
  /** How long the first time. */
  readonly forMs: number;
  /** The time that is for good. */
  readonly strikes: number;
}

/** `interactions`: how many there were when it came to stand so. */
export interface StandingRow extends StandingNow {
  readonly interactions: number;
  /** An operator's word is its standing: it holds without rules, too. */
  readonly isByHand?: boolean;
  /** Ids of the last commands. */
  readonly done?: readonly string[];
}

export const NORMAL_ROW: StandingRow = { ...NORMAL, interactions: 0 };

export interface ProviderFacts {
  /** R of all trustors. */
  readonly trust: number;
  /** Mean of the small window. */
  readonly recent: number;
  readonly raters: number;
  readonly interactions: number;
}

/** How it stands after an interaction; null where that is as before. */
export function standingAfter(
  row: StandingRow,
  { trust, recent, raters, interactions }: ProviderFacts,
  { below, ratersMin, forMs, strikes }: StandingRules,
  nowMs: number,
): StandingRow | null {
  if (row.standing !== 'normal' && row.standing !== 'reintegrated') return null;
  const isBad = recent < below && (row.standing === 'reintegrated' || trust < below);
  const isKnown = raters >= ratersMin && interactions - row.interactions >= ratersMin;
  if (!isBad || !isKnown) return null;
  const blacklistings = row.blacklistings + 1;
  const why = `its ${raters} raters' mean of late is ${recent.toFixed(2)}, below ${below}`;
  const isForGood = blacklistings >= strikes;
  return {
    standing: isForGood ? 'permanent' : 'blacklisted',
    since: nowMs,
    until: isForGood ? null : nowMs + forMs * 2 ** (blacklistings - 1),
    blacklistings,
    says: isForGood ? `${why}, for the ${blacklistings}. time: for good` : why,
    interactions,
    ...(row.done === undefined ? {} : { done: row.done }),
  };
}

/** Once its time is over. */
export function reintegrated(row: StandingRow, interactions: number): StandingRow {
  const says = `its ${row.blacklistings}. blacklisting is over`;
  return { ...row, standing: 'reintegrated', since: row.until!, until: null, says, interactions };
}

/** Known of one trustee and service: a command comes again soon or never. */
const DONE_MAX = 16;

export const isDone = ({ done }: StandingRow, { id }: StandingCommand): boolean => done?.includes(id) === true;

/** Null where the action changes a standing. */
export function whyUnchanged(action: StandingAction, standing: Standing): string | null {
  if (action === 'ban') return standing === 'permanent' ? 'it is blacklisted for good already' : null;
  return standing === 'blacklisted' || standing === 'permanent' ? null : 'there is no blacklisting to appeal';
}

/** What an operator's command makes of it; null where there is nothing that it could change. */
export function standingByHand(
  row: StandingRow,
  { id, action, by, why }: StandingCommand,
  interactions: number,
  nowMs: number,
): StandingRow | null {
  const done = [id, ...(row.done ?? [])].slice(0, DONE_MAX);
  if (whyUnchanged(action, row.standing) !== null) return null;
  if (action === 'ban') {
    const { blacklistings } = row;
    const standing = { standing: 'permanent', since: nowMs, until: null, blacklistings: blacklistings + 1 } as const;
    return { ...standing, says: `banned by ${by}: ${why}`, interactions, isByHand: true, done };
  }
  if (action === 'refuse') return { ...row, says: `appeal refused by ${by}: ${why}`, done };
  const standing = { standing: 'reintegrated', since: nowMs, until: null, blacklistings: row.blacklistings } as const;
  return { ...standing, says: `appeal granted by ${by}: ${why}`, interactions, isByHand: true, done };
}

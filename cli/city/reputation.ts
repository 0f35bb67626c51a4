/** Trust and reputation as configured, and what keeps them going beside the engine. */
import { JUDGE_DEFAULTS } from '../../actors/judge/index.ts';
import type { Clock, Emit, Log } from '../../engine/index.ts';
import { PlaceAnnouncer } from '../../services/device-places/index.ts';
import type { DeviceService } from '../../services/devices/index.ts';
import type { MainJobConfig } from '../../services/main-job/index.ts';
import type { Config } from '../config/index.ts';

/** Null where there are no interactions. */
function trustOptions(config: Config): MainJobConfig['trust'] {
  if (!config['trust.enabled']) return null;
  return {
    services: config['trust.services'],
    smallHalfLifeMs: config['trust.halfLifeSmall'],
    bigHalfLifeMs: config['trust.halfLifeBig'],
    horizonMs: config['trust.horizon'],
    aheadMs: config['trust.ahead'],
    idsMax: config['trust.idsMax'],
    forgetMs: forgetMs(config),
    standing: standingRules(config),
  };
}

/** How long after its newest interaction a pair is forgotten; none is while one of its ids is known. */
export function forgetMs(config: Config): number {
  return Math.max(config['trust.forgetAfter'] * config['trust.halfLifeBig'], config['trust.horizon'] + 1);
}

/** How providers come to be blacklisted; null: never. */
export function standingRules(config: Config) {
  if (config['trust.blacklistBelow'] === 0) return null;
  return {
    below: config['trust.blacklistBelow'],
    ratersMin: config['trust.blacklistRaters'],
    forMs: config['trust.blacklistFor'],
    strikes: config['trust.blacklistings'],
  };
}

type ReputationConfig = Pick<MainJobConfig, 'trust' | 'trustLog' | 'judge'>;

/** What of trust stands in the main job. */
export function reputationConfig(config: Config): ReputationConfig {
  const trust = trustOptions(config);
  const isLogged = trust !== null && config['trust.log'];
  const isJudged = trust !== null && config['trust.judge'];
  return {
    trust,
    trustLog: isLogged ? { checkpointMs: config['trust.checkpoint'] } : null,
    judge: isJudged ? { ...JUDGE_DEFAULTS, radius: config['trust.neighbours'] } : null,
  };
}

export interface PlaceSurroundings {
  readonly log: Log;
  readonly clock: Clock;
  readonly devices: DeviceService;
  readonly emit: Emit;
  readonly partitions: number;
}

/** Tells the judge where devices stand, from now on; gives what ends it. */
export async function announcePlaces({ emit, ...rest }: PlaceSurroundings): Promise<() => Promise<void>> {
  const onFailure = (error: string): void =>
    void emit('unexpectedError', { where: 'places of devices', code: 'DEPENDENCY_DOWN', error });
  const announcer = new PlaceAnnouncer({ ...rest, onFailure });
  await announcer.start();
  return () => announcer.close();
}

/** Trust and reputation as configured. */
import type { MainJobConfig } from '../../services/main-job/index.ts';
import type { Config } from '../config/index.ts';

/** Null where there are no interactions. */
export function trustOptions(config: Config): MainJobConfig['trust'] {
  if (!config['trust.enabled']) return null;
  return {
    services: config['trust.services'],
    smallHalfLifeMs: config['trust.halfLifeSmall'],
    bigHalfLifeMs: config['trust.halfLifeBig'],
    horizonMs: config['trust.horizon'],
    aheadMs: config['trust.ahead'],
    idsMax: config['trust.idsMax'],
  };
}

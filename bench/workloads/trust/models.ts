/** Our two models and the four rivals, each as it was tuned: on seeds from 1,000 on, of which none judges. */
import {
  COOKBOOK_DEFAULTS,
  CookbookModel,
  MSEC_DEFAULTS,
  MsecModel,
  type TrustModel,
} from '../../../actors/trust/index.ts';
import { seededRandom } from '../../../engine/index.ts';
import { BtrmModel } from '../../trust/rivals/btrm.ts';
import { EigenTrustModel } from '../../trust/rivals/eigentrust.ts';
import { PeerTrustModel } from '../../trust/rivals/peertrust.ts';
import { PowerTrustModel } from '../../trust/rivals/powertrust.ts';
import type { Network } from '../../trust/simulator/network.ts';
import { ROUND_MS } from '../../trust/simulator/simulation.ts';

export const OURS = ['msec', 'cookbook'] as const;
export const RIVALS = ['EigenTrust', 'PeerTrust', 'PowerTrust', 'BTRM-WSN'] as const;
export type ModelName = (typeof OURS)[number] | (typeof RIVALS)[number];

const NETWORK_WINDOWS = { smallHalfLifeMs: 1.5 * ROUND_MS, bigHalfLifeMs: 30 * ROUND_MS };
const DAY_MS = 86_400_000;
const RATINGS_WINDOWS = { smallHalfLifeMs: 60 * DAY_MS, bigHalfLifeMs: 2000 * DAY_MS };
const POWER = { powerNodesShare: 0.01, powerNodesWeight: 0.15 };

/** Rivals with the parameters of TRMSim-WSN's own files. */
export const IN_NETWORKS: Readonly<Record<ModelName, (network: Network, seed: number) => TrustModel>> = {
  msec: () => new MsecModel({ ...MSEC_DEFAULTS, ...NETWORK_WINDOWS }),
  cookbook: () => new CookbookModel({ ...COOKBOOK_DEFAULTS, ...NETWORK_WINDOWS }),
  EigenTrust: (network) =>
    new EigenTrustModel({
      windowSize: 5,
      epsilon: 0.1,
      alpha: 0.25,
      zeroTrustProbability: 0.2,
      preTrusted: preTrusted(network),
    }),
  PeerTrust: () => new PeerTrustModel({ windowSize: 5 }),
  PowerTrust: () => new PowerTrustModel({ epsilon: 1e-4, ...POWER }),
  'BTRM-WSN': (network, seed) => new BtrmModel(network, seededRandom(seed)),
};

/** BTRM-WSN needs a network of links, which ratings are not. */
export const ON_RATINGS: Readonly<Record<Exclude<ModelName, 'BTRM-WSN'>, () => TrustModel>> = {
  msec: () =>
    new MsecModel({
      ...MSEC_DEFAULTS,
      ...RATINGS_WINDOWS,
      dilution: 0,
      judgement: { unknownRater: 0.65, prejudice: 0.5 },
    }),
  cookbook: () => new CookbookModel({ ...COOKBOOK_DEFAULTS, ...RATINGS_WINDOWS }),
  EigenTrust: () =>
    new EigenTrustModel({ windowSize: 5, epsilon: 1e-6, alpha: 0.15, zeroTrustProbability: 0.2, preTrusted: [] }),
  PeerTrust: () => new PeerTrustModel({ windowSize: 5 }),
  PowerTrust: () => new PowerTrustModel({ epsilon: 1e-6, ...POWER }),
};

const PRE_TRUSTED_SHARE = 0.3;

function preTrusted({ servers, sensors, isGood }: Network): string[] {
  const good = servers.filter((server) => isGood[server]);
  return good.slice(0, Math.max(1, Math.round(PRE_TRUSTED_SHARE * good.length))).map((server) => sensors[server]!.name);
}

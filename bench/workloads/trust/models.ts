/**
 * Our two models and the four rivals. All were tuned on seeds from 1,000 to 7,999, and for the mean over the twelve kinds of
 * networks; none of these seeds judges.
 */
import {
  COOKBOOK_DEFAULTS,
  CookbookModel,
  MSEC_DEFAULTS,
  MsecModel,
  type MsecOptions,
  type ScoreModel,
  type TrustModel,
} from '../../../actors/trust/index.ts';
import { seededRandom } from '../../../engine/index.ts';
import { BTRM_DEFAULTS, BtrmModel } from '../../trust/rivals/btrm.ts';
import { EigenTrustModel } from '../../trust/rivals/eigentrust.ts';
import { PeerTrustModel } from '../../trust/rivals/peertrust.ts';
import { PowerTrustModel } from '../../trust/rivals/powertrust.ts';
import type { Network } from '../../trust/simulator/network.ts';
import { ROUND_MS } from '../../trust/simulator/simulation.ts';

export const OURS = ['msec', 'cookbook'] as const;
export const RIVALS = ['EigenTrust', 'PeerTrust', 'PowerTrust', 'BTRM-WSN'] as const;
export type ModelName = (typeof OURS)[number] | (typeof RIVALS)[number];

export const NETWORK_WINDOWS = { smallHalfLifeMs: 1.5 * ROUND_MS, bigHalfLifeMs: 30 * ROUND_MS };
export const MSEC_IN_NETWORKS: MsecOptions = { ...MSEC_DEFAULTS, ...NETWORK_WINDOWS };
const DAY_MS = 86_400_000;
const RATINGS_WINDOWS = { smallHalfLifeMs: 60 * DAY_MS, bigHalfLifeMs: 2000 * DAY_MS };
/** Of TRMSim-WSN's own files. */
const POWER = { powerNodesShare: 0.01, powerNodesWeight: 0.15 };
export const EIGEN = { windowSize: 5, epsilon: 0.1, alpha: 0.25, zeroTrustProbability: 0.2 };

type MakeModel = (network: Network, seed: number) => TrustModel;

export const OUR_MODELS: Readonly<Record<(typeof OURS)[number], () => ScoreModel>> = {
  msec: () => new MsecModel(MSEC_IN_NETWORKS),
  cookbook: () => new CookbookModel({ ...COOKBOOK_DEFAULTS, ...NETWORK_WINDOWS }),
};

/**
 * Each rival with the parameters of TRMSim-WSN's own files, and with those that were best on average over the twelve kinds of
 * networks, of 12 (PeerTrust, BTRM-WSN), 22 (PowerTrust) and 42 tried. EigenTrust's pre-trusted are benevolent servers there and clients here, whose ratings they then spread.
 */
export const RIVAL_MODELS: Readonly<
  Record<(typeof RIVALS)[number], readonly [published: MakeModel, tuned: MakeModel]>
> = {
  EigenTrust: [
    (network) => new EigenTrustModel({ ...EIGEN, preTrusted: preTrustedOf(network, goodServers(network)) }),
    (network) =>
      new EigenTrustModel({
        ...{ windowSize: 2, epsilon: 0.1, alpha: 0.8, zeroTrustProbability: 0.01 },
        preTrusted: preTrustedOf(network, network.clients),
      }),
  ],
  PeerTrust: [() => new PeerTrustModel({ windowSize: 5 }), () => new PeerTrustModel({ windowSize: 2 })],
  PowerTrust: [
    () => new PowerTrustModel({ epsilon: 1e-4, ...POWER }),
    () => new PowerTrustModel({ epsilon: 1e-4, powerNodesShare: 0.01, powerNodesWeight: 0.4 }),
  ],
  'BTRM-WSN': [
    (network, seed) => new BtrmModel(network, seededRandom(seed)),
    (network, seed) => new BtrmModel(network, seededRandom(seed), { ...BTRM_DEFAULTS, q0: 0.8 }),
  ],
};

/** BTRM-WSN needs a network of links, which ratings are not. */
export const ON_RATINGS: Readonly<Record<Exclude<ModelName, 'BTRM-WSN'>, () => TrustModel>> = {
  msec: () =>
    new MsecModel({
      ...MSEC_DEFAULTS,
      ...RATINGS_WINDOWS,
      dilution: 0,
      comeback: 0,
      judgement: { unknownRater: 0.65, prejudice: 0.5 },
    }),
  cookbook: () => new CookbookModel({ ...COOKBOOK_DEFAULTS, ...RATINGS_WINDOWS }),
  EigenTrust: () =>
    new EigenTrustModel({ windowSize: 5, epsilon: 1e-6, alpha: 0.15, zeroTrustProbability: 0.2, preTrusted: [] }),
  PeerTrust: () => new PeerTrustModel({ windowSize: 5 }),
  PowerTrust: () => new PowerTrustModel({ epsilon: 1e-6, ...POWER }),
};

const PRE_TRUSTED_SHARE = 0.3;

const goodServers = ({ servers, isGood }: Network): number[] => servers.filter((server) => isGood[server]);

function preTrustedOf({ sensors }: Network, among: readonly number[]): string[] {
  const count = Math.max(1, Math.round(PRE_TRUSTED_SHARE * among.length));
  return among.slice(0, count).map((sensor) => sensors[sensor]!.name);
}

/** Of each model what was tuned, where it was begun, and what may be set: all there is but the time of a round. */
import { MsecModel, type TrustModel } from '../../../actors/trust/index.ts';
import { seededRandom } from '../../../engine/index.ts';
import {
  EIGEN_PUBLISHED,
  type EigenSetting,
  eigenOptions,
  MSEC_IN_NETWORKS,
  POWER_PUBLISHED,
} from '../../workloads/trust/models.ts';
import { BTRM_DEFAULTS, BtrmModel, type BtrmOptions } from '../rivals/btrm.ts';
import { EigenTrustModel } from '../rivals/eigentrust.ts';
import { PEERTRUST_DEFAULTS, PeerTrustModel, type PeerTrustOptions } from '../rivals/peertrust.ts';
import { PowerTrustModel, type PowerTrustOptions } from '../rivals/powertrust.ts';
import type { Network } from '../simulator/network.ts';
import { ROUND_MS } from '../simulator/simulation.ts';
import type { Setting, Space } from './space.ts';

export interface Tuned {
  /** The published one, or ours of before. */
  readonly begin: Setting;
  readonly space: Space;
  make(setting: Setting, network: Network, seed: number): TrustModel;
}

const { judgement, enrolmentOf: _, ...MSEC } = MSEC_IN_NETWORKS;

export const TUNED: Readonly<Record<string, Tuned>> = {
  EigenTrust: {
    begin: { ...EIGEN_PUBLISHED },
    space: {
      windowSize: { from: 1, to: 12, scale: 'whole' },
      epsilon: { from: 1e-4, to: 0.2, scale: 'log' },
      alpha: { from: 0.02, to: 0.98, scale: 'even' },
      zeroTrustProbability: { from: 0.001, to: 0.3, scale: 'log' },
      preTrusted: { of: ['good servers', 'clients', 'nobody'] },
      preTrustedShare: { from: 0.1, to: 1, scale: 'even' },
    },
    make: (setting, network) => new EigenTrustModel(eigenOptions(setting as unknown as EigenSetting, network)),
  },
  PeerTrust: {
    begin: { ...PEERTRUST_DEFAULTS },
    space: {
      windowSize: { from: 1, to: 30, scale: 'log' },
      unknown: { from: 0, to: 1, scale: 'even' },
      isLast: { of: [true, false] },
    },
    make: (setting) => new PeerTrustModel(setting as unknown as PeerTrustOptions),
  },
  PowerTrust: {
    begin: { ...POWER_PUBLISHED },
    space: {
      epsilon: { from: 1e-7, to: 1e-2, scale: 'log' },
      powerNodesShare: { from: 0.01, to: 0.5, scale: 'log' },
      powerNodesWeight: { from: 0, to: 0.95, scale: 'even' },
    },
    make: (setting) => new PowerTrustModel(setting as unknown as PowerTrustOptions),
  },
  'BTRM-WSN': {
    begin: { ...BTRM_DEFAULTS },
    space: {
      phi: { from: 0.001, to: 0.3, scale: 'log' },
      rho: { from: 0.05, to: 0.99, scale: 'even' },
      q0: { from: 0, to: 0.98, scale: 'even' },
      ants: { from: 0.2, to: 0.45, scale: 'even' },
      iterations: { from: 0.3, to: 0.65, scale: 'even' },
      alpha: { from: 0.3, to: 4, scale: 'log' },
      beta: { from: 0.1, to: 3, scale: 'log' },
      initialPheromone: { from: 0.3, to: 0.98, scale: 'even' },
      pathLengthFactor: { from: 0.1, to: 2, scale: 'even' },
      transitionThreshold: { from: 0.2, to: 0.95, scale: 'even' },
      punishmentThreshold: { from: 0.1, to: 0.9, scale: 'even' },
    },
    make: (setting, network, seed) => new BtrmModel(network, seededRandom(seed), setting as unknown as BtrmOptions),
  },
  msec: {
    begin: { ...MSEC, ...judgement },
    space: {
      smallHalfLifeMs: { from: 0.5 * ROUND_MS, to: 6 * ROUND_MS, scale: 'log' },
      bigHalfLifeMs: { from: 8 * ROUND_MS, to: 200 * ROUND_MS, scale: 'log' },
      unknownRater: { from: 0.5, to: 0.95, scale: 'even' },
      prejudice: { from: 0.05, to: 3, scale: 'log' },
      ownExperience: { from: 0.3, to: 4, scale: 'log' },
      prior: { from: 0.02, to: 1, scale: 'log' },
      lastingPrior: { from: 0.02, to: 2, scale: 'log' },
      tried: { from: 0.1, to: 5, scale: 'log' },
      introductions: { from: 0.01, to: 0.3, scale: 'log' },
      comeback: { from: 0, to: 3, scale: 'even' },
      rivals: { from: 0, to: 0.5, scale: 'even' },
      // Less of it forgives a turned provider sooner: that is judged beside this.
      disappointment: { from: 0.25, to: 1, scale: 'even' },
      indifference: { from: 0, to: 0.4, scale: 'even' },
    },
    make: ({ unknownRater, prejudice, ...setting }) =>
      new MsecModel({
        ...MSEC_IN_NETWORKS,
        ...setting,
        judgement: { unknownRater: Number(unknownRater), prejudice: Number(prejudice) },
      }),
  },
};

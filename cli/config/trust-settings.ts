/** The settings of trust and reputation: a part of the table of `settings.ts`. */
import type { Setting } from './setting.ts';

export const TRUST_SETTINGS = {
  'trust.enabled': {
    kind: 'boolean',
    default: false,
    doc: 'Whether interactions (topic `trust.interactions`) become trust and reputation (`trust.scores`); see docs/trust.md.',
  },
  'trust.services': {
    kind: 'names',
    default: [],
    doc: 'Services of which there are ratings; interactions of another one are refused. Empty: any.',
  },
  'trust.halfLifeSmall': {
    kind: 'duration',
    default: '1h',
    min: '1s',
    max: '3650d',
    doc: 'After which an interaction counts half in the window that turns fast.',
  },
  'trust.halfLifeBig': {
    kind: 'duration',
    default: '24h',
    min: '1s',
    max: '3650d',
    doc: 'And in the window that keeps from quick redemption.',
  },
  'trust.horizon': {
    kind: 'duration',
    default: '1h',
    min: '1s',
    max: '30d',
    doc: 'How late an interaction may come, and how long after its time it is known, so that the same again is ignored and other content corrects it.',
  },
  'trust.ahead': {
    kind: 'duration',
    default: '60s',
    min: '0s',
    max: '1h',
    doc: 'How far a trustor’s clock may be ahead of the receipt.',
  },
  'trust.idsMax': {
    kind: 'integer',
    default: 1_000_000,
    min: 1_000,
    max: 100_000_000,
    doc: 'Interactions that are known at once in a partition, each 56 bytes; where more come within the horizon, it is shorter.',
  },
  'trust.log': {
    kind: 'boolean',
    default: true,
    doc: 'Whether interactions that counted are written to `trust.log`, each linked to the one before it: what `msec trust verify` and `msec trust why` read.',
  },
  'trust.checkpoint': {
    kind: 'duration',
    default: '60s',
    min: '1s',
    max: '1d',
    doc: 'How often the log of interactions is signed, where there are new ones, beside once in 1,000 entries.',
  },
  'trust.judge': {
    kind: 'boolean',
    default: false,
    doc: 'Whether readings become interactions: each device is judged by the limits of what is possible, and by its neighbours.',
  },
  'trust.neighbours': {
    kind: 'number',
    default: 1_000,
    min: 10,
    max: 100_000,
    doc: 'How far from a device its neighbours may stand, in metres.',
  },
} as const satisfies Record<string, Setting>;

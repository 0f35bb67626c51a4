/** One interaction between two parties: who served whom, how well, and how much it mattered (cookbook, chapter 1.8). */
export interface Interaction {
  /** Unique among the trustor's interactions. */
  readonly id: string;
  /** Who was served, and judges. */
  readonly trustor: string;
  /** Who served, and is judged. */
  readonly trustee: string;
  readonly service: string;
  /** In [0, 1]. */
  readonly satisfaction: number;
  /** How much the service mattered, ≥ 0. */
  readonly weight: number;
  readonly timeMs: number;
}

export type InteractionMistake = 'satisfaction' | 'weight' | 'self' | 'service' | 'future' | 'name';

export interface InteractionRules {
  /** null: any. */
  readonly services: ReadonlySet<string> | null;
  /** How far a trustor's clock may be ahead. */
  readonly aheadMs: number;
}

/** A weight beyond it would make every other interaction of a pair vanish. */
export const WEIGHT_MAX = 1e6;
const NAME_MAX = 128;

/** What is wrong with an interaction; null where it can count. */
export function mistakeOf(interaction: Interaction, rules: InteractionRules, nowMs: number): InteractionMistake | null {
  const { id, trustor, trustee, service, satisfaction, weight, timeMs } = interaction;
  if (![id, trustor, trustee].every((name) => name.length > 0 && name.length <= NAME_MAX)) return 'name';
  if (trustor === trustee) return 'self';
  if (rules.services !== null && !rules.services.has(service)) return 'service';
  if (!(satisfaction >= 0 && satisfaction <= 1)) return 'satisfaction';
  if (!(weight >= 0 && weight <= WEIGHT_MAX)) return 'weight';
  if (!(timeMs <= nowMs + rules.aheadMs)) return 'future';
  return null;
}

/** Providers that stand otherwise than normal, by trustee and service: judged with each interaction, and when their time is over. */
import { MsecError, type ValueStore } from '../../engine/index.ts';
import type { StandingCommand } from '../../schemas/standing/index.ts';
import {
  isDone,
  NORMAL_ROW,
  reintegrated,
  type StandingRow,
  type StandingRules,
  standingAfter,
  standingByHand,
  whyUnchanged,
} from './model/standing.ts';
import type { ProviderRows } from './provider-rows.ts';

export class Standings {
  /** When the next blacklisting is over. */
  readonly due: Float64Array = Float64Array.of(Number.POSITIVE_INFINITY);
  readonly #rows: ValueStore<StandingRow>;
  readonly #rules: StandingRules | null;
  readonly #providers: ProviderRows;
  readonly #window = new Float64Array(2);

  constructor(rows: ValueStore<StandingRow>, rules: StandingRules | null, providers: ProviderRows) {
    this.#rows = rows;
    this.#rules = rules;
    this.#providers = providers;
    this.rebuild();
  }

  /** Without rules everybody stands as if there never had been any; an operator's word holds. */
  of(keyId: number, service: number): Readonly<StandingRow> {
    const row = this.#rows.get(keyId, service);
    return row === undefined || (this.#rules === null && row.isByHand !== true) ? NORMAL_ROW : row;
  }

  /** An operator's command; null where it was done before. STANDING_UNCHANGED. */
  order(keyId: number, service: number, provider: number, command: StandingCommand, nowMs: number): StandingRow | null {
    const row = this.of(keyId, service);
    if (isDone(row, command)) return null;
    const next = standingByHand(row, command, this.#providers.interactions(provider), nowMs);
    if (next === null)
      throw new MsecError(
        'STANDING_UNCHANGED',
        `its standing is ${row.standing}: ${whyUnchanged(command.action, row.standing)}`,
        {
          field: 'action',
        },
      );
    this.#rows.set(keyId, next, service);
    return next;
  }

  /** After a restore or a rollback. */
  rebuild(): void {
    this.due[0] = Number.POSITIVE_INFINITY;
    if (this.#rules === null) return;
    for (const { value } of this.#rows.entries()) this.#reach(value);
  }

  /** After what is known of the provider has changed. True where it stands otherwise now. */
  judge(keyId: number, service: number, provider: number, nowMs: number): boolean {
    if (this.#rules === null) return false;
    const providers = this.#providers;
    providers.small(provider, this.#window, 0);
    const facts = {
      trust: providers.trust(provider),
      recent: this.#window[0]!,
      raters: providers.raters(provider),
      interactions: providers.interactions(provider),
    };
    const next = standingAfter(this.of(keyId, service), facts, this.#rules, nowMs);
    if (next === null) return false;
    this.#rows.set(keyId, next, service);
    this.#reach(next);
    return true;
  }

  /** So many of its interactions count no more. Gives whether how it stands has to be kept. */
  lose(keyId: number, service: number, interactions: number): boolean {
    const row = this.#rows.get(keyId, service);
    if (row === undefined) return false;
    const left = Math.max(0, row.interactions - interactions);
    if (left !== row.interactions) this.#rows.set(keyId, { ...row, interactions: left }, service);
    return true;
  }

  /** Event time has come so far: whose blacklisting is over is reintegrated. `told` hears of each. */
  pass(watermark: number, told: (provider: number) => void): void {
    if (this.#rules === null || watermark < this.due[0]!) return;
    const over = [...this.#rows.entries()].filter(({ value }) => value.until !== null && value.until <= watermark);
    for (const { keyId, sub, value } of over) {
      const provider = this.#providers.rows.find(keyId, sub);
      this.#rows.set(keyId, reintegrated(value, this.#providers.interactions(provider)), sub);
      told(provider);
    }
    this.rebuild();
  }

  #reach({ until }: StandingRow): void {
    if (until !== null && until < this.due[0]!) this.due[0] = until;
  }
}

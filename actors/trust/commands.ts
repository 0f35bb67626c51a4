/**
 * What operators order of standings, done in the order in which it comes: each once, whichever way it comes again. What cannot
 * be done is refused with its reason, and changes nothing.
 */
import { type KeyTable, MsecError, type Output } from '../../engine/index.ts';
import type { StandingCommand, StandingDecision } from '../../schemas/standing/index.ts';
import { type Names, SERVICE } from './names.ts';
import type { ProviderRows } from './provider-rows.ts';
import type { Standings } from './standings.ts';

export class StandingCommands {
  readonly #keys: KeyTable;
  readonly #names: Names;
  readonly #providers: ProviderRows;
  readonly #standings: Standings;
  readonly #decisions: Output<StandingDecision>;

  constructor(
    keys: KeyTable,
    names: Names,
    providers: ProviderRows,
    standings: Standings,
    decisions: Output<StandingDecision>,
  ) {
    this.#keys = keys;
    this.#names = names;
    this.#providers = providers;
    this.#standings = standings;
    this.#decisions = decisions;
  }

  /** Gives the provider's row; -1 where the command was done before. TRUSTEE_UNKNOWN, STANDING_UNCHANGED. */
  take(keyId: number, command: StandingCommand, nowMs: number): number {
    const { id, service, action, by, why } = command;
    const trustee = new TextDecoder('utf-8', { ignoreBOM: true }).decode(this.#keys.bytesOf(keyId));
    const number = this.#serviceNumber(service);
    const provider = number < 0 ? -1 : this.#providers.rows.find(keyId, number);
    if (provider < 0)
      throw new MsecError('TRUSTEE_UNKNOWN', `nobody has had an interaction with ${trustee} for ${service}`, {
        field: 'trustee',
      });
    const before = this.#standings.of(keyId, number);
    const after = this.#standings.order(keyId, number, provider, command, nowMs);
    if (after === null) return -1;
    const decision = { version: 1, id, trustee, service, action, by, at: nowMs, why } as const;
    this.#decisions.emitFor(keyId, { ...decision, before: told(before), after: told(after) }, nowMs);
    return provider;
  }

  #serviceNumber(service: string): number {
    const bytes = Buffer.from(service);
    const keyId = this.#keys.find(bytes, 0, bytes.length);
    return keyId < 0 ? -1 : this.#names.find(keyId, SERVICE);
  }
}

const told = ({ standing, since, until, blacklistings, says }: StandingDecision['before']) => ({
  ...{ standing, since, until, blacklistings, says },
});

/** How providers stand that do not stand as normal, and what operators have decided of them. Bounded; for people's eyes. */
import type { ProviderScore, StandingNow } from '../../schemas/index.ts';
import type { StandingDecision } from '../../schemas/standing/index.ts';

const STANDINGS_MAX = 20_000;
const DECIDED_MAX = 2_000;
const DECISIONS_MAX = 8;

export class StandingNotes {
  readonly #standings = new Map<string, StandingNow>();
  readonly #decisions = new Map<string, StandingDecision[]>();

  takeProvider({ trustee, service, standing, since, until, blacklistings, says }: ProviderScore): void {
    const key = `${trustee} ${service}`;
    this.#standings.delete(key);
    if (standing === 'normal') return;
    forgetOne(this.#standings, STANDINGS_MAX);
    this.#standings.set(key, { standing, since, until, blacklistings, says });
  }

  takeDecision(decision: StandingDecision): void {
    const key = `${decision.trustee} ${decision.service}`;
    const known = this.#decisions.get(key);
    if (known !== undefined) this.#decisions.delete(key);
    else forgetOne(this.#decisions, DECIDED_MAX);
    this.#decisions.set(key, [decision, ...(known ?? [])].slice(0, DECISIONS_MAX));
  }

  /** null: as normal, or nobody knows it. */
  standingOf(service: string, party: string): StandingNow | null {
    return this.#standings.get(`${party} ${service}`) ?? null;
  }

  /** The newest first. */
  decisionsOf(service: string, party: string): readonly StandingDecision[] {
    return this.#decisions.get(`${party} ${service}`) ?? [];
  }
}

function forgetOne<T>(map: Map<string, T>, max: number): void {
  if (map.size < max) return;
  const oldest = map.keys().next().value;
  if (oldest !== undefined) map.delete(oldest);
}

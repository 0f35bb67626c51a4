/** Words on how providers stand, as the admin API and the commands ask for them: checked JSON in, plain JSON out. */
import type { StandingAdmin } from '../../console/index.ts';
import { type Clock, type Emit, type Log, MsecError } from '../../engine/index.ts';
import { STANDING_ACTIONS } from '../../schemas/standing/index.ts';
import { StandingDesk } from '../../services/standing/index.ts';
import type { TrustDesk } from '../../services/trust/index.ts';

export interface StandingAdminOptions {
  readonly log: Log;
  readonly clock: Clock;
  /** Null where no engine runs: nobody is waited for then. */
  readonly emit: Emit | null;
  /** Null where all scores have to be read. */
  readonly desk: TrustDesk | null;
}

/** Less than whoever asks the admin API waits. */
const WAIT_MS = 30_000;

export function standingAdmin({ log, clock, emit, desk }: StandingAdminOptions): StandingAdmin {
  const standings = new StandingDesk({
    ...{ log, clock, waitMs: emit === null ? 0 : WAIT_MS },
    ...(desk === null ? {} : { lookUp: (service, party) => desk.ask('standing', { service, party }) }),
    onDecided: ({ trustee, service, action, by }) => emit?.('standingDecided', { trustee, service, action, by }),
  });
  return {
    order: (service, trustee, request) => {
      const { action, by, why } = (request ?? {}) as Readonly<Record<string, unknown>>;
      const known = STANDING_ACTIONS.find((one) => one === action);
      if (known === undefined) throw invalid('action', `must be one of ${STANDING_ACTIONS.join(', ')}`);
      return standings.order({ trustee, service, action: known, by: text(by, 'by'), why: text(why, 'why') });
    },
  };
}

function text(value: unknown, field: string): string {
  if (typeof value === 'string' && value.trim() !== '' && value.length <= 500) return value;
  throw invalid(field, 'must be text of at most 500 characters');
}

const invalid = (field: string, says: string): MsecError =>
  new MsecError('REQUEST_INVALID', `${field} ${says}`, { field });

/** Interactions beside the engine: what devices tell over HTTP, and operators with the admin token. */
import { InteractionDoor, type InteractionForm } from '../../bridges/intake/index.ts';
import type { InteractionAdmin } from '../../console/index.ts';
import { type Clock, MsecError, type Plan, partitionForKey, type RecordAppender } from '../../engine/index.ts';
import { TRUST_INTERACTIONS } from '../../schemas/topics/index.ts';
import { interactionForm } from '../../services/trust/index.ts';
import type { Config } from '../config/index.ts';
import type { BridgeAttestation } from './bridge-attestation.ts';
import { keepsTrust } from './recommendations.ts';

export interface InteractionSurroundings {
  readonly config: Config;
  readonly schemaIds: ReadonlyMap<string, number>;
  readonly partitions: number;
  readonly appender: RecordAppender;
  readonly clock: Clock;
}

function formOf({ config, schemaIds }: InteractionSurroundings): InteractionForm {
  return interactionForm({ services: config['trust.services'], aheadMs: config['trust.ahead'], schemaIds });
}

/** Null where nobody keeps trust. */
export function interactionDoor(
  { plan, ...rest }: Omit<InteractionSurroundings, 'partitions'> & { readonly plan: Plan },
  attestation: BridgeAttestation | null,
): InteractionDoor | null {
  if (!keepsTrust(plan)) return null;
  const { appender, clock } = rest;
  const { partitions } = plan;
  return new InteractionDoor({
    ...{ topic: TRUST_INTERACTIONS, partitions, form: formOf({ ...rest, partitions }), appender, clock },
    ...(attestation === null ? {} : { barredOf: (deviceId: string) => attestation.trust.stateOf(deviceId) }),
  });
}

/** For an operator, who says who judges. */
export function interactionAdmin(surroundings: InteractionSurroundings): InteractionAdmin {
  const { partitions, appender, clock } = surroundings;
  const form = formOf(surroundings);
  return {
    async tell(request) {
      const { trustor, ...told } = (request ?? {}) as Readonly<Record<string, unknown>>;
      if (typeof trustor !== 'string')
        throw new MsecError('REQUEST_INVALID', 'trustor must be text', { field: 'trustor' });
      const receivedAtMs = clock.now();
      const { id, key, value } = form(trustor, told, receivedAtMs);
      const partition = partitionForKey(key, 0, key.length, partitions);
      const offset = await appender.append(TRUST_INTERACTIONS, partition, receivedAtMs, key, value);
      return { partition, offset, id };
    },
  };
}

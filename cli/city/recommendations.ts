/** Recommendations beside the engine: the desk that is asked, and how bridges and the page ask it. */
import { Advisor } from '../../bridges/http/index.ts';
import type { ReputationPorts } from '../../console/index.ts';
import {
  type Clock,
  type Emit,
  type Engine,
  errorData,
  type Log,
  type LogReaderDescriptor,
  type Plan,
} from '../../engine/index.ts';
import { DEVICE_ATTESTATION, TRUST_DECISIONS, TRUST_LOG, TRUST_SCORES } from '../../schemas/topics/index.ts';
import { GRAPH_JOB, type GraphJob, questionOf, TrustDesk, TrustRequests } from '../../services/trust/index.ts';
import type { Config } from '../config/index.ts';

export function graphJobOf(config: Config): GraphJob {
  return {
    ...GRAPH_JOB,
    variant: config['trust.variant'],
    services: config['trust.services'],
    smallHalfLifeMs: config['trust.halfLifeSmall'],
    bigHalfLifeMs: config['trust.halfLifeBig'],
    introductions: config['trust.introductions'],
    newcomerUntil: config['trust.newcomers'],
    reliability: config['trust.reliability'],
    popularity: config['trust.popularity'],
    halfResponseMs: config['trust.halfResponse'],
    pairsMax: config['trust.pairs'],
  };
}

export interface RecommendationsOptions {
  readonly config: Config;
  readonly plan: Plan;
  readonly log: Log;
  readonly readers: LogReaderDescriptor;
  readonly schemaIds: ReadonlyMap<string, number>;
  readonly engine: Engine;
  readonly clock: Clock;
  readonly emit: Emit;
}

export interface Recommendations {
  readonly desk: TrustDesk;
  close(): Promise<void>;
}

export const keepsTrust = (plan: Plan): boolean => plan.topics.some(({ name }) => name === TRUST_SCORES);

/** Null where nobody keeps trust. The topics are there already. */
export function openRecommendations(options: RecommendationsOptions): Recommendations | null {
  const { plan, log, schemaIds, engine, clock, emit } = options;
  if (!keepsTrust(plan)) return null;
  const desk = openDesk(options);
  const requests = new TrustRequests({
    ...{ log, clock, schemaIds, partitions: plan.partitions },
    isHere: (partition) => engine.isHere(partition),
    who: (question) => desk.ask('who', question),
    onFailure: (error) => {
      const { code, message } = errorData(error);
      emit('unexpectedError', { where: 'requests for recommendations', code, error: message });
    },
  });
  requests.start();
  return {
    desk,
    async close() {
      await requests.close();
      await desk.close();
    },
  };
}

function openDesk({ config, plan, readers, schemaIds, emit }: RecommendationsOptions): TrustDesk {
  return new TrustDesk({
    job: graphJobOf(config),
    log: readers,
    schemaIds: [...schemaIds],
    partitions: plan.partitions,
    isAttested: plan.topics.some(({ name }) => name === DEVICE_ATTESTATION),
    isLogged: plan.topics.some(({ name }) => name === TRUST_LOG),
    isDecided: plan.topics.some(({ name }) => name === TRUST_DECISIONS),
    onFailed: ({ code, message }) => emit('unexpectedError', { where: 'recommendations', code, error: message }),
  });
}

/** A device asks for itself. */
export function advisorOf(desk: TrustDesk, clock: Clock): Advisor {
  return new Advisor({
    who: async (deviceId, asked) => desk.ask('who', questionOf({ ...asked, trustor: deviceId })),
    clock,
  });
}

export function reputationPorts(desk: TrustDesk): ReputationPorts {
  return {
    services: () => desk.ask('services', null),
    ranking: (service) => desk.ask('ranking', { service }),
    party: (service, party) => desk.ask('party', { service, party }),
    who: async ({ for: trustor, ...asked }) => desk.ask('who', questionOf({ ...asked, trustor })),
    status: () => desk.ask('status', null),
  };
}

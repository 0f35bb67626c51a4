/**
 * The one way in for an operator's word on a provider's standing: looked at beside trust.scores first, so that a mistake is
 * said at once, then one record of trust.commands. The trust actor does it in the transaction of its state and writes
 * trust.decisions; until that is read, nothing is said to be done.
 */
import { whyUnchanged } from '../../actors/trust/index.ts';
import {
  BatchEncoder,
  type Clock,
  type Log,
  type LogReader,
  MsecError,
  partitionForKey,
  pause,
  type Random,
  systemRandom,
} from '../../engine/index.ts';
import { decodeProviderScore, type StandingNow } from '../../schemas/index.ts';
import {
  checkStandingCommand,
  decodeStandingDecision,
  encodeStandingCommand,
  type StandingAction,
  type StandingDecision,
} from '../../schemas/standing/index.ts';
import { TRUST_COMMANDS, TRUST_DECISIONS, TRUST_SCORES } from '../../schemas/topics/index.ts';
import { eachRecord } from '../record-walk/index.ts';

export interface Ordered {
  readonly trustee: string;
  readonly service: string;
  readonly action: StandingAction;
  readonly by: string;
  readonly why: string;
}

export interface StandingAnswer extends Ordered {
  readonly id: string;
  readonly before: StandingNow;
  /** Null where the engine has not done it yet. */
  readonly after: StandingNow | null;
}

export interface StandingDeskOptions {
  readonly log: Log;
  readonly clock: Clock;
  readonly random?: Random;
  /** How long the engine is waited for; 0 where none runs. */
  readonly waitMs: number;
  /** Who knows how providers stand without reading all scores of their partition; DEPENDENCY_DOWN: it does not yet. */
  readonly lookUp?: (service: string, trustee: string) => Promise<Looked>;
  readonly onDecided?: (decision: StandingDecision) => void;
}

export interface Looked {
  /** null: nobody has had an interaction with it for that service. */
  readonly standing: StandingNow | null;
  /** Those that it serves. */
  readonly services: readonly string[];
}

const LOOK_MS = 25;
const NAMED_MAX = 5;

export class StandingDesk {
  readonly #options: StandingDeskOptions;

  constructor(options: StandingDeskOptions) {
    this.#options = options;
  }

  /** TOPIC_UNKNOWN where no trust is kept, TRUSTEE_UNKNOWN, STANDING_UNCHANGED, VALUE_INVALID with the field. */
  async order({ trustee, service, action, by, why }: Ordered): Promise<StandingAnswer> {
    const { log, clock, random = systemRandom, waitMs, onDecided } = this.#options;
    const id = Buffer.from(random.bytes(8)).toString('hex');
    const command = checkStandingCommand({ version: 1, id, service, action, by, why });
    const topics = await log.describe([TRUST_SCORES, TRUST_COMMANDS, TRUST_DECISIONS]);
    if (topics.length < 3) throw new MsecError('TOPIC_UNKNOWN', 'No trust is kept here: see trust.enabled.');
    const key = Buffer.from(trustee);
    const partition = partitionForKey(key, 0, key.length, topics[0]!.partitions);
    const reader = log.openReader();
    try {
      const looked = await this.#look(service, trustee, action);
      const before = changeable(looked ?? (await lookIn(reader, partition, trustee, service)), {
        trustee,
        service,
        action,
      });
      const { end } = await reader.bounds(TRUST_DECISIONS, partition);
      const encoder = new BatchEncoder();
      const value = encodeStandingCommand(command);
      encoder.append(clock.now(), key, 0, key.length, value, 0, value.length);
      const appends = [{ topic: TRUST_COMMANDS, partition, bytes: encoder.finish() }];
      await log.commit({ appends, admission: 'internal' });
      const decision = await this.#decisionOn(reader, partition, end, id, waitMs);
      if (decision !== null) onDecided?.(decision);
      const answer = { id, trustee, service, action, by, why };
      return { ...answer, before: decision?.before ?? before, after: decision?.after ?? null };
    } finally {
      await reader.close();
    }
  }

  /** null where that has to be read from the scores: nobody knows it, or what is known may be a moment old and would be a refusal. */
  async #look(service: string, trustee: string, action: StandingAction): Promise<Looked | null> {
    const { lookUp } = this.#options;
    if (lookUp === undefined) return null;
    try {
      const looked = await lookUp(service, trustee);
      const { standing } = looked;
      return standing === null || whyUnchanged(action, standing.standing) !== null ? null : looked;
    } catch (error) {
      // Soon after a start, or where too many ask: then it takes longer.
      if (error instanceof MsecError && error.retriable) return null;
      throw error;
    }
  }

  async #decisionOn(reader: LogReader, partition: number, from: number, id: string, waitMs: number) {
    const { clock } = this.#options;
    const until = clock.monotonic() + waitMs;
    let found: StandingDecision | null = null;
    for (let offset = from; clock.monotonic() < until; ) {
      offset = await eachRecord(reader, { topic: TRUST_DECISIONS, partition, from: offset }, ({ value }) => {
        const decision = value === null ? null : decodeStandingDecision(value);
        if (decision?.id === id) found = decision;
      });
      if (found !== null) return found as StandingDecision;
      await pause(clock, LOOK_MS);
    }
    return null;
  }
}

/** By every score of the partition. */
async function lookIn(reader: LogReader, partition: number, trustee: string, service: string): Promise<Looked> {
  let standing: StandingNow | null = null;
  const services = new Set<string>();
  await eachRecord(reader, { topic: TRUST_SCORES, partition, from: 0 }, ({ key, value }) => {
    if (!key.startsWith(`${trustee} `)) return;
    const parts = key.split(' ');
    if (parts.length !== 2) return;
    // Who is forgotten is as if nobody had ever had to do with it.
    if (value === null) services.delete(parts[1]!);
    else services.add(parts[1]!);
    if (parts[1] === service) standing = value === null ? null : standingIn(decodeProviderScore(value));
  });
  return { standing, services: [...services] };
}

const standingIn = ({ standing, since, until, blacklistings, says }: StandingNow): StandingNow => ({
  ...{ standing, since, until, blacklistings, says },
});

/** How it stands, where the action can change that. TRUSTEE_UNKNOWN, STANDING_UNCHANGED. */
function changeable(
  { standing, services }: Looked,
  { trustee, service, action }: Pick<Ordered, 'trustee' | 'service' | 'action'>,
): StandingNow {
  if (standing !== null) {
    const unchanged = whyUnchanged(action, standing.standing);
    if (unchanged === null) return standing;
    throw new MsecError('STANDING_UNCHANGED', `${trustee} is ${standing.standing} for ${service}: ${unchanged}.`, {
      field: 'action',
    });
  }
  const others = services.filter((one) => one !== service).sort();
  const names = others.slice(0, NAMED_MAX).join(', ');
  throw new MsecError(
    'TRUSTEE_UNKNOWN',
    `Nobody has had an interaction with ${trustee} for ${service}${names === '' ? '' : `, but for ${names}`}.`,
    { field: names === '' ? 'trustee' : 'service' },
  );
}

/**
 * What a device tells of who has served it: one interaction, or several. Who judges is always the device itself, whatever the body
 * says. Size, number and rate are checked here; what makes an interaction one that cannot count, the port knows.
 */
import { type Clock, errorData, MsecError, partitionForKey } from '../../engine/index.ts';
import { DeviceRates } from './device-rates.ts';
import type { Lane } from './intake.ts';
import { isLasting, type Outcome, type Refused, refusal } from './outcome.ts';
import type { BarredOf, FrameAppender } from './ports.ts';
import type { Rate } from './token-bucket.ts';

/** As its record will be. */
export interface ToldInteraction {
  readonly id: string;
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** What was told, as JSON has it. INTERACTION_INVALID, REQUEST_INVALID. */
export type InteractionForm = (trustor: string, told: unknown, receivedAtMs: number) => ToldInteraction;

export interface InteractionDoorOptions {
  readonly topic: string;
  readonly partitions: number;
  readonly form: InteractionForm;
  readonly appender: FrameAppender;
  readonly clock: Clock;
  readonly barredOf?: BarredOf;
  /** Interactions of each device. Default INTERACTION_RATE; its burst takes as many as one request may hold. */
  readonly rate?: Rate;
}

export const INTERACTIONS_MAX = 100;
export const INTERACTION_BYTES_MAX: number = 64 * 1024;
export const INTERACTION_RATE: Rate = { perSecond: 20, burst: 200 };
/** Of all devices together. */
const IN_FLIGHT_MAX = 8_192;

/** One outcome for each that was told, in their order, or why none was looked at. */
export type Told = { readonly outcomes: readonly Outcome[]; readonly isList: boolean } | Refused;

export class InteractionDoor {
  readonly #options: InteractionDoorOptions;
  readonly #rate: Rate;
  readonly #rates: DeviceRates;
  #inFlight = 0;

  constructor(options: InteractionDoorOptions) {
    this.#options = options;
    this.#rate = options.rate ?? INTERACTION_RATE;
    this.#rates = new DeviceRates(this.#rate, options.clock);
  }

  /** Resolves once each is durable or refused. */
  async take(lane: Pick<Lane, 'deviceId' | 'hasToken'>, body: Uint8Array): Promise<Told> {
    const { deviceId } = lane;
    const unfit = this.#unfit(lane, body);
    if (unfit !== undefined) return unfit;
    const told = jsonIn(body);
    if (told === undefined) return refusal('REQUEST_INVALID', 'the body is no JSON');
    const isList = Array.isArray(told);
    const all: readonly unknown[] = isList ? told : [told];
    const refused = this.#admit(deviceId, all.length);
    if (refused !== undefined) return refused;
    const receivedAtMs = this.#options.clock.now();
    // All before the first is stored: what fails here for a reason that nobody foresaw has stored none.
    const records = all.map((each) => this.#record(deviceId, each, receivedAtMs));
    const outcomes = await Promise.all(
      records.map((record) => ('key' in record ? this.#store(record, receivedAtMs) : record)),
    );
    return { outcomes, isList };
  }

  #unfit({ deviceId, hasToken }: Pick<Lane, 'deviceId' | 'hasToken'>, body: Uint8Array): Refused | undefined {
    // Anybody at its address could judge in its name.
    if (!hasToken) return refusal('TOPIC_REFUSED', 'devices without a token tell no interactions');
    const barred = this.#options.barredOf?.(deviceId) ?? null;
    if (barred === 'revoked') return refusal('DEVICE_REVOKED', 'the device has been revoked');
    if (barred !== null)
      return refusal('ATTESTATION_REQUIRED', 'the device is in quarantine until it proves itself', {
        retryAfterMs: 10_000,
      });
    if (body.length <= INTERACTION_BYTES_MAX) return undefined;
    return refusal('FRAME_TOO_LARGE', `the body may have at most ${INTERACTION_BYTES_MAX} bytes`);
  }

  /** What is refused later has cost its tokens: to be looked at is what is dear. */
  #admit(deviceId: string, count: number): Refused | undefined {
    if (count === 0) return refusal('REQUEST_INVALID', 'the list holds no interaction');
    if (count > INTERACTIONS_MAX)
      return refusal('FRAME_TOO_LARGE', `a request may hold ${INTERACTIONS_MAX} interactions, not ${count}`);
    if (this.#inFlight + count > IN_FLIGHT_MAX)
      return refusal('INTAKE_BUSY', 'more interactions arrive than the log can take', { retryAfterMs: 1000 });
    const retryAfterMs = this.#rates.take(deviceId, count);
    if (retryAfterMs === 0) return undefined;
    const { perSecond, burst } = this.#rate;
    const message = `more than ${perSecond} interactions a second (burst ${burst}) from the device`;
    return refusal('RATE_LIMITED', message, { retryAfterMs });
  }

  #record(deviceId: string, told: unknown, receivedAtMs: number): ToldInteraction | Refused {
    try {
      return this.#options.form(deviceId, told, receivedAtMs);
    } catch (thrown) {
      if (!(thrown instanceof MsecError)) throw thrown;
      const { code, message, ...place } = errorData(thrown);
      return refusal(code, message, place);
    }
  }

  async #store({ id, key, value }: ToldInteraction, receivedAtMs: number): Promise<Outcome> {
    const { topic, partitions, appender } = this.#options;
    const partition = partitionForKey(key, 0, key.length, partitions);
    this.#inFlight += 1;
    try {
      return {
        isAccepted: true,
        partition,
        offset: await appender.append(topic, partition, receivedAtMs, key, value),
        id,
      };
    } catch (thrown) {
      const { code } = errorData(thrown);
      if (code === 'QUOTA_EXCEEDED')
        return refusal(code, 'the log is full of interactions that have not been read yet', { retryAfterMs: 5000 });
      return refusal(code === 'CLOSED' ? code : 'DEPENDENCY_DOWN', 'the interaction could not be stored', {
        retryAfterMs: 1000,
      });
    } finally {
      this.#inFlight -= 1;
    }
  }
}

/**
 * Of several, where there is one answer for all: what may pass later comes first, as all are sent again then and ids keep
 * them from counting twice; then the first that never will.
 */
export function oneOutcome(told: Told): Outcome {
  if (!('outcomes' in told)) return told;
  const refused = told.outcomes.filter((outcome) => !outcome.isAccepted);
  const [first] = [...refused.filter((outcome) => !isLasting(outcome)), ...refused];
  if (first === undefined) return told.outcomes[0]!;
  if (told.outcomes.length === 1) return first;
  const { code, message, ...place } = first;
  return refusal(code, `${refused.length} of ${told.outcomes.length} are refused, one because ${message}`, place);
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Undefined where it is none, which JSON cannot be. */
function jsonIn(body: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(body));
  } catch {
    return undefined;
  }
}

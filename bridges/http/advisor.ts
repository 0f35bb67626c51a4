/**
 * Who should serve a device: GET /v1/trust/who. A device asks for itself alone and so many times a second. What is asked is
 * passed on as it was written; who answers knows what it means.
 */
import { type Clock, errorData, MsecError } from '../../engine/index.ts';
import { DeviceRates, type Rate, type Refused, refusal } from '../intake/index.ts';

/** As texts, by the names that stand in the address. */
export type Asked = Readonly<Record<(typeof NAMES)[number], string | undefined>>;

export interface AdvisorOptions {
  /** REQUEST_INVALID, INTAKE_BUSY, DEPENDENCY_DOWN. */
  readonly who: (deviceId: string, asked: Asked) => Promise<unknown>;
  readonly clock: Clock;
  /** For each device. */
  readonly rate?: Rate;
}

export const QUESTION_RATE: Rate = { perSecond: 20, burst: 40 };
const NAMES = ['service', 'near', 'radius', 'limit', 'among', 'without', 'weights'] as const;

export class Advisor {
  readonly #options: AdvisorOptions;
  readonly #rates: DeviceRates;

  constructor(options: AdvisorOptions) {
    this.#options = options;
    this.#rates = new DeviceRates(options.rate ?? QUESTION_RATE, options.clock);
  }

  /** The answer as plain data, or why there is none; never rejects. */
  async answer(deviceId: string, url: string): Promise<{ readonly answer: unknown } | { readonly refused: Refused }> {
    const retryAfterMs = this.#rates.take(deviceId);
    if (retryAfterMs > 0)
      return { refused: refusal('RATE_LIMITED', 'the device asks more often than it may', { retryAfterMs }) };
    try {
      return { answer: await this.#options.who(deviceId, askedIn(url)) };
    } catch (error) {
      // What is no MsecError is nobody's business outside.
      if (!(error instanceof MsecError)) return { refused: refusal('DEPENDENCY_DOWN', 'the question failed') };
      const { code, message, ...place } = errorData(error);
      return { refused: refusal(code, message, error.retriable ? { ...place, retryAfterMs: 1000 } : place) };
    }
  }
}

/** Throws REQUEST_INVALID for a name that means nothing: who has mistyped a limit would not be told otherwise. */
function askedIn(url: string): Asked {
  const at = url.indexOf('?');
  const query = new URLSearchParams(at < 0 ? '' : url.slice(at + 1));
  const known: readonly string[] = NAMES;
  for (const name of query.keys())
    if (!known.includes(name) || query.getAll(name).length > 1)
      throw new MsecError('REQUEST_INVALID', `the address may name each of ${NAMES.join(', ')} once`, { field: name });
  return Object.fromEntries(NAMES.map((name) => [name, query.get(name) ?? undefined])) as unknown as Asked;
}

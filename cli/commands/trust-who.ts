/** `msec trust who`: the running engine is asked, or the scores are read from its log. */
import { MsecError, type ReadOnlyLog, systemClock, systemRandom } from '../../engine/index.ts';
import { DEVICE_ATTESTATION, scoreCodec, TRUST_SCORES } from '../../schemas/topics/index.ts';
import {
  type AskedTexts,
  GraphHost,
  questionOf,
  type Recommendation,
  type Recommended,
} from '../../services/trust/index.ts';
import { graphJobOf } from '../city/index.ts';
import type { CommonFlags } from '../common-flags.ts';
import type { Config } from '../config/index.ts';
import { placeOf } from '../place-flag.ts';
import { NoInputError, paint, print, printJson, UsageError } from '../terminal.ts';
import { askRunning, readLog } from './log-access.ts';
import { schemaIdsIn } from './log-schemas.ts';
import { settingsOf } from './settings.ts';

export interface WhoFlags extends CommonFlags {
  readonly for: string;
  readonly at?: string;
  readonly radius?: number;
  readonly limit?: number;
  readonly among?: string;
  readonly without?: string;
  readonly weights?: string;
}

export async function tellWho(flags: WhoFlags, service: string): Promise<number> {
  const { config } = settingsOf(flags);
  const place = placeOf(flags.at);
  const near = place === undefined ? undefined : `${place.latitude},${place.longitude}`;
  const asked = {
    ...{ service, trustor: flags.for, near, among: flags.among, without: flags.without },
    ...{ radius: flags.radius?.toString(), limit: flags.limit?.toString(), weights: flags.weights },
  };
  // A mistake in the question is said here, with the engine's words.
  try {
    questionOf(asked);
  } catch (mistake) {
    throw mistake instanceof MsecError ? new UsageError(mistake.message) : mistake;
  }
  const answer =
    (await askRunning(config, `/api/who?${queryOf(asked)}`)) ??
    (await readLog(config, (log) => readWho(log, config, asked)));
  if (flags.json === true) printJson(answer);
  else for (const line of linesOf(answer as Recommendation)) print(line);
  return 0;
}

function queryOf({ trustor, ...asked }: AskedTexts): string {
  const query = new URLSearchParams();
  for (const [name, text] of Object.entries({ ...asked, for: trustor })) if (text !== undefined) query.set(name, text);
  return query.toString();
}

async function readWho(log: ReadOnlyLog, config: Config, asked: AskedTexts): Promise<Recommendation> {
  const topics = await log.describe([TRUST_SCORES, DEVICE_ATTESTATION]);
  const scores = topics.find(({ name }) => name === TRUST_SCORES);
  if (scores === undefined)
    throw new NoInputError(
      `There is no topic ${TRUST_SCORES}: trust is kept where the configuration has trust.enabled.`,
    );
  const host = new GraphHost({
    ...{ job: graphJobOf(config), reader: log.openReader(), partitions: scores.partitions },
    isAttested: topics.some(({ name }) => name === DEVICE_ATTESTATION),
    ...{ schemaIds: await schemaIdsIn(log, scoreCodec()), clock: systemClock, random: systemRandom },
  });
  try {
    await host.readAll();
    return host.call('who', questionOf(asked));
  } finally {
    await host.close();
  }
}

function linesOf({ service, trustor, providers, considered, barred }: Recommendation): string[] {
  const among = `of ${considered} ${considered === 1 ? 'provider' : 'providers'}${barred > 0 ? `, ${barred} of them blacklisted` : ''}`;
  if (providers.length === 0) return [`Nobody can be recommended for ${service} to ${trustor}, ${among}.`];
  return [paint('dim', `${service} for ${trustor}, ${among}`), ...providers.flatMap(rowsOf)];
}

function rowsOf(one: Recommended): string[] {
  const { trust, reputation, reliability, popularity, weights } = one;
  const part = (name: string, weight: number, value: number | null) =>
    value === null || weight === 0 ? [] : [`${weight.toFixed(2)}·${name} ${value.toFixed(2)}`];
  const terms = [
    ...part('T', weights.trust, trust),
    ...part('R', weights.reputation, reputation),
    ...part('R′', weights.reliability, reliability),
    ...part('P', weights.popularity, popularity),
  ];
  const head = `${one.dependability.toFixed(3)}  ${paint('bold', one.provider)}${one.isIntroduced ? paint('yellow', '  introduced') : ''}`;
  return [head, paint('dim', `       = ${terms.join(' + ')}`), `       ${one.says.join('; ')}`];
}

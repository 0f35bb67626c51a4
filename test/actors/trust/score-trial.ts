/**
 * One seed of interactions that come while the machine crashes and its threads die: late, twice, corrected, wrong; of
 * operators' commands between them, twice and in vain as well; then what the log holds is compared with what the oracle makes
 * of both as they lie there. `msec trust verify` has to find everything right as well.
 */
import { CHAIN_DEFAULTS, chainActor } from '../../../actors/chain/index.ts';
import { type TrustOptions, trustActor } from '../../../actors/trust/index.ts';
import { ByteWriter, randomBelow, seededRandom } from '../../../engine/base/index.ts';
import {
  type Append,
  type Log,
  type LogReader,
  partitionForKey,
  type TopologyDefinition,
} from '../../../engine/index.ts';
import { bindSchemaIds } from '../../../engine/runtime/index.ts';
import { EPOCH_MS, Simulation } from '../../../engine/simulate/index.ts';
import { encodeInteraction, type PairScore, type ProviderScore } from '../../../schemas/index.ts';
import {
  decodeStandingCommand,
  decodeStandingDecision,
  encodeStandingCommand,
  STANDING_ACTIONS,
  type StandingCommand,
  type StandingDecision,
} from '../../../schemas/standing/index.ts';
import {
  isPairScore,
  reputationTopics,
  type Score,
  TRUST_COMMANDS,
  TRUST_DECISIONS,
  TRUST_INTERACTIONS,
  TRUST_SCORES,
  trustLogTopics,
} from '../../../schemas/topics/index.ts';
import { auditPartition } from '../../../services/trust-audit/audit.ts';
import { killsOf, killTrialSettings, schemaIdsOf } from '../../engine/simulate/kill-trial.ts';
import { encodeRecords, readPartition } from '../../engine/simulate/trial-records.ts';
import { expectedScores, type JudgedInteraction, type JudgedStep } from '../../oracle/trust/expected-scores.ts';
import { type OrderedCommand, type StandingTerms, wrongStanding } from '../../oracle/trust/expected-standings.ts';
import { differencesOf } from './score-differences.ts';

const PARTITIONS = 3;
const STEPS = 40;
const PARTIES = ['ana', 'bob', 'cid', 'dan', 'eve', 'fay'];

/** No mean of hundredths is exactly as much. */
const STANDING: StandingTerms = { below: 0.45123, ratersMin: 2, forMs: 150, strikes: 4 };

const OPTIONS: TrustOptions = {
  services: ['heat', 'light'],
  smallHalfLifeMs: 2 ** 10,
  bigHalfLifeMs: 2 ** 14,
  horizonMs: 2_000,
  aheadMs: 50,
  idsMax: 100_000,
  standing: STANDING,
};

export interface ScoreOutcome {
  readonly differences: readonly string[];
  /** Crashes and deaths of threads. */
  readonly kills: number;
  readonly interactions: number;
  readonly refused: number;
  readonly repeated: number;
  readonly corrected: number;
  /** Done by hand, and refused. */
  readonly decisions: number;
  readonly inVain: number;
  /** Providers that do not stand as normal in the end. */
  readonly marked: number;
  /** Pairs. */
  readonly forgotten: number;
}

/** How a test plants a fault. */
export interface ScorePlant {
  wrapLog?(log: Log): Log;
  readonly kafka?: boolean;
  /** Other rules than the oracle's. */
  readonly standing?: Partial<StandingTerms>;
  readonly forgetMs?: number;
}

export async function runScoreTrial(seed: number, plant: ScorePlant = {}): Promise<ScoreOutcome> {
  const shape = seededRandom(seed ^ 0x7a57);
  const said = new Map<string, JudgedInteraction['said']>();
  // With every second seed pairs are forgotten.
  const rules = seed % 2 === 0 ? OPTIONS : { ...OPTIONS, horizonMs: 900, forgetMs: 901 + (seed % 7) * 50 };
  const forgetMs = plant.forgetMs ?? rules.forgetMs;
  const standing = { ...STANDING, ...plant.standing };
  const options = { ...rules, standing, ...(forgetMs === undefined ? {} : { forgetMs }) };
  const schemaIds = schemaIdsOf(topology(options));
  const simulation: Simulation = new Simulation(seed, {
    ...killTrialSettings(shape),
    horizonMs: 4_000,
    ...(plant.kafka === true ? { kafka: true, processes: 1 } : {}),
    createTopology: () => {
      const made = topology(options);
      bindSchemaIds(made, schemaIds);
      return made;
    },
    client,
    ...(plant.wrapLog === undefined ? {} : { wrapLog: plant.wrapLog }),
  });

  async function client(): Promise<void> {
    const { random } = simulation;
    const sent: (readonly [trustee: string, said: NonNullable<JudgedInteraction['said']>])[] = [];
    const ordered: (readonly [string, StandingCommand])[] = [];
    for (let step = 0; step < STEPS; step++) {
      const some = Array.from({ length: 1 + randomBelow(random, 12) }, () => {
        const before = sent[randomBelow(random, Math.max(1, sent.length))];
        const drawn = randomBelow(random, 10);
        const now = EPOCH_MS + Math.floor(simulation.timeline.elapsedMs);
        if (before !== undefined && drawn === 0) return before;
        if (before !== undefined && drawn === 1)
          return [before[0], { ...before[1], satisfaction: randomBelow(random, 101) / 100 }] as const;
        const one = {
          id: String(sent.length),
          trustor: PARTIES[randomBelow(random, PARTIES.length)]!,
          service: ['heat', 'light', 'heat', 'light', 'water'][randomBelow(random, 5)]!,
          satisfaction: randomBelow(random, 40) === 0 ? 7 : randomBelow(random, 101) / 100,
          weight: 1 + randomBelow(random, 3),
          time: now - randomBelow(random, randomBelow(random, 20) === 0 ? 6_000 : 900),
        };
        const made = [PARTIES[randomBelow(random, PARTIES.length)]!, one] as const;
        sent.push(made);
        return made;
      });
      await append(some);
      if (randomBelow(random, 3) === 0) await order(ordered, step);
      await simulation.pause(randomBelow(random, 150));
    }
    await simulation.comesToRest();
  }

  async function append(some: readonly (readonly [string, NonNullable<JudgedInteraction['said']>])[]): Promise<void> {
    const records = some.map(([trustee, one]) => {
      const writer = new ByteWriter();
      const rest = { responseMs: null, availability: null, quality: null, reason: null };
      encodeInteraction(writer, schemaIds.get(`${TRUST_INTERACTIONS}-value`)!, { ...one, ...rest });
      const value = writer.take();
      said.set(Buffer.from(value).toString('hex'), one);
      return { key: trustee, value };
    });
    await send(TRUST_INTERACTIONS, records);
  }

  /** Some commands; now and then one that was sent before. */
  async function order(ordered: (readonly [string, StandingCommand])[], step: number): Promise<void> {
    const { random } = simulation;
    const some = Array.from({ length: 1 + randomBelow(random, 3) }, (_, i) => {
      const before = ordered[randomBelow(random, Math.max(1, ordered.length))];
      if (before !== undefined && randomBelow(random, 5) === 0) return before;
      const command: StandingCommand = {
        ...{ version: 1, id: `${step}-${i}`, by: 'olga', why: `for ${step}` },
        service: ['heat', 'light', 'heat', 'light', 'water'][randomBelow(random, 5)]!,
        action: STANDING_ACTIONS[randomBelow(random, STANDING_ACTIONS.length)]!,
      };
      const made = [PARTIES[randomBelow(random, PARTIES.length)]!, command] as const;
      ordered.push(made);
      return made;
    });
    const records = some.map(([key, command]) => ({ key, value: encodeStandingCommand(command) }));
    await send(TRUST_COMMANDS, records);
  }

  async function send(topic: string, records: readonly { key: string; value: Uint8Array }[]): Promise<void> {
    const lanes = Map.groupBy(records, ({ key }) => {
      const bytes = Buffer.from(key);
      return partitionForKey(bytes, 0, bytes.length, PARTITIONS);
    });
    await simulation.askUntilAnswered((process) => {
      const timestamp = EPOCH_MS + Math.floor(simulation.timeline.elapsedMs);
      const appends = [...lanes].map(([partition, of]): Append => {
        const bytes = encodeRecords(of.map(({ key, value }) => ({ key, value, timestamp })));
        return { topic, partition, bytes };
      });
      return process.started.then(() => process.log.commit({ appends, admission: 'refusable' }));
    });
  }

  const nothing = {
    kills: 0,
    interactions: 0,
    refused: 0,
    repeated: 0,
    corrected: 0,
    decisions: 0,
    inVain: 0,
    marked: 0,
    forgotten: 0,
  };
  try {
    await simulation.run();
  } catch (thrown) {
    return { differences: [String(thrown instanceof Error ? thrown.stack : thrown)], ...nothing };
  }
  const reader = await simulation.inspect();
  const { scores } = reputationTopics();
  scores.codec.bindSchemaIds?.(schemaIds);
  const differences: string[] = [];
  const sums = { ...nothing };
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const inputs = await readPartition(reader, TRUST_INTERACTIONS, partition);
    const judged = inputs.map(({ key, value, timestamp }): JudgedInteraction => {
      return { trustee: key ?? '', receivedMs: timestamp, said: value === null ? null : (said.get(value) ?? null) };
    });
    const steps: JudgedStep[] = [];
    const want = expectedScores(judged, rules, (step) => steps.push(step));
    const pairs = new Map<string, PairScore>();
    const providers = new Map<string, ProviderScore>();
    for (const { key, value } of await readPartition(reader, TRUST_SCORES, partition)) {
      if (key === null) continue;
      if (value === null) {
        pairs.delete(key);
        providers.delete(key);
        continue;
      }
      const bytes = Buffer.from(value, 'hex');
      const score = scores.codec.decode(bytes, 0, bytes.length) as Score;
      if (isPairScore(score)) pairs.set(key, score);
      else providers.set(key, score);
    }
    const named = [...want.providers.keys(), ...providers.keys()];
    const letters = await readPartition(reader, `${TRUST_INTERACTIONS}.dlq`, partition);
    // Which they are is compared in trust-actor.test.ts; here, that none is lost or twice.
    if (letters.length !== want.refused.length)
      differences.push(`${letters.length} letters in ${partition}, must be ${want.refused.length}`);
    // Of whom nothing is known but how it stands.
    const known = new Map([...providers].filter(([, { raters, standing }]) => raters > 0 || standing === 'normal'));
    for (const [name, { raters, interactions, trust }] of providers)
      if (raters === 0 && !(interactions === 0 && Number.isNaN(trust))) differences.push(`${name} is not empty`);
    differences.push(...differencesOf({ ...want, refused: [] }, { pairs, providers: known, refused: [] }));
    const of = await commandsOf(reader, partition);
    for (const name of new Set([...named, ...of.keys()])) {
      const { commands = [], decisions = [], refused = 0 } = of.get(name) ?? {};
      const last = providers.get(name) ?? null;
      const wrong = wrongStanding(name, steps, commands, STANDING, { decisions, refused, last });
      if (wrong !== '') differences.push(wrong);
      sums.decisions += decisions.length;
      sums.inVain += refused;
      if (last !== null && last.standing !== 'normal') sums.marked += 1;
    }
    const audit = await auditPartition(reader, partition, {
      wanted: { trustor: null, trustee: null, service: null },
      halfLives: OPTIONS,
      ...{ key: null, kept: [], standing: STANDING, forgetMs: rules.forgetMs ?? Number.POSITIVE_INFINITY },
      ...{ nowMs: EPOCH_MS + Math.floor(simulation.timeline.elapsedMs) },
    });
    for (const { says } of [...audit.chain.faults, ...audit.faults]) differences.push(`verify ${partition}: ${says}`);
    if (forgetMs === undefined && audit.standings !== want.providers.size)
      differences.push(`verify made ${audit.standings} standings anew, there are ${want.providers.size}`);
    sums.interactions += judged.length;
    sums.refused += want.refused.length;
    sums.repeated += want.repeated;
    sums.corrected += want.corrected;
    sums.forgotten += want.forgotten;
  }
  return { ...sums, differences, kills: killsOf(simulation) };
}

function topology(options: TrustOptions): TopologyDefinition {
  const log = trustLogTopics();
  const chain = chainActor(log, { ...CHAIN_DEFAULTS, entries: 25, key: null });
  return {
    name: 'trial',
    partitions: PARTITIONS,
    actors: [trustActor(reputationTopics(), options, log.accepted), chain],
  };
}

interface Commanded {
  readonly commands: OrderedCommand[];
  readonly decisions: StandingDecision[];
  refused: number;
}

/** By `trustee service`. */
async function commandsOf(reader: LogReader, partition: number): Promise<Map<string, Commanded>> {
  const all = new Map<string, Commanded>();
  const of = (trustee: string | null, service: string): Commanded => {
    const name = `${trustee} ${service}`;
    const known = all.get(name) ?? { commands: [], decisions: [], refused: 0 };
    all.set(name, known);
    return known;
  };
  const each = async (topic: string, take: (key: string | null, bytes: Buffer, timestamp: number) => void) => {
    for (const { key, value, timestamp } of await readPartition(reader, topic, partition))
      if (value !== null) take(key, Buffer.from(value, 'hex'), timestamp);
  };
  await each(TRUST_COMMANDS, (key, bytes, at) => {
    const command = decodeStandingCommand(bytes);
    of(key, command.service).commands.push({ ...command, at });
  });
  await each(TRUST_DECISIONS, (key, bytes) => {
    const decision = decodeStandingDecision(bytes);
    of(key, decision.service).decisions.push(decision);
  });
  await each(`${TRUST_COMMANDS}.dlq`, (key, bytes) => {
    of(key, decodeStandingCommand(bytes).service).refused += 1;
  });
  return all;
}

/**
 * Kills over Kafka, in series: each begins an application of its own on the same broker, hurts workers, processes or the
 * broker itself at named points and at random, lets the last life finish, and compares all output with the oracle. A
 * process is killed, or stopped until others have its partitions; then it goes on and believes to be their owner.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { type Random, randomBelow, seededRandom } from '../../../engine/index.ts';
import { type KafkaServer, RESTARTED } from '../../support/kafka-server.ts';
import type { Mark } from './frame-stream.ts';
import { KILL_POINTS, type KillPoint, WIRE_POINTS } from './kill-points.ts';
import { type LifeOptions, Lives } from './life.ts';
import type { LogPlace } from './log-place.ts';
import type { Verdict } from './oracle.ts';

export type Target = 'worker' | 'process' | 'broker';

/** A process that stands still is taken for gone so soon that a run need not wait long for that. */
export const SHORT_SESSIONS = {
  ...RESTARTED,
  'group.consumer.min.session.timeout.ms': '500',
  'group.consumer.session.timeout.ms': '2000',
  'group.consumer.min.heartbeat.interval.ms': '100',
  'group.consumer.heartbeat.interval.ms': '200',
};

interface SeriesPlace {
  readonly server: KafkaServer;
  readonly folder: string;
  readonly seed: number;
}

export interface SeriesOptions extends SeriesPlace {
  /** How many kills there are to be. */
  readonly kills: number;
  progress(text: string): void;
}

export interface SeriesEnd {
  readonly kills: number;
  /** Of the kills those that stopped a process; and how many of them found, when they went on, that they had lost their partitions. */
  readonly stops: number;
  readonly losses: number;
  readonly moments: readonly string[];
  readonly verdict: Verdict;
}

const FRAMES = 640;
const FRAMES_PER_ACK = 32;
const COUNT_MAX = 6;
const REMOVAL_MS_MAX = 180_000;
const DELAY_MS_MAX = 60;
/** More than one life has, so that some go on only beside the one after the next. */
const WAKE_ACKS_MAX = 24;
const MARKS: readonly Mark[] = ['heap', 'uncaught', 'hang', 'refused', 'uncaught'];

const NO_STOPS = { stops: 0, losses: 0 };

const points: readonly KillPoint[] = [...KILL_POINTS, ...WIRE_POINTS, ...WIRE_POINTS];

/** On a broker without topics; `clearTopics` makes it one again. */
export function runSeries(target: Target, options: SeriesOptions): Promise<SeriesEnd> {
  if (target === 'worker') return workerSeries(options);
  return target === 'process' ? processSeries(options) : brokerSeries(options);
}

/** Groups and transactional ids begin with the seed; topics are the only ones of the broker. */
function placeOf({ server, folder, seed }: SeriesPlace): LogPlace & { readonly kind: 'kafka' } {
  const stateFolder = join(folder, 'state');
  mkdirSync(stateFolder, { recursive: true });
  return { kind: 'kafka', kafka: { bootstrap: [server.bootstrap], applicationId: `faults-${seed}` }, stateFolder };
}

async function workerSeries(options: SeriesOptions): Promise<SeriesEnd> {
  const random = seededRandom(options.seed);
  const marked = MARKS.map((mark, i): [number, Mark] => [60 + i * 110 + randomBelow(random, 90), mark]);
  const lives = await Lives.begin(options.folder, options.seed, marked, placeOf(options));
  const { workersEnded } = await lives.live({ frames: FRAMES, isLast: true, terminations: options.kills });
  return { kills: workersEnded.length, ...NO_STOPS, moments: workersEnded, verdict: await lives.judge() };
}

async function processSeries(options: SeriesOptions): Promise<SeriesEnd> {
  const random = seededRandom(options.seed);
  const lives = await Lives.begin(options.folder, options.seed, [], placeOf(options));
  const moments: string[] = [];
  let stops = 0;
  try {
    while (moments.length < options.kills) {
      // Whether one that is drawn comes to lose its partitions is a matter of moments: the first one does.
      const moment = moments.length === 0 ? { ...standsStill('task.before'), isLoser: true } : drawMoment(random);
      const { wasKilled, wasStopped } = await lives.live({ frames: FRAMES, ...moment });
      if (!wasKilled && !wasStopped) continue;
      if (wasStopped) stops++;
      moments.push(JSON.stringify(moment));
      options.progress(`kill ${moments.length}/${options.kills}: ${moments.at(-1)}`);
    }
    await lives.live({ frames: FRAMES, isLast: true });
  } catch (error) {
    throw new Error(`seed ${options.seed}, after ${moments.join('; ')}: ${(error as Error).message}`, { cause: error });
  } finally {
    await lives.close();
  }
  return { kills: moments.length, stops, losses: lives.losses, moments, verdict: await lives.judge() };
}

/**
 * Of a first life, which has all partitions, so that it surely comes to a point of its tasks. It goes on when the last
 * life has ended, which it has only with everything done: by then others have had them.
 */
function standsStill(point: KillPoint): Partial<LifeOptions> {
  return { stopPoint: `${point}:1`, wakeAfter: Number.POSITIVE_INFINITY };
}

function drawMoment(random: Random): Partial<LifeOptions> {
  const stops = randomBelow(random, 3) === 0;
  const wakeAfter = 1 + randomBelow(random, WAKE_ACKS_MAX);
  if (randomBelow(random, 5) === 0) {
    const after = {
      acks: 1 + randomBelow(random, FRAMES / FRAMES_PER_ACK),
      delayMs: randomBelow(random, DELAY_MS_MAX),
    };
    return stops ? { stopAfter: after, wakeAfter } : { killAfter: after };
  }
  const name = points[randomBelow(random, points.length)]!;
  const count = /^(topics|drain)/.test(name) ? 1 : 1 + randomBelow(random, COUNT_MAX);
  const point = `${name}:${count}`;
  return stops ? { stopPoint: point, wakeAfter } : { killPoint: point };
}

async function brokerSeries(options: SeriesOptions): Promise<SeriesEnd> {
  const random = seededRandom(options.seed);
  const lives = await Lives.begin(options.folder, options.seed, [], placeOf(options));
  const moments: string[] = [];
  for (let kill = 0; kill < options.kills; kill++) {
    const acks = 1 + randomBelow(random, FRAMES / FRAMES_PER_ACK / 2);
    let restarting: Promise<void> | undefined;
    const onAck = (count: number) => {
      if (count === acks) restarting = options.server.kill().then(() => options.server.restart());
    };
    await lives.live({ frames: FRAMES, isLast: kill === options.kills - 1, onAck });
    await restarting;
    moments.push(`broker killed at acknowledgement ${acks}`);
    options.progress(`broker kill ${kill + 1}/${options.kills}`);
  }
  return { kills: moments.length, ...NO_STOPS, moments, verdict: await lives.judge() };
}

/** What is found where a process that was stopped commits what others have done since, because it ignores that it is fenced. */
export async function runPlanted(options: SeriesPlace): Promise<readonly string[]> {
  const lives = await Lives.begin(options.folder, options.seed, [], { ...placeOf(options), ignoresFences: true });
  try {
    await lives.live({ frames: FRAMES, ...standsStill('readings.before') });
    await lives.live({ frames: FRAMES, isLast: true });
  } finally {
    await lives.close();
  }
  return (await lives.judge()).differences;
}

/** Removes every topic but the broker's own, so that the next series finds none. */
export async function clearTopics(server: KafkaServer): Promise<void> {
  const kafka = new Kafka({ brokers: [server.bootstrap], logLevel: logLevel.NOTHING, requestTimeout: REMOVAL_MS_MAX });
  const admin = kafka.admin();
  await admin.connect();
  try {
    const topics = (await admin.listTopics()).filter((topic) => !topic.startsWith('__'));
    if (topics.length > 0) await admin.deleteTopics({ topics, timeout: REMOVAL_MS_MAX });
  } finally {
    await admin.disconnect();
  }
}

/**
 * Who should serve whom, among 100,000 providers: from the question to the answer, through the graph's own thread, while
 * scores go on changing. The log is filled first, with a million pairs of a skewed city; what reading it takes is told.
 */
import { type EmbeddedLogOnDisk, openEmbeddedLog, pause, seededRandom, systemClock } from '../../../engine/index.ts';
import { DEVICE_REGISTRY, scoreCodec, TRUST_SCORES } from '../../../schemas/topics/index.ts';
import { GRAPH_JOB, type Question, TrustDesk } from '../../../services/trust/index.ts';
import { type Figure, figure, type Workload } from '../../workload.ts';
import { CENTRE, CityScores, type CitySize, PARTITIONS, SERVICE, trustorName } from './city-scores.ts';

const FULL: CitySize = { providers: 100_000, trustors: 50_000, pairs: 1_000_000 };
const QUICK: CitySize = { providers: 100_000, trustors: 20_000, pairs: 200_000 };
const RUNS = 5;
const QUESTIONS = 1_000;
const QUESTIONS_QUICK = 200;
/** Scores a second that change meanwhile. */
const CHANGES_A_SECOND = 5_000;
const CHANGE_MS = 20;
const READY_MS = 50;
const RADIUS_M = 2_000;

export const recommend: Workload = {
  name: 'recommend',
  says: 'recommendations among 100,000 providers, while scores change',
  async run({ isQuick, folder, progress }) {
    const size = isQuick ? QUICK : FULL;
    const log = await openEmbeddedLog(folder, { groupCommitMs: 5, quotaBytes: 8 * 2 ** 30 }, systemClock);
    try {
      return await measure(log, size, isQuick ? QUESTIONS_QUICK : QUESTIONS, progress);
    } finally {
      await log.close();
    }
  },
};

async function measure(
  log: EmbeddedLogOnDisk,
  size: CitySize,
  questions: number,
  progress: (text: string) => void,
): Promise<readonly Figure[]> {
  await log.createTopics([
    { name: DEVICE_REGISTRY, partitions: PARTITIONS, cleanup: 'compact' },
    { name: TRUST_SCORES, partitions: PARTITIONS, cleanup: 'compact' },
  ]);
  const schemaIds = new Map((scoreCodec().schemas ?? []).map(({ subject }, i) => [subject, i + 1]));
  const scores = new CityScores(size, schemaIds, systemClock.now());
  await scores.fill(log);
  progress(`${size.pairs} pairs of ${size.providers} providers are in the log`);
  const openedAt = systemClock.monotonic();
  const desk = new TrustDesk({
    ...{ job: GRAPH_JOB, log: log.readerDescriptor(), schemaIds: [...schemaIds], partitions: PARTITIONS },
    isAttested: false,
    onFailed: ({ message }) => progress(`the graph has failed: ${message}`),
  });
  try {
    while (!(await desk.ask('status', null)).isReady) await pause(systemClock, READY_MS);
    const readMs = systemClock.monotonic() - openedAt;
    const [service] = await desk.ask('services', null);
    const { bytes } = await desk.ask('status', null);
    progress(`read in ${Math.round(readMs)} ms, ${Math.round(bytes / 2 ** 20)} MiB`);
    const still = await asked(desk, size, questions, 0);
    const changing = changeOn(log, scores);
    const runs: Latencies[] = [];
    for (let run = 1; run <= RUNS; run++) {
      runs.push(await asked(desk, size, questions, run));
      progress(`p99 ${runs.at(-1)!.p99.toFixed(2)} ms, median ${runs.at(-1)!.median.toFixed(2)} ms`);
    }
    const changes = await changing.stop();
    const worst = Math.max(...runs.map(({ worst: ms }) => ms));
    return [
      figure({
        name: `recommendation among ${size.providers.toLocaleString('en')} providers, p99`,
        unit: 'ms',
        ours: runs.map(({ p99 }) => p99),
        ...{ floor: 10, aim: 5, judged: 'ours', isLessBetter: true },
        notes: [
          `${questions} questions a run, one after the other: anywhere, within ${RADIUS_M / 1000} km, with own weights`,
          `meanwhile ${Math.round(changes).toLocaleString('en')} scores a second changed; without any p99 ${still.p99.toFixed(2)} ms`,
          `median ${runs.map(({ median }) => median.toFixed(2)).join(', ')} ms; the longest of all ${worst.toFixed(1)} ms`,
          `${service?.pairs.toLocaleString('en')} pairs and their names in ${Math.round(bytes / (service?.pairs ?? 1))} bytes a pair, providers and the thread itself included, read in ${(readMs / 1000).toFixed(1)} s`,
        ],
      }),
    ];
  } finally {
    await desk.close();
  }
}

interface Latencies {
  readonly median: number;
  readonly p99: number;
  readonly worst: number;
}

async function asked(desk: TrustDesk, { trustors }: CitySize, questions: number, seed: number): Promise<Latencies> {
  const random = seededRandom(seed + 100);
  const took: number[] = [];
  for (let i = 0; i < questions; i++) {
    const question: Question = {
      ...{ service: SERVICE, trustor: trustorName(random.u32() % trustors), limit: 5, among: null, without: [] },
      near: i % 3 === 1 ? { ...CENTRE, radiusM: RADIUS_M } : null,
      weights: i % 3 === 2 ? { trust: 0.4, reputation: 0.3, reliability: 0.2, popularity: 0.1 } : null,
    };
    const from = systemClock.monotonic();
    const { providers } = await desk.ask('who', question);
    took.push(systemClock.monotonic() - from);
    if (providers.length !== 5) throw new Error(`${providers.length} providers in the answer to question ${i}`);
  }
  const sorted = took.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
  return { median: at(0.5), p99: at(0.99), worst: sorted.at(-1)! };
}

/** Scores that change until it is stopped, which tells how many a second there were. */
function changeOn(log: EmbeddedLogOnDisk, scores: CityScores): { stop(): Promise<number> } {
  const from = systemClock.monotonic();
  let isStopped = false;
  let changed = 0;
  const running = (async () => {
    while (!isStopped) {
      const due = Math.floor(((systemClock.monotonic() - from) / 1000) * CHANGES_A_SECOND) - changed;
      if (due > 0) {
        await log.commit({ appends: scores.some(due), admission: 'internal' });
        changed += due;
      }
      await pause(systemClock, CHANGE_MS);
    }
  })();
  return {
    async stop() {
      isStopped = true;
      await running;
      return changed / ((systemClock.monotonic() - from) / 1000);
    },
  };
}

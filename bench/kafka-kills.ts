/**
 * Kills over a real Kafka, and processes that are stopped and go on, for as many as are wanted; each series is compared
 * with the oracle. It goes on where it stopped: what is done stands in the journal, a line of JSON for each series.
 *   npm run kafka-kills -- [--kills 1000] [--journal data/kafka-kills.ndjson]
 * Exit code 1 where a series differs; the next call begins behind it.
 */
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { clearTopics, runSeries, SHORT_SESSIONS, type Target } from '../test/faults/kit/kafka-series.ts';
import { startKafka } from '../test/support/kafka-server.ts';

/** Of ten kills, how many are of what; as the short form in test/faults/kafka-kills.test.ts. */
const SERIES: readonly { readonly target: Target; readonly kills: number }[] = [
  { target: 'worker', kills: 12 },
  { target: 'process', kills: 6 },
  { target: 'broker', kills: 2 },
];

interface Line {
  readonly seed: number;
  readonly target: Target;
  readonly kills: number;
  /** Of them those that stopped a process; absent in journals from before there were any. */
  readonly stops?: number;
  readonly frames: number;
  readonly differences: readonly string[];
}

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '1000' },
    journal: { type: 'string', default: join('data', 'kafka-kills.ndjson') },
  },
});
const wanted = Number(values.kills);
if (!Number.isSafeInteger(wanted) || wanted < 1) {
  console.error('--kills takes a whole number from 1 on');
  process.exit(64);
}
process.exitCode = await main();

async function main(): Promise<number> {
  mkdirSync(dirname(values.journal), { recursive: true });
  const done = existsSync(values.journal) ? linesOf(readFileSync(values.journal, 'utf8')) : [];
  let kills = done.reduce((sum, line) => sum + line.kills, 0);
  let next = done.length;
  const server = await startKafka(SHORT_SESSIONS);
  const folder = mkdtempSync(join(tmpdir(), 'msec-kafka-kills-'));
  try {
    for (; kills < wanted; next++) {
      const { target, kills: some } = SERIES[next % SERIES.length]!;
      const place = join(folder, `${next}`);
      const options = { server, folder: place, seed: next + 1, kills: some, progress: () => {} };
      const end = await runSeries(target, options);
      const { differences, frames } = end.verdict;
      const line: Line = { seed: options.seed, target, kills: end.kills, stops: end.stops, frames, differences };
      appendFileSync(values.journal, `${JSON.stringify(line)}\n`);
      kills += end.kills;
      console.log(`${kills}/${wanted} kills; seed ${line.seed}, ${target}: ${differences.length} differences`);
      for (const difference of differences) console.log(`  ${difference}`);
      if (differences.length > 0) return 1;
      await clearTopics(server);
      rmSync(place, { recursive: true, force: true });
    }
    return 0;
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function linesOf(text: string): Line[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
}

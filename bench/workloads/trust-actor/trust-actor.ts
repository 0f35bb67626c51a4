/**
 * The trust actor at a million live pairs, on one core: interactions from their batches' bytes into state; from a log on disk
 * to committed scores; and what a pair takes. Ids are looked up and remembered in all of it.
 */
import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { TrustConsumed, TrustConsumeTask } from '../../load/trust-consume.ts';
import type { TrustUpdate, TrustUpdateTask } from '../../load/trust-update.ts';
import { type Figure, figure, spread, type Workload } from '../../workload.ts';

const PAIRS = 1_000_000;
const FEW_PAIRS = 1_000;
const INTERACTIONS = 2_000_000;
const INTERACTIONS_QUICK = 500_000;
const CORE = '1';

const run = promisify(execFile);

async function onOneCore<T>(script: string, task: object, nodeOptions: readonly string[] = []): Promise<T> {
  const entry = fileURLToPath(new URL(`../../load/${script}`, import.meta.url));
  const args = ['-c', CORE, process.execPath, ...nodeOptions, entry, JSON.stringify(task)];
  const { stdout } = await run('taskset', args, { maxBuffer: 1024 * 1024 });
  return JSON.parse(stdout) as T;
}

const update = (task: TrustUpdateTask) => onOneCore<TrustUpdate>('trust-update.ts', task, ['--expose-gc']);

export const trustActorWorkload: Workload = {
  name: 'trust-actor',
  says: 'interactions → trust of a million pairs, on one core: state update, end to end with scores, bytes a pair',
  async run({ isQuick, folder, progress }) {
    const rounds = isQuick ? 1 : 5;
    const interactions = isQuick ? INTERACTIONS_QUICK : INTERACTIONS;
    const [updates, withChangelog, endToEnd]: [TrustUpdate[], TrustUpdate[], TrustConsumed[]] = [[], [], []];
    const bytes: number[] = [];
    for (let round = 1; round <= rounds; round++) {
      updates.push(await update({ pairs: PAIRS, interactions, isCommitted: false }));
      withChangelog.push(await update({ pairs: PAIRS, interactions, isCommitted: true }));
      const few = await update({ pairs: FEW_PAIRS, interactions, isCommitted: true });
      bytes.push((withChangelog.at(-1)!.bytes - few.bytes) / (PAIRS - FEW_PAIRS));
      const path = join(folder, `log-${round}`);
      const task: TrustConsumeTask = { folder: path, pairs: PAIRS, interactions };
      const consumed = await onOneCore<TrustConsumed>('trust-consume.ts', task);
      await rm(path, { recursive: true, force: true });
      if (consumed.told !== PAIRS + interactions)
        throw new Error(`the scores tell of ${consumed.told} interactions, not of ${PAIRS + interactions}`);
      endToEnd.push(consumed);
      progress(
        `run ${round}/${rounds}: ${shown(updates.at(-1)!)} into state, ${shown(withChangelog.at(-1)!)} with the changelog, ${shown(consumed)} end to end, ${bytes.at(-1)!.toFixed(1)} bytes a pair`,
      );
    }
    const rates = (of: readonly { readonly perSecond: number }[]) => of.map(({ perSecond }) => perSecond);
    const figures: Figure[] = [
      figure({
        name: 'trust-actor: interactions from their batches into the state of 1,000,000 pairs, one core',
        unit: 'interactions/s',
        ours: rates(updates),
        floor: 500_000,
        aim: 1_000_000,
        judged: 'ours',
        notes: [
          `found in their batch, decoded, checked, told from repetitions, summed up; no commit while it is measured`,
          `with commits and their part of the changelog: ${Math.round(spread(rates(withChangelog)).median)} a second`,
        ],
      }),
      figure({
        name: 'trust-actor: from the log to committed scores, 1,000,000 pairs, one core',
        unit: 'interactions/s',
        ours: rates(endToEnd),
        floor: 150_000,
        aim: 300_000,
        judged: 'ours',
        notes: [
          `exactly once, the log on disk, all threads of the process on one core`,
          `${spread(endToEnd.map(({ scoresEach }) => scoresEach)).median.toFixed(2)} scores an interaction; the newest of all providers tell of every interaction`,
        ],
      }),
      figure({
        name: 'trust-actor: memory of a pair, 1,000,000 of them among 10,000 parties',
        unit: 'bytes',
        ours: bytes,
        floor: 160,
        aim: 120,
        judged: 'ours',
        isLessBetter: true,
        notes: [
          `what a process with ${PAIRS} pairs holds more than one with ${FEW_PAIRS}: rows, keys, indexes, names, providers`,
        ],
      }),
    ];
    return figures;
  },
};

const shown = ({ perSecond }: { readonly perSecond: number }): string => `${Math.round(perSecond)}/s`;

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import {
  EmbeddedLog,
  LocalEnds,
  type Log,
  MemoryDisk,
  MemoryStore,
  openEmbeddedLog,
} from '../../../../engine/log/index.ts';
import { type LogSettings, type LogUnderTest, logSuite } from '../../../../engine/testkit/log-suite.ts';
import { ManualClock } from '../manual-clock.ts';

/** Each log has its own time, which only the suite moves. */
async function underTest(
  open: (clock: ManualClock, settings: LogSettings) => Promise<Log>,
  settings: LogSettings,
  cleanup: () => void,
): Promise<LogUnderTest> {
  const clock = new ManualClock();
  let log = await open(clock, settings);
  return {
    log,
    maintain: async () => {
      clock.advance(1_000);
      // A commit that is behind the maintenance that has just begun.
      await log.createTopics([{ name: 'tick', partitions: 1, cleanup: 'delete' }]);
    },
    advance: async (ms) => clock.advance(ms),
    reopen: async () => {
      await log.close();
      log = await open(clock, settings);
      return log;
    },
    cleanup: async () => {
      await log.close();
      cleanup();
    },
  };
}

logSuite(t, 'embedded over lmdb', (settings = {}) => {
  const path = mkdtempSync(join(tmpdir(), 'msec-log-'));
  const open = (clock: ManualClock, options: LogSettings) =>
    openEmbeddedLog(path, { ...options, groupCommitMs: 0 }, clock);
  return underTest(open, settings, () => rmSync(path, { recursive: true }));
});

logSuite(t, 'embedded over memory', (settings = {}) => {
  const disk = new MemoryDisk();
  const open = async (clock: ManualClock, options: LogSettings) =>
    new EmbeddedLog(new MemoryStore(disk), new LocalEnds(), clock, { ...options, groupCommitMs: 0 });
  return underTest(open, settings, () => {});
});

/**
 * A process of its own for the tests of the log on a disk. Arguments: what to do, the directory. It prints a line for
 * each thing that happened, and goes on when a line arrives on its standard input.
 */
import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { openEmbeddedLog, openEmbeddedLogReadOnly } from '../../../../engine/log/index.ts';
import { allValues, batchOf } from '../batches.ts';

const [what, path] = process.argv.slice(2) as [string, string];
const say = (line: string) => writeSync(1, `${line}\n`);
const codeOf = (error: unknown) => (error as { code?: string }).code ?? String(error);
const input = createInterface({ input: process.stdin });
// The test is gone: nothing is left running, whatever became of it.
input.once('close', () => process.exit(0));
const lines = input[Symbol.asyncIterator]();
const goOn = () => lines.next();

/** Numbered transactions over three partitions and an offset, for ever, several on their way at a time. */
async function write(): Promise<void> {
  const log = await openEmbeddedLog(path, { groupCommitMs: 1, maintenanceMs: 3, segmentBytes: 16_000 });
  await log.createTopics([{ name: 'a', partitions: 3, cleanup: 'delete', retentionBytes: 50_000 }]);
  const reader = log.openReader();
  let number = (await reader.bounds('a', 0)).end;
  say('open');
  const one = async () => {
    const mine = ++number;
    // Sizes on both sides of the line between a value within a page and one of its own pages.
    const value = `${mine}`.padEnd((mine * 997) % 6_000, '.');
    await log.commit({
      appends: [0, 1, 2].map((partition) => ({ topic: 'a', partition, bytes: batchOf([value]) })),
      offsets: [{ group: 'g', topic: 'a', partition: 0, offset: mine }],
    });
    say(`${mine}`);
  };
  for (;;) await Promise.all([one(), one(), one()]);
}

async function hold(): Promise<void> {
  const log = await openEmbeddedLog(path);
  say('open');
  await goOn();
  await log.close();
  say('closed');
}

async function tryOpen(): Promise<void> {
  try {
    const log = await openEmbeddedLog(path);
    await log.close();
    say('open');
  } catch (error) {
    say(codeOf(error));
  }
}

async function tail(): Promise<void> {
  const log = await openEmbeddedLogReadOnly(path, 5);
  const reader = log.openReader();
  say((await allValues(reader, 'a', 0)).join());
  const { end } = await reader.bounds('a', 0);
  const waiting = reader.wait([{ topic: 'a', partition: 0, offset: end }], 60_000);
  say('waits');
  say(`${await waiting}`);
  say((await allValues(reader, 'a', 0)).join());
  const [described] = await log.describe();
  say(JSON.stringify(described?.bounds));
  await log.close();
  say('closed');
}

/** Under a limit on the size of files: fills the disk, lets the reader catch up, and appends again. */
async function fill(): Promise<void> {
  const log = await openEmbeddedLog(path, { groupCommitMs: 0, maintenanceMs: 5, segmentBytes: 500_000 });
  await log.createTopics([
    { name: 'a', partitions: 1, cleanup: 'delete', retentionBytes: 1_000_000, requiredReaders: ['slow'] },
  ]);
  const value = 'x'.repeat(50_000);
  const append = () => log.commit({ appends: [{ topic: 'a', partition: 0, bytes: batchOf([value]) }] });
  const reader = log.openReader();
  let code = '';
  while (code === '') await append().catch((error: unknown) => (code = codeOf(error)));
  const { end } = await reader.bounds('a', 0);
  say(`${code} ${end > 20}`);
  say(`${(await allValues(reader, 'a', 0)).length === end}`);
  await log.commit({ offsets: [{ group: 'slow', topic: 'a', partition: 0, offset: end }] });
  let offset: number | undefined;
  while (offset === undefined) {
    await append().then(
      ({ baseOffsets }) => (offset = baseOffsets[0]!),
      () => new Promise((resolve) => setImmediate(resolve)),
    );
  }
  say(`${offset === end}`);
  await log.close();
}

const tasks: Record<string, () => Promise<void>> = { write, hold, tryOpen, tail, fill };
await tasks[what]!();
process.exit(0);

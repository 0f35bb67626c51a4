/**
 * A sink over a log on the disk that kills its process at its n-th step towards the disk: before or after it, or in the
 * middle of a write.
 *   sink-process.ts LOG FOLDER N
 */
import fs from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { systemClock } from '../../../engine/base/index.ts';
import { openEmbeddedLog } from '../../../engine/log/index.ts';

const [logPath = '', folder = '', killAt = ''] = process.argv.slice(2);
let steps = 0;

function dieAtTurn(): void {
  steps += 1;
  if (steps === Number(killAt)) process.kill(process.pid, 'SIGKILL');
}

function around<A extends unknown[], R>(run: (...args: A) => Promise<R>): (...args: A) => Promise<R> {
  return async function step(this: unknown, ...args: A) {
    dieAtTurn();
    const result = await run.apply(this, args);
    dieAtTurn();
    return result;
  };
}

const log = await openEmbeddedLog(logPath, { groupCommitMs: 0 });
const commit = around(log.commit.bind(log));
const probe = await open(process.execPath, 'r');
const handles = Object.getPrototypeOf(probe) as FileHandle;
await probe.close();
for (const name of ['datasync', 'sync', 'truncate', 'writeFile'] as const) {
  Object.assign(handles, { [name]: around(handles[name] as () => Promise<void>) });
}
// Written in two halves, so that there is a moment between them.
const write = handles.write as (
  data: Uint8Array,
  at: number,
  length: number,
  position: number,
) => Promise<{ bytesWritten: number }>;
Object.assign(handles, {
  write: around(function half(this: FileHandle, data: Uint8Array, at: number, length: number, position: number) {
    return write.call(this, data, at, Math.ceil(length / 2), position);
  }),
});
fs.promises.rename = around(fs.promises.rename);
syncBuiltinESMExports();
// Only what is imported from here on sees the changes.
const { openSink } = await import('./sink-fixture.ts');
const sink = await openSink({ ...log, commit, openReader: () => log.openReader() } as unknown as typeof log, folder, {
  rotation: { bytesMax: 900 },
  fetchBytesMax: 1,
  clock: systemClock,
});
while ((await sink.step()) > 0);
await sink.close();
await log.close();

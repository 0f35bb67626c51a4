import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { type Clock, MsecError, systemClock, type Timer } from '../../../engine/index.ts';
import type { NdjsonEvent } from '../../../sinks/ndjson/index.ts';
import { append, decode, filesIn, GROUP, linesIn, memoryLog, openSink, TOPIC } from './sink-fixture.ts';

const POSITION = `${TOPIC}.position.json`;

class SetClock implements Clock {
  nowMs = 1_000_000;
  now(): number {
    return this.nowMs;
  }
  monotonic(): number {
    return this.nowMs;
  }
  after(_delayMs: number, run: () => void): Timer {
    return systemClock.after(0, run);
  }
}

void t.test('every record becomes a line, in the order of its partition, and the group has read it', async (t) => {
  const folder = join(t.testdir(), 'made');
  const log = await memoryLog(t);
  await append(log, 0, ['a', 'b']);
  await append(log, 1, ['c']);
  await append(log, 0, ['d ä\n"']);
  const sink = await openSink(log, folder);
  t.equal(await sink.step(), 4);
  t.equal(await sink.step(), 0);
  const lines = linesIn(folder);
  t.same(
    lines.filter(({ partition }) => partition === 0),
    [
      { partition: 0, offset: 0, text: 'a' },
      { partition: 0, offset: 1, text: 'b' },
      { partition: 0, offset: 2, text: 'd ä\n"' },
    ],
  );
  t.equal(lines.length, 4);
  t.same(sink.offsets, [3, 1]);
  t.same(await log.openReader().committed(GROUP, TOPIC), [3, 1]);
  t.same(filesIn(folder), [`${TOPIC}-00000001.ndjson.open`]);
  t.equal(statSync(join(folder, filesIn(folder)[0]!)).mode & 0o777, 0o600);
  t.equal(statSync(join(folder, POSITION)).mode & 0o777, 0o600);
  t.equal(statSync(folder).mode & 0o777, 0o700);
  await sink.close();
});

void t.test('a new sink goes on where the files end, whatever lies behind the position', async (t) => {
  const folder = t.testdir();
  const log = await memoryLog(t);
  await append(log, 0, ['a']);
  const first = await openSink(log, folder);
  await first.step();
  await first.close();
  appendFileSync(join(folder, `${TOPIC}-00000001.ndjson.open`), '{"torn": '.repeat(100));
  writeFileSync(join(folder, `${POSITION}.new`), '{"ver');
  await append(log, 0, ['b']);
  const second = await openSink(log, folder);
  await second.step();
  t.same(
    linesIn(folder).map(({ text }) => text),
    ['a', 'b'],
  );
  await second.close();
});

void t.test('the files lead and the log follows: a commit that was lost is made up for', async (t) => {
  const folder = t.testdir();
  const log = await memoryLog(t);
  await append(log, 0, ['a']);
  let isFailing = false;
  const flaky = {
    commit: (transaction: Parameters<typeof log.commit>[0]) =>
      isFailing ? Promise.reject(new MsecError('DEPENDENCY_DOWN', 'x')) : log.commit(transaction),
  };
  const first = await openSink(log, folder, { log: flaky });
  isFailing = true;
  await t.rejects(first.step(), { code: 'DEPENDENCY_DOWN' });
  t.same(await log.openReader().committed(GROUP, TOPIC), [0, 0]);
  t.equal(await first.step(), 0, 'nothing is written again');
  await first.close();
  const second = await openSink(log, folder);
  t.same(await log.openReader().committed(GROUP, TOPIC), [1, 0]);
  t.equal(await second.step(), 0);
  t.equal(linesIn(folder).length, 1);
  await second.close();
});

void t.test('files are closed by size and by age, and the oldest leave', async (t) => {
  const folder = t.testdir();
  const log = await memoryLog(t);
  const clock = new SetClock();
  const sink = await openSink(log, folder, {
    clock,
    rotation: { bytesMax: 100, ageMsMax: 60_000 },
    retention: { filesMax: 2 },
  });
  const long = 'x'.repeat(100);
  for (const text of [long, long, 'short']) {
    await append(log, 0, [text]);
    await sink.step();
  }
  const name = (sequence: number) => `${TOPIC}-0000000${sequence}.ndjson`;
  t.same(filesIn(folder), [name(1), name(2), `${name(3)}.open`]);
  clock.nowMs += 60_000;
  await append(log, 0, ['later']);
  await sink.step();
  t.same(filesIn(folder), [name(2), name(3), `${name(4)}.open`]);
  t.equal(readFileSync(join(folder, name(3)), 'utf8'), '{"partition":0,"offset":2,"text":"short"}\n');
  await sink.close();
});

void t.test('an empty file is not closed for its age', async (t) => {
  const clock = new SetClock();
  const folder = t.testdir();
  const sink = await openSink(await memoryLog(t), folder, { clock });
  clock.nowMs += 1e9;
  await sink.step();
  t.same(filesIn(folder), [`${TOPIC}-00000001.ndjson.open`]);
  await sink.close();
});

void t.test('when somebody takes the open file away, the next one goes on without a line twice', async (t) => {
  for (const take of ['all of it', 'a part']) {
    const folder = join(t.testdir(), take);
    const log = await memoryLog(t);
    await append(log, 0, ['a']);
    const first = await openSink(log, folder);
    await first.step();
    await first.close();
    const path = join(folder, `${TOPIC}-00000001.ndjson.open`);
    if (take === 'a part') truncateSync(path, 3);
    else unlinkSync(path);
    await append(log, 0, ['b']);
    const second = await openSink(log, folder);
    await second.step();
    const newest = filesIn(folder).at(-1)!;
    t.equal(newest, `${TOPIC}-00000002.ndjson.open`);
    t.match(readFileSync(join(folder, newest), 'utf8'), /^\{"partition":0,"offset":1,"text":"b"\}\n$/);
    await second.close();
    rmSync(folder, { recursive: true });
  }
});

void t.test('files of another log are refused, and so is a position that is none', async (t) => {
  const folder = t.testdir();
  const log = await memoryLog(t);
  await append(log, 0, ['a']);
  const sink = await openSink(log, folder);
  await sink.step();
  await sink.close();
  await t.rejects(openSink(await memoryLog(t), folder), { code: 'CONFIG_INVALID', field: 'folder' });
  const wider = await memoryLog(t, 3);
  await append(wider, 0, ['a']);
  await t.rejects(openSink(wider, folder, { partitions: 3 }), { code: 'CONFIG_INVALID', field: 'folder' });
  for (const text of ['', '{}', 'null', '{"version":1,"sequence":-1,"openedAtMs":0,"bytes":0,"offsets":[]}']) {
    writeFileSync(join(folder, POSITION), text);
    await t.rejects(openSink(log, folder), { code: 'CONFIG_INVALID', field: 'position' });
  }
});

void t.test('what cannot be decoded becomes a line that says so; what decodes to nothing becomes none', async (t) => {
  const folder = t.testdir();
  const log = await memoryLog(t);
  await append(log, 0, ['bad', 'skip', 'good', 'huge']);
  const sink = await openSink(log, folder, {
    decode: (record) => {
      const { text } = decode(record);
      if (text === 'bad') throw new MsecError('FRAME_INVALID', 'no frame', { field: 'TYPE', byteOffset: 0 });
      if (text === 'huge') return { text, value: 1n };
      return text === 'skip' ? undefined : { text };
    },
  });
  t.equal(await sink.step(), 4);
  t.match(linesIn(folder), [
    {
      topic: TOPIC,
      partition: 0,
      offset: 0,
      key: 'key',
      error: { code: 'FRAME_INVALID', field: 'TYPE', byteOffset: 0 },
    },
    { text: 'good' },
    { offset: 3, error: { message: /BigInt/ } },
  ]);
  t.equal(linesIn(folder).length, 3);
  await sink.close();
});

void t.test('run writes what comes, and on the signal what is there', async (t) => {
  const folder = t.testdir();
  const log = await memoryLog(t);
  const events: NdjsonEvent[] = [];
  const seen = Promise.withResolvers<void>();
  const sink = await openSink(log, folder, {
    flushMs: 0,
    onEvent: (event) => events.push(event),
    decode: (record) => {
      if (decode(record).text === 'second') seen.resolve();
      return decode(record);
    },
  });
  const stop = new AbortController();
  const running = sink.run(stop.signal);
  await append(log, 1, ['first']);
  await append(log, 0, ['second']);
  await seen.promise;
  await append(log, 0, ['third']);
  stop.abort();
  await running;
  t.same(new Set(linesIn(folder).map(({ text }) => text)), new Set(['first', 'second', 'third']));
  t.same(events, []);
  await sink.close();
});

void t.test('a disk that refuses a write is tried again, without a line lost or twice', async (t) => {
  const folder = t.testdir();
  const log = await memoryLog(t);
  const failed = Promise.withResolvers<void>();
  const written = Promise.withResolvers<void>();
  const sink = await openSink(log, folder, {
    flushMs: 0,
    // Waits are turns of the event loop.
    clock: new SetClock(),
    onEvent: () => failed.resolve(),
    decode: (record) => {
      if (decode(record).text === 'd') written.resolve();
      return decode(record);
    },
  });
  // The position cannot be written while a folder has its place.
  const blocked = join(folder, `${POSITION}.new`);
  mkdirSync(blocked);
  const stop = new AbortController();
  const running = sink.run(stop.signal);
  await append(log, 0, ['a', 'b']);
  await failed.promise;
  await append(log, 0, ['c']);
  rmdirSync(blocked);
  await append(log, 0, ['d']);
  await written.promise;
  stop.abort();
  await running;
  t.same(
    linesIn(folder).map(({ text }) => text),
    ['a', 'b', 'c', 'd'],
  );
  await sink.close();
});

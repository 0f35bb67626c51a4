/** What becomes of records that fail: letters, condemned records, and letters that come again. */
import t from 'tap';
import { BatchCursor } from '../../../engine/batch/index.ts';
import { defineActor, type Log, MsecError, rawCodec, topic } from '../../../engine/index.ts';
import { readLetter, resendLetter } from '../../../engine/runtime/index.ts';
import { headerOf, Rig } from './rig.ts';
import { codec, from, handler, input, open, to } from './task-rig.ts';

t.test('a record that fails is undone alone, and its letter keeps key and bytes', async (t) => {
  const rig = new Rig();
  const calls: number[] = [];
  const { stop, task } = await open(rig, [
    handler((n, emit) => {
      calls.push(n);
      emit(n);
      if (n === 2) throw new Error('bug');
      if (n === 3) throw input('bad');
    }),
  ]);
  for (let n = 1; n <= 4; n++) await rig.append('from', 0, 'k', `${n}`, 1000 + n);
  await rig.append('from', 0, null, '{', 7);
  await rig.append('from', 0, 'k', null, 8);
  await rig.pass(1_000);
  t.same(calls, [1, 2, 2, 2, 3, 4], 'a bug is tried again, bad input is not');
  t.same(
    (await rig.read('to')).map(({ value }) => value),
    ['1', '4'],
  );
  const letters = await rig.read('from.dlq');
  t.same(
    letters.map((letter) => [
      letter.key,
      letter.value,
      letter.timestamp,
      headerOf(letter, 'msec.reason'),
      headerOf(letter, 'msec.offset'),
      headerOf(letter, 'msec.attempts'),
    ]),
    [
      ['k', '2', 1002, 'ACTOR_FAILED', '1', '3'],
      ['k', '3', 1003, 'VALUE_INVALID', '2', '1'],
      [null, '{', 7, 'VALUE_INVALID', '4', '1'],
      ['k', null, 8, 'VALUE_MISSING', '5', '1'],
    ],
  );
  t.match(task.status(), { stages: [{ deadLetters: 4, actor: 'one' }] });
  await stop();
});

t.test('a record as large as a log takes fits into its letter', async (t) => {
  const rig = new Rig();
  const raw = topic('from', rawCodec(), { external: true });
  const actor = defineActor({
    name: 'one',
    inputs: { raw },
    process() {
      throw input('x'.repeat(2_000));
    },
  });
  const { stop, committed } = await open(rig, [actor]);
  const large = 'v'.repeat(3_000_000);
  await rig.append('from', 0, 'k', large);
  await rig.append('from', 0, 'k', 'small');
  await rig.pass(1_000);
  t.equal(await committed(), 2);
  const [letter] = await rig.read('from.dlq');
  t.equal(letter?.value, large);
  t.equal(headerOf(letter!, 'msec.message')?.length, 500);
  await stop();
});

t.test('a condemned record goes to the letters unseen, and the next is handled', async (t) => {
  const rig = new Rig();
  const seen: number[] = [];
  const { stop } = await open(rig, [handler((n) => void seen.push(n))], {
    condemned: [{ source: 0, offset: 1, attempts: 2, code: 'RECORD_HUNG' }],
  });
  for (let n = 1; n <= 3; n++) await rig.append('from', 0, 'k', `${n}`);
  await rig.pass(1_000);
  t.same(seen, [1, 3]);
  const [letter] = await rig.read('from.dlq');
  t.equal(letter?.value, '2');
  t.equal(headerOf(letter!, 'msec.reason'), 'RECORD_HUNG');
  t.equal(headerOf(letter!, 'msec.attempts'), '2');
  await stop();
});

t.test('a letter that comes again enters at the stage that failed, once, and moves no time', async (t) => {
  const rig = new Rig();
  const middle = topic('middle', codec);
  const seen: string[] = [];
  let isMended = false;
  const times: number[] = [];
  const first = defineActor({
    name: 'first',
    inputs: { from },
    outputs: { middle },
    process({ value }, { out }) {
      seen.push(`first ${value}`);
      out.middle.emit(value);
    },
  });
  const second = defineActor({
    name: 'second',
    inputs: { middle },
    outputs: { to },
    process({ value }, context) {
      seen.push(`second ${value}`);
      times.push(context.watermark());
      if (value === 2 && !isMended) throw input('not yet');
      context.out.to.emit(value);
    },
  });
  const { stop } = await open(rig, [first, second]);
  for (let n = 1; n <= 3; n++) await rig.append('from', 0, 'k', `${n}`, n * 1000);
  await rig.pass(1_000);
  const [letter] = await rig.read('middle.dlq');
  t.equal(letter?.value, '2');
  t.equal(headerOf(letter!, 'msec.actor'), 'second');
  t.equal(headerOf(letter!, 'msec.stage'), 'first');
  t.equal(headerOf(letter!, 'msec.topic'), 'from', 'where its record can be found');
  isMended = true;
  seen.length = 0;
  const place = { topic: 'middle', partition: 0, offset: 0 };
  t.equal(await rig.run(resendLetter(rig.log, rig.reader, place)), true);
  t.equal(await rig.run(resendLetter(rig.log, rig.reader, place)), false);
  await rig.pass(1_000);
  t.same(seen, ['second 2'], 'the first stage is not run again');
  t.same(
    (await rig.read('to')).map(({ value }) => value),
    ['1', '3', '2'],
  );
  t.equal((await rig.read('middle.resend')).length, 1);
  await rig.append('from', 0, 'k', '4', 4000);
  await rig.pass(1_000);
  t.equal(times.at(-1), 3000);
  await t.rejects(rig.run(resendLetter(rig.log, rig.reader, { ...place, offset: 1 })), { code: 'OFFSET_OUT_OF_RANGE' });
  await stop();
});

t.test('a letter is sent once, also where a commit of it is fenced; who is fenced for ever is told', async (t) => {
  const rig = new Rig();
  const { stop } = await open(rig, [
    handler(() => {
      throw input('bad');
    }),
  ]);
  for (let n = 1; n <= 3; n++) await rig.append('from', 0, 'k', `${n}`);
  await rig.pass(1_000);
  let acquired = 0;
  /** Fences so many commits, before they are made or after. */
  const fencing = (times: number, isMade: boolean, cause?: MsecError): Log => {
    let left = times;
    const commit: Log['commit'] = async (transaction) => {
      if (left === 0 || isMade) await rig.log.commit(transaction);
      if (left-- > 0) throw new MsecError('FENCED', 'it was fenced', { cause });
      return { baseOffsets: [] };
    };
    const acquire: Log['acquire'] = (owner) => {
      acquired++;
      return rig.log.acquire(owner);
    };
    return Object.assign(Object.create(rig.log) as Log, { commit, acquire });
  };
  const resend = (log: Log, offset: number) =>
    rig.run(resendLetter(log, rig.reader, { topic: 'from', partition: 0, offset }));
  t.equal(await resend(fencing(1, false), 0), true, 'nothing had been sent');
  t.equal(await resend(fencing(1, true), 1), false, 'it had been sent, though nobody said so');
  t.equal((await rig.read('from.resend')).length, 2);
  acquired = 0;
  await t.rejects(resend(fencing(9, false), 2), { code: 'FENCED' });
  t.equal(acquired, 3);
  acquired = 0;
  const lost = new MsecError('DEPENDENCY_DOWN', 'the connection was reset');
  await t.rejects(resend(fencing(9, false, lost), 2), { code: 'DEPENDENCY_DOWN' }, 'nobody else has it');
  t.equal(acquired, 3);
  t.equal((await rig.read('from.resend')).length, 2);
  t.equal(await resend(fencing(2, false, lost), 2), true, 'the third is answered');
  await stop();
});

t.test('a letter that comes again moves no time, also when it is the newest of all', async (t) => {
  const rig = new Rig();
  let isMended = false;
  const times: number[] = [];
  const actor = defineActor({
    name: 'one',
    inputs: { from },
    process({ value }, context) {
      times.push(context.watermark());
      if (value === 2 && !isMended) throw input('not yet');
    },
  });
  const { stop } = await open(rig, [actor]);
  for (const [value, timestamp] of [
    ['1', 1000],
    ['2', 9000],
    ['3', 2000],
  ] as const)
    await rig.append('from', 0, 'k', value, timestamp);
  await rig.pass(1_000);
  isMended = true;
  await rig.run(resendLetter(rig.log, rig.reader, { topic: 'from', partition: 0, offset: 0 }));
  await rig.pass(1_000);
  await rig.append('from', 0, 'k', '4', 2500);
  await rig.pass(1_000);
  t.same(times, [Number.NEGATIVE_INFINITY, 1000, 1000, 2000, 2000]);
  await stop();
});

t.test('headers of a letter that is none read as nothing', (t) => {
  t.match(readLetter(new BatchCursor()), { code: 'ACTOR_FAILED', actor: '', offset: 0, attempts: 0 });
  t.end();
});

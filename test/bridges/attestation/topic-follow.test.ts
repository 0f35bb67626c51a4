import t from 'tap';
import { TopicFollow } from '../../../bridges/attestation/index.ts';
import { BatchEncoder, systemClock } from '../../../engine/index.ts';
import { EmbeddedLog, LocalEnds, MemoryStore } from '../../../engine/log/index.ts';

const TOPIC = 'attest.challenges';

async function started(t: { teardown(run: () => unknown): void }) {
  const log = new EmbeddedLog(new MemoryStore(), new LocalEnds(), systemClock, { groupCommitMs: 0 });
  t.teardown(() => log.close());
  await log.createTopics([{ name: TOPIC, partitions: 2, cleanup: 'delete' }]);
  const write = async (partition: number, key: string, value: string | null) => {
    const encoder = new BatchEncoder();
    const bytes = Buffer.from(value ?? '');
    const keyBytes = Buffer.from(key);
    encoder.append(1, keyBytes, 0, keyBytes.length, bytes, value === null ? -1 : 0, bytes.length);
    await log.commit({ appends: [{ topic: TOPIC, partition, bytes: encoder.finish() }] });
  };
  return { log, write };
}

void t.test('everything that is there is taken before it is open, and what comes is taken then', async (t) => {
  const { log, write } = await started(t);
  await write(0, 'a', '1');
  await write(1, 'b', '2');
  await write(0, 'a', null);
  const got: string[] = [];
  let wake: () => void = () => undefined;
  const follow = await TopicFollow.open(
    {
      reader: log.openReader(),
      topic: TOPIC,
      partitions: 2,
      take: ({ key, value }) => {
        got.push(`${key}=${value === null ? 'end' : Buffer.from(value).toString()}`);
        wake();
      },
      onFailure: (error) => t.fail(String(error)),
    },
    (error) => t.fail(String(error)),
  );
  t.same(got.toSorted(), ['a=1', 'a=end', 'b=2']);
  t.ok(got.indexOf('a=1') < got.indexOf('a=end'));
  const next = new Promise<void>((resolve) => {
    wake = resolve;
  });
  await write(1, 'c', '3');
  await next;
  t.equal(got.at(-1), 'c=3');
  await follow.close();
});

void t.test('a record that nobody can read is told and passed over', async (t) => {
  const { log, write } = await started(t);
  await write(0, 'a', 'bad');
  await write(0, 'a', 'good');
  const failures: unknown[] = [];
  const got: string[] = [];
  const follow = await TopicFollow.open(
    {
      reader: log.openReader(),
      topic: TOPIC,
      partitions: 2,
      take: ({ value }) => {
        if (Buffer.from(value ?? []).toString() === 'bad') throw new Error('bad');
        got.push(Buffer.from(value ?? []).toString());
      },
      onFailure: (error) => failures.push(error),
    },
    (error) => t.fail(String(error)),
  );
  t.same([got, failures.length], [['good'], 1]);
  await follow.close();
});

void t.test('a topic that is not there is told at once', async (t) => {
  const { log } = await started(t);
  const options = { reader: log.openReader(), topic: 'none', partitions: 1, take: () => undefined };
  await t.rejects(
    TopicFollow.open({ ...options, onFailure: () => undefined }, () => undefined),
    { code: 'TOPIC_UNKNOWN' },
  );
});

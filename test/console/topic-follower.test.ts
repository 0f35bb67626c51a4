import t from 'tap';
import { TopicFollower } from '../../console/topic-follower.ts';
import { openDemo } from './support/demo-ports.ts';

const TOPIC = 'device.readings';

t.test('a follower begins so many records before the end and goes on with what comes', async (t) => {
  const demo = await openDemo();
  t.teardown(() => demo.close());
  for (let i = 0; i < 10; i++) await demo.append(TOPIC, 0, 'k', i);
  const seen: number[] = [];
  let more = Promise.withResolvers<void>();
  const follower = new TopicFollower(demo.log.openReader());
  const take = ({ offset }: { offset: number }) => {
    seen.push(offset);
    more.resolve();
  };
  await follower.open([{ topic: TOPIC, history: 3, behindMax: 100, take }], () => 2);
  follower.start((error) => t.fail(String(error)));
  while (seen.length < 3) await more.promise.then(() => (more = Promise.withResolvers()));
  t.same(seen, [7, 8, 9]);
  await demo.append(TOPIC, 0, 'k', 10);
  while (seen.length < 4) await more.promise.then(() => (more = Promise.withResolvers()));
  t.same(seen, [7, 8, 9, 10]);
  await follower.close();
});

t.test('one that has fallen too far behind leaps to the newest and counts what it passed over', async (t) => {
  const demo = await openDemo();
  t.teardown(() => demo.close());
  const seen: number[] = [];
  const follower = new TopicFollower(demo.log.openReader());
  const done = Promise.withResolvers<void>();
  const take = ({ offset }: { offset: number }) => {
    seen.push(offset);
    if (offset === 99) done.resolve();
  };
  await follower.open([{ topic: TOPIC, history: 5, behindMax: 20, take }], () => 1);
  for (let i = 0; i < 100; i++) await demo.append(TOPIC, 0, 'k', i);
  follower.start((error) => t.fail(String(error)));
  await done.promise;
  t.same(seen, [95, 96, 97, 98, 99]);
  t.equal(follower.skipped, 95);
  await follower.close();
});

t.test('one that is not allowed to leap reads everything', async (t) => {
  const demo = await openDemo();
  t.teardown(() => demo.close());
  let count = 0;
  const follower = new TopicFollower(demo.log.openReader());
  const done = Promise.withResolvers<void>();
  const take = () => {
    count++;
    if (count === 100) done.resolve();
  };
  await follower.open([{ topic: TOPIC, history: 5, behindMax: Number.POSITIVE_INFINITY, take }], () => 1);
  for (let i = 0; i < 100; i++) await demo.append(TOPIC, 0, 'k', i);
  follower.start((error) => t.fail(String(error)));
  await done.promise;
  t.equal(follower.skipped, 0);
  await follower.close();
});

t.test('it tells when the log is gone, unless it was closed itself', async (t) => {
  const demo = await openDemo();
  const failed = Promise.withResolvers<unknown>();
  const follower = new TopicFollower(demo.log.openReader());
  await follower.open([{ topic: TOPIC, history: 5, behindMax: 20, take: () => undefined }], () => 1);
  follower.start(failed.resolve);
  await demo.close();
  t.match(await failed.promise, { code: 'CLOSED' });
  await follower.close();
});

// Time limit: 900 s.
/** Two processes share the work of one application: nothing is lost or comes twice when one goes, and they agree on keys. */
import { join } from 'node:path';
import t from 'tap';
import {
  comesToRest,
  msec,
  recordsIn,
  type StatusEvent,
  startUp,
  type TailedRecord,
  tail,
  untilStatus,
} from '../cli/run-cli.ts';
import { startKafka } from '../support/kafka-server.ts';
import { needs } from '../support/needs.ts';

t.setTimeout(890_000);

// Crowd counters among them, whose payloads are sealed by the process that takes them in and opened by the other one.
const FLEET = ['--devices', '8', '--rate', '100', '--faults', '0'];

interface Reading extends TailedRecord {
  readonly value: {
    readonly kind?: string;
    readonly device: string;
    readonly bootEpoch: number;
    readonly sequence: number;
  };
}

const numberOf = ({ value }: Reading) => `${value.device}/${value.bootEpoch}/${value.sequence}`;

type TaskStatus = StatusEvent['tasks'][number];
const works = ({ state }: TaskStatus) => state === 'running';
const worksOnAll = ({ tasks }: StatusEvent) => tasks.every(works);

t.test('partitions are shared, and whoever is left works on all of them', async (t) => {
  if (!needs(t, 'java', 'mvn')) return;
  const session = { 'group.consumer.min.session.timeout.ms': '6000', 'group.consumer.session.timeout.ms': '6000' };
  const beats = { 'group.consumer.min.heartbeat.interval.ms': '1000', 'group.consumer.heartbeat.interval.ms': '1000' };
  const kafka = await startKafka({ ...session, ...beats });
  t.teardown(() => kafka.stop());
  const yaml = 'registry: {port: 0}\nkeys: {folder: ../keys}\nlog: {partitions: 4}\n';
  const folder = t.testdir({
    left: { 'msec.yaml': yaml },
    right: { 'msec.yaml': yaml },
    stranger: { 'msec.yaml': 'registry: {port: 0}\nlog: {partitions: 4}\n' },
  });
  const [left, right] = [join(folder, 'left'), join(folder, 'right')];
  const onKafka = ['--kafka', kafka.bootstrap, '--workers', '1'];

  const one = await startUp([...onKafka, ...FLEET], { cwd: left });
  t.teardown(() => one.kill('SIGKILL'));
  await untilStatus(one, worksOnAll);
  const other = await startUp([...onKafka, '--no-fleet'], { cwd: right });
  t.teardown(() => other.kill('SIGKILL'));
  // Each has two of the four.
  for (const process of [one, other]) await untilStatus(process, ({ tasks }) => tasks.filter(works).length === 2);
  await recordsIn(other, 'device.readings', (await recordsIn(other, 'device.readings', 0)) + 60);

  const stranger = await msec(['up', ...onKafka, '--no-fleet', '--port', '0'], { cwd: join(folder, 'stranger') });
  t.match(stranger, { code: 78, err: /keys\.folder/ }, 'a process with other keys is told so');

  // The one with the bridges and the fleet is killed; the other takes its partitions over.
  one.kill('SIGKILL');
  await one.ended;
  await untilStatus(other, worksOnAll);
  const back = await startUp([...onKafka, ...FLEET], { cwd: left });
  t.teardown(() => back.kill('SIGKILL'));
  await recordsIn(back, 'device.readings', (await recordsIn(back, 'device.readings', 0)) + 60);
  back.kill('SIGINT');
  t.same(await back.ended, [0, null]);
  await untilStatus(other, worksOnAll);

  const kafkaOnly = ['--kafka', kafka.bootstrap];
  const frames = await tail<Reading>(right, 'device.frames', kafkaOnly);
  await comesToRest(other);
  const numbers = (await tail<Reading>(right, 'device.readings', kafkaOnly)).map(numberOf);
  const seen = new Set(numbers);
  t.equal(seen.size, numbers.length, 'nothing twice');
  const sent = frames.filter(({ value }) => value?.kind === 'signed envelope').map(numberOf);
  t.same(
    sent.filter((number) => !seen.has(number)),
    [],
    'nothing lost',
  );
  const sealed = frames.filter(({ value }) => value?.kind === 'sealed').length;
  t.equal(
    numbers.filter((number) => number.includes('crowd')).length,
    sealed,
    'nor of what one sealed and another opened',
  );
  t.ok(
    numbers.some((number) => number.includes('crowd')),
    'sealed ones among them',
  );
  const letters = await msec(['dlq', 'list', '--json', ...kafkaOnly], { cwd: right });
  t.equal(letters.out, '', 'and no letter, for want of a key or of anything else');
  other.kill('SIGINT');
  t.same(await other.ended, [0, null]);
});

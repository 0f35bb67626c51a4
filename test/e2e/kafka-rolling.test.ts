// Time limit: 900 s.
/**
 * The main job on three processes that share a cluster, while frames come in: one more, one less, one restarted, one
 * killed, one that stands still until the others have taken over. Every frame becomes a reading once.
 */
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import {
  type Running,
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

interface Numbered extends TailedRecord {
  readonly value: {
    readonly kind?: string;
    readonly device?: string;
    readonly bootEpoch?: number;
    readonly sequence?: number;
  } | null;
}

const PARTITIONS = 6;
const numberOf = ({ value }: Numbered) => `${value?.device}/${value?.bootEpoch}/${value?.sequence}`;

/** Resolves when the process works on as many partitions as it should, and gives which. */
async function worksOn(running: Running, isEnough: (partitions: number) => boolean): Promise<Set<number>> {
  const partitionsOf = ({ tasks }: StatusEvent) =>
    new Set(tasks.filter(({ state }) => state === 'running').map(({ partition }) => partition));
  return partitionsOf(await untilStatus(running, (status) => isEnough(partitionsOf(status).size)));
}

t.test('processes come, go, die and stand still, and every frame is read once', async (t) => {
  if (!needs(t, 'java', 'mvn')) return;
  const kafka = await startKafka({
    'group.consumer.min.session.timeout.ms': '1000',
    'group.consumer.session.timeout.ms': '6000',
    'group.consumer.min.heartbeat.interval.ms': '100',
    'group.consumer.heartbeat.interval.ms': '500',
  });
  t.teardown(() => kafka.stop());
  const yaml = `registry: {port: 0}\nlog: {partitions: ${PARTITIONS}}\nkeys: {folder: ../keys}\nfiles: {enabled: false}\n`;
  const folder = t.testdir({ a: { 'msec.yaml': yaml }, b: { 'msec.yaml': yaml }, c: { 'msec.yaml': yaml } });
  mkdirSync(join(folder, 'keys'));
  chmodSync(join(folder, 'keys'), 0o700);
  const onKafka = ['--kafka', kafka.bootstrap];
  const children: Running[] = [];
  t.teardown(() => {
    for (const child of children) child.kill('SIGKILL');
  });
  const up = async (place: string, ...args: string[]) => {
    const running = await startUp([...onKafka, '--workers', '1', ...args], { cwd: join(folder, place) });
    children.push(running);
    return running;
  };

  const a = await up('a', '--devices', '12', '--rate', '60', '--faults', '0');
  t.equal((await worksOn(a, (count) => count === PARTITIONS)).size, PARTITIONS);
  const b = await up('b', '--no-fleet');
  await Promise.all([a, b].map((one) => worksOn(one, (count) => count === PARTITIONS / 2)));
  const c = await up('c', '--no-fleet');
  // Each is asked in a moment of its own, between which a partition may have moved: then once more, to the test's end.
  const shared = async () => {
    const shares = await Promise.all([a, b, c].map((one) => worksOn(one, (count) => count === PARTITIONS / 3)));
    return new Set(shares.flatMap((share) => [...share])).size;
  };
  while ((await shared()) < PARTITIONS);
  t.pass('no partition is two processes’');

  b.kill('SIGTERM');
  t.same(await b.ended, [0, null]);
  await Promise.all([a, c].map((one) => worksOn(one, (count) => count === PARTITIONS / 2)));
  const again = await up('b', '--no-fleet');
  await worksOn(again, (count) => count === PARTITIONS / 3);

  c.kill('SIGKILL');
  await c.ended;
  const revived = await up('c', '--no-fleet');
  await worksOn(revived, (count) => count === PARTITIONS / 3);

  again.kill('SIGSTOP');
  await Promise.all([a, revived].map((one) => worksOn(one, (count) => count === PARTITIONS / 2)));
  again.kill('SIGCONT');
  await Promise.all([a, revived, again].map((one) => worksOn(one, (count) => count === PARTITIONS / 3)));

  await recordsIn(a, 'device.readings', (await recordsIn(a, 'device.readings', 0)) + 100);
  a.kill('SIGTERM');
  t.same(await a.ended, [0, null]);
  // Frames of persons are sealed on their way; of those the readings' own numbers tell.
  const sent = (await tail<Numbered>(join(folder, 'a'), 'device.frames', onKafka))
    .filter(({ value }) => value?.kind === 'signed envelope')
    .map(numberOf);
  let readings: Numbered[] = [];
  let missing = sent;
  // It ends with the test's time where something is lost.
  while (missing.length > 0) {
    readings = await tail<Numbered>(join(folder, 'a'), 'device.readings', onKafka);
    const seen = new Set(readings.map(numberOf));
    missing = missing.filter((number) => !seen.has(number));
  }
  t.ok(sent.length > 100);
  t.equal(new Set(readings.map(numberOf)).size, readings.length, 'none twice');
  const last = new Map<string, number>();
  const gaps = readings.filter(({ value }) => {
    const device = `${value?.device}/${value?.bootEpoch}`;
    const before = last.get(device) ?? -1;
    last.set(device, value?.sequence ?? -1);
    return value?.sequence !== before + 1;
  });
  t.same(gaps.map(numberOf), [], 'none missing in between, and each device in its order');
  for (const one of [again, revived]) {
    one.kill('SIGTERM');
    t.same(await one.ended, [0, null]);
  }
});

// Time limit: 900 s.
/**
 * A process with a name of its own (static membership) is killed and comes back: its work waits for it. Without the note
 * of who was here before (`member` in the data folder) it would wait for the end of the session, and this test fails.
 */
import { join } from 'node:path';
import t from 'tap';
import { recordsIn, startUp, untilStatus } from '../cli/run-cli.ts';
import { startKafka } from '../support/kafka-server.ts';
import { needs } from '../support/needs.ts';

t.setTimeout(890_000);

const SESSION_MS = 180_000;
/** Whoever had to wait for the end of the session would be later than this. */
const BACK_MS_MAX = SESSION_MS / 2;

interface Tasks {
  readonly tasks: readonly { readonly task: string; readonly state: string; readonly transactions: number }[];
}
const works = (status: unknown) =>
  (status as Tasks).tasks.filter(({ state }) => state === 'running').map(({ task }) => task);

t.test('what was killed has its tasks back at once, and those of others stay where they are', async (t) => {
  if (!needs(t, 'java', 'mvn')) return;
  const kafka = await startKafka({
    'group.consumer.max.session.timeout.ms': String(SESSION_MS),
    'group.consumer.session.timeout.ms': String(SESSION_MS),
    'group.consumer.min.heartbeat.interval.ms': '500',
    'group.consumer.heartbeat.interval.ms': '500',
  });
  t.teardown(() => kafka.stop());
  const yaml = 'registry: {port: 0}\nkeys: {folder: ../keys}\nlog: {partitions: 4}\n';
  const named = (name: string) => ({ 'msec.yaml': `${yaml}kafka: {instanceId: ${name}}\n` });
  const folder = t.testdir({ left: named('left'), right: named('right') });
  const up = (name: string, ...more: readonly string[]) =>
    startUp(['--kafka', kafka.bootstrap, '--workers', '1', ...more], { cwd: join(folder, name) });

  const left = await up('left', '--no-fleet');
  t.teardown(() => left.kill('SIGKILL'));
  const right = await up('right', '--devices', '8', '--rate', '100', '--faults', '0');
  t.teardown(() => right.kill('SIGKILL'));
  await untilStatus(left, (status) => works(status).length === 2);
  const ofRight = await untilStatus(right, (status) => works(status).length === 2);
  const ofLeft = works(await untilStatus(left, (status) => works(status).length === 2));

  left.kill('SIGKILL');
  t.same(await left.ended, [null, 'SIGKILL']);
  const killedAt = performance.now();
  const back = await up('left', '--no-fleet');
  t.teardown(() => back.kill('SIGKILL'));
  const ofBack = works(await untilStatus(back, (status) => works(status).length === 2));
  const backMs = performance.now() - killedAt;
  t.same(ofBack, ofLeft);
  t.ok(backMs < BACK_MS_MAX, `after ${Math.round(backMs)} ms`);
  await recordsIn(right, 'device.readings', (await recordsIn(right, 'device.readings', 0)) + 60);
  t.same(works(await untilStatus(right, () => true)), works(ofRight));

  for (const one of [back, right]) {
    one.kill('SIGINT');
    t.same(await one.ended, [0, null]);
  }
});

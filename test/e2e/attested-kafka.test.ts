// Time limit: 900 s.
/**
 * Attestation over Kafka, in two processes that share the partitions: a device attests at one bridge and sends to another, both
 * refuse it in quarantine, and what was held of it is released by the policy once, also where the process that worked on it
 * is killed.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { systemClock } from '../../engine/base/index.ts';
import { msec, type Running, recordsIn, startUp, type TailedRecord, tail, untilStatus } from '../cli/run-cli.ts';
import { startKafka } from '../support/kafka-server.ts';
import { needs } from '../support/needs.ts';
import { EVIL, GOOD, gatewayPolicy, TpmGateway } from '../support/tpm-gateway.ts';

t.setTimeout(890_000);

interface TaskStatus {
  readonly task: string;
  readonly state: string;
}
const worksOn = (status: unknown) =>
  (status as { readonly tasks: readonly TaskStatus[] }).tasks.filter(({ state }) => state === 'running').length;

t.test('one fleet, two bridges, one truth', async (t) => {
  if (!needs(t, 'java', 'mvn', 'swtpm', 'swtpm_setup', 'swtpm_localca')) return;
  const session = { 'group.consumer.min.session.timeout.ms': '6000', 'group.consumer.session.timeout.ms': '6000' };
  const beats = { 'group.consumer.min.heartbeat.interval.ms': '1000', 'group.consumer.heartbeat.interval.ms': '1000' };
  const kafka = await startKafka({ ...session, ...beats });
  t.teardown(() => kafka.stop());
  const terms = 'interval: 4s\n  deadline: 10s\n  retry: 1s\n  failures: 2';
  const yaml = `registry: {port: 0}\nkeys: {folder: ../keys}\nlog: {partitions: 4}\nattestation:\n  policy: ../gateway.policy\n  ${terms}\n`;
  const folder = t.testdir({ left: { 'msec.yaml': yaml }, right: { 'msec.yaml': yaml } });
  writeFileSync(join(folder, 'gateway.policy'), gatewayPolicy('on return release held\n'));
  const [left, right] = [join(folder, 'left'), join(folder, 'right')];
  const kafkaOnly = ['--kafka', kafka.bootstrap];
  const up = (cwd: string) => startUp([...kafkaOnly, '--workers', '1', '--no-fleet'], { cwd });

  const one = await up(left);
  t.teardown(() => one.kill('SIGKILL'));
  const gateway = await TpmGateway.enrol('roof-7', left, kafkaOnly);
  t.teardown(() => gateway.kill());
  await gateway.measure(GOOD);
  const other = await up(right);
  t.teardown(() => other.kill('SIGKILL'));
  const all = worksOn(await untilStatus(one, (status) => worksOn(status) > 0));
  await untilStatus(other, (status) => worksOn(status) > 0);
  t.ok(all > 0);

  const readings = (running: Running, count: number) => recordsIn(running, 'device.readings', count);
  /** A bridge follows the registry and the states a moment behind the other. */
  const sendUntil = async (running: Running, wished: number) => {
    for (;;) {
      const status = await gateway.send(running.said.http);
      if (status === wished) return;
      await new Promise<void>((resolve) => systemClock.after(100, resolve));
    }
  };
  await sendUntil(other, 202);
  await recordsIn(other, 'device.quarantine', 1);

  const agent = gateway.attest(one.said.mqtt);
  t.teardown(() => agent.kill('SIGKILL'));
  await agent.until(({ event }) => event === 'answered');
  await readings(other, 1);
  t.pass('what was held before the first proof is read');
  await sendUntil(one, 202);
  await readings(one, 2);

  await gateway.measure(EVIL);
  await sendUntil(one, 403);
  await sendUntil(other, 403);
  const why = await msec(['device', 'why', 'roof-7', ...kafkaOnly], { cwd: right });
  t.match(why, { code: 0, out: /roof-7 is quarantined[\s\S]*PCR 14/ });
  const before = await tail<TailedRecord>(right, 'device.readings', kafkaOnly);

  // The process that challenged it is gone before it is back.
  one.kill('SIGKILL');
  await one.ended;
  agent.kill('SIGKILL');
  await agent.ended;
  await gateway.restart(GOOD);
  const moved = gateway.attest(other.said.mqtt);
  t.teardown(() => moved.kill('SIGKILL'));
  await moved.until(({ event }) => event === 'answered');
  await sendUntil(other, 202);

  interface Held extends TailedRecord {
    readonly value: { readonly kind: string; readonly sequence?: number };
  }
  interface Decided extends TailedRecord {
    readonly value: { readonly by: string; readonly decision: string; readonly frames: number };
  }
  interface Reading extends TailedRecord {
    readonly value: { readonly sequence: number };
  }
  const sequences = (records: readonly Held[]) =>
    records.flatMap(({ value }) => (value.kind === 'held' ? [value.sequence!] : [])).sort((a, b) => a - b);
  const framesOf = (decisions: readonly Decided[]) => decisions.reduce((sum, { value }) => sum + value.frames, 0);
  let [held, read, decided]: [number[], number[], Decided[]] = [[], [], []];
  for (;;) {
    held = sequences(await tail<Held>(right, 'device.quarantine', kafkaOnly));
    read = (await tail<Reading>(right, 'device.readings', kafkaOnly)).map(({ value }) => value.sequence);
    decided = await tail<Decided>(right, 'device.decisions', kafkaOnly);
    // What was sent last may be on its way still, whether it was held or not. It ends with the test's time where something is lost.
    const isOver = read.length > before.length && held.every((sequence) => read.includes(sequence));
    if (isOver && framesOf(decided) === held.length) break;
  }
  t.ok(held.length > 0 && read.length > before.length, `${held.length} held, ${read.length} read`);
  t.equal(new Set(read).size, read.length, 'nothing twice');
  t.ok(decided.every(({ value }) => value.by === 'policy' && value.decision === 'release'));
  t.equal(framesOf(decided), held.length, 'each was decided on once');
  moved.kill('SIGTERM');
  t.same(await moved.ended, [0, null], moved.errors());
  other.kill('SIGTERM');
  t.same(await other.ended, [0, null]);
});

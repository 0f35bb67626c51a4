// Time limit: 900 s.
/** The main job on a real broker, as its user starts, stops and kills it: nothing is lost and nothing comes twice. */
import { join } from 'node:path';
import t from 'tap';
import { msec, recordsIn, startUp, type TailedRecord, tail } from '../cli/run-cli.ts';
import { startKafka } from '../support/kafka-server.ts';
import { needs } from '../support/needs.ts';

t.setTimeout(890_000);

const SMALL = ['--devices', '4', '--rate', '100', '--faults', '0', '--workers', '1'];

interface Numbered extends TailedRecord {
  readonly value: {
    readonly kind?: string;
    readonly device?: string;
    readonly bootEpoch?: number;
    readonly sequence?: number;
  } | null;
}

const numberOf = ({ value }: Numbered) => `${value?.device}/${value?.bootEpoch}/${value?.sequence}`;

t.test('readings flow, Ctrl-C drains, and after kill -9 the next start goes on without gap or repeat', async (t) => {
  if (!needs(t, 'java', 'mvn')) return;
  const kafka = await startKafka();
  t.teardown(() => kafka.stop());
  const cwd = t.testdir({ 'msec.yaml': 'registry: {port: 0}\n' });
  const onKafka = ['--kafka', kafka.bootstrap];
  const up = () => startUp([...onKafka, ...SMALL], { cwd });

  const first = await up();
  await recordsIn(first, 'device.readings', 40);
  first.kill('SIGINT');
  t.same(await first.ended, [0, null]);
  const before = (await tail<Numbered>(cwd, 'device.readings', onKafka)).map(numberOf);
  t.ok(before.length >= 40);

  const second = await up();
  await recordsIn(second, 'device.readings', before.length + 20);
  second.kill('SIGKILL');
  t.same(await second.ended, [null, 'SIGKILL']);

  const third = await up();
  const atStart = await recordsIn(third, 'device.readings', 0);
  await recordsIn(third, 'device.readings', atStart + 20);
  third.kill('SIGTERM');
  t.same(await third.ended, [0, null]);

  // What came in during the last moments is worked on at the next start.
  const sent = (await tail<Numbered>(cwd, 'device.frames', onKafka))
    .filter(({ value }) => value?.kind === 'signed envelope')
    .map(numberOf);
  const fourth = await startUp([...onKafka, '--no-fleet', '--workers', '1'], { cwd });
  let missing = [...before, ...sent];
  let readings: string[] = [];
  // It ends with the test's time where something is lost.
  while (missing.length > 0) {
    readings = (await tail<Numbered>(cwd, 'device.readings', onKafka)).map(numberOf);
    const seen = new Set(readings);
    missing = missing.filter((number) => !seen.has(number));
  }
  fourth.kill('SIGINT');
  t.same(await fourth.ended, [0, null]);
  t.equal(new Set(readings).size, readings.length, 'nothing twice');
  t.equal(readings.length, sent.length, 'each frame that was acknowledged became a reading');
});

t.test('commands work on the cluster, beside an engine of the same folder, of another, and without one', async (t) => {
  if (!needs(t, 'java', 'mvn')) return;
  const kafka = await startKafka();
  t.teardown(() => kafka.stop());
  const folder = t.testdir({ engine: { 'msec.yaml': 'registry: {port: 0}\n' }, elsewhere: {} });
  const [engine, elsewhere] = [join(folder, 'engine'), join(folder, 'elsewhere')];
  const onKafka = ['--kafka', kafka.bootstrap];
  const run = (cwd: string, ...args: string[]) => msec([...args, ...onKafka], { cwd });
  const add = (cwd: string, id: string, imei: string) =>
    run(cwd, 'device', 'add', id, '--type', 'enmon', '--identity', imei, '--json');

  const nothing = await run(elsewhere, 'device', 'list');
  t.match(nothing, { code: 66, err: /has no topics of msec yet/ });

  const running = await startUp([...onKafka, ...SMALL, '--faults', '1'], { cwd: engine });
  t.teardown(() => running.kill('SIGKILL'));
  const letters = await recordsIn(running, 'device.frames.dlq', 1);
  t.ok(letters > 0);

  t.match(await add(engine, 'through-the-engine', '867723030040330'), { code: 0 });
  t.match(await add(elsewhere, 'beside-the-engine', '867723030040331'), { code: 0 });
  // The engine was fenced by that, reads anew and goes on.
  t.match(await add(engine, 'once-more', '867723030040332'), { code: 0 });
  t.match(await run(engine, 'device', 'revoke', 'beside-the-engine'), { code: 0 });
  const listed = (await run(elsewhere, 'device', 'list', '--json')).out.trim().split('\n');
  const devices = new Map(listed.map((line) => [JSON.parse(line).deviceId, JSON.parse(line).state]));
  t.match(Object.fromEntries(devices), {
    'through-the-engine': 'active',
    'once-more': 'active',
    'beside-the-engine': 'revoked',
  });

  const topics = (await run(elsewhere, 'topics', 'list', '--json')).out;
  t.match(topics, /"name":"device.readings"/);
  t.match(await run(elsewhere, 'topics', 'tail', 'device.reading'), {
    code: 66,
    err: /did you mean device\.readings\?/,
  });
  const [letter] = (await run(elsewhere, 'dlq', 'list', '--json', '-n', '1')).out.trim().split('\n');
  const { topic, partition, offset } = JSON.parse(letter!) as { topic: string; partition: number; offset: number };
  const place = [topic, String(partition), String(offset)];
  t.match(await run(elsewhere, 'dlq', 'show', ...place), { code: 0, out: /reason/ });
  t.match(await run(elsewhere, 'dlq', 'resend', ...place), { code: 0, out: /Sent again/ });
  t.match(await run(engine, 'dlq', 'resend', ...place), { code: 65, err: /sent again before/ });

  const wrongLog = await msec(['device', 'list'], { cwd: engine });
  t.match(wrongLog, { code: 66, err: /works on Kafka, so name the brokers with --kafka/ });
  const second = await run(engine, 'up', '--port', '0');
  t.match(second, { code: 73, err: /Another msec runs in/ });

  running.kill('SIGINT');
  t.same(await running.ended, [0, null]);
  t.match(await run(engine, 'device', 'reset', 'once-more'), { code: 0 });
});

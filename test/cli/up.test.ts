import { createServer } from 'node:net';
import t from 'tap';
import { msec, recordsIn, startUp } from './run-cli.ts';

t.setTimeout(590_000);

const SMALL = ['--devices', '4', '--rate', '100', '--faults', '0', '--workers', '1'];

t.test('topics are listed, and read from a place, an offset or a time', async (t) => {
  const cwd = t.testdir({});
  const running = await startUp(SMALL, { cwd });
  await recordsIn(running, 'device.readings', 30);
  running.kill('SIGINT');
  await running.ended;
  const list = await msec(['topics', 'list', '--json'], { cwd });
  t.equal(list.err, '', 'for machines there is nothing but JSON');
  const names = list.out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).name);
  t.ok(names.includes('device.readings') && !names.some((name: string) => name.endsWith('.state')), names.join(' '));
  t.match((await msec(['topics', 'list', '--internal'], { cwd })).out, /internal/);
  const run = async (...args: string[]) => {
    const { code, out, err } = await msec(['topics', 'tail', ...args], { cwd });
    t.equal(code, 0, err);
    return out
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));
  };
  t.equal((await run('device.readings')).length, 10, 'the last ten by themselves');
  t.equal((await run('device.readings', '-n', '3')).length, 3);
  const [raw] = await run('device.readings', '-n', '1', '--raw');
  const value = Buffer.from(raw.value, 'base64');
  t.equal(value[0], 0, 'the wire format: a zero, the id of the schema, the Avro');
  t.ok(value.readUInt32BE(1) > 0);
  const [first] = await run('device.readings', '--from', 'earliest', '-n', '1');
  t.equal(
    (await run('device.readings', '--from', '0', '--partition', String(first.partition), '-n', '1'))[0].offset,
    0,
  );
  const fromTime = await run('device.readings', '--from', '2100-01-01', '-n', '5');
  t.same(fromTime, []);
  t.match(await msec(['topics', 'tail', 'device.readings', '--from', '99999'], { cwd }), {
    code: 66,
    err: /holds the offsets/,
  });
  t.match(await msec(['topics', 'tail', 'device.reading'], { cwd }), { code: 66, err: /did you mean device.readings/ });
  // Whatever is in any topic, no address of a person's device is printed; the fleet has crowd counters.
  for (const name of ['device.frames', 'device.readings', 'device.registry', 'city.verify.state']) {
    const { out } = await msec(['topics', 'tail', name, '--from', 'earliest', '-n', '2000'], { cwd });
    t.notMatch(out, /(?:[0-9A-F]{2}:){5}[0-9A-F]{2}/i, name);
    t.notMatch(out, /credentialHash|tagKey/, name);
  }
});

t.test(
  'devices that cannot prove anything are told of at the start, with the setting that lets them through',
  async (t) => {
    const policy = 'policy gateways 1\nquote at most 60 s old\nclock may be unsafe\npcr 0-9 from boot log\n';
    for (const withoutKey of ['hold', 'pass']) {
      const yaml = `attestation:\n  policy: gateway.policy\n  withoutKey: ${withoutKey}\n`;
      const cwd = t.testdir({ 'gateway.policy': policy, 'msec.yaml': yaml });
      const running = await startUp(SMALL, { cwd });
      t.teardown(() => running.kill('SIGKILL'));
      const { note = '' } = running.said;
      if (withoutKey === 'pass') t.equal(note, '');
      else t.match(note, /without an attestation key .*held in device\.quarantine .*attestation\.withoutKey: pass/);
      running.kill('SIGINT');
      await running.ended;
    }
  },
);

t.test('a data folder in use, and a chosen port that is taken, are errors that say what to do', async (t) => {
  const cwd = t.testdir({});
  const running = await startUp(['--no-fleet', '--workers', '1'], { cwd });
  const second = await msec(['up', '--no-fleet', '--port', '0', '--mqtt-port', '0', '--http-port', '0'], { cwd });
  t.match(second, { code: 73, err: /Another msec runs in .*--data/ });
  running.kill('SIGINT');
  t.same(await running.ended, [0, null]);

  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  t.teardown(() => other.close());
  const taken = String((other.address() as { port: number }).port);
  const free = { '--port': '0', '--mqtt-port': '0', '--http-port': '0' };
  for (const flag of Object.keys(free)) {
    const args = Object.entries({ ...free, [flag]: taken }).flat();
    t.match(
      await msec(['up', '--no-fleet', '--workers', '1', ...args], { cwd }),
      { code: 69, err: new RegExp(`taken[\\s\\S]*${flag}`) },
      flag,
    );
  }
  t.match(await msec(['up', '--data', '/proc/nowhere'], { cwd }), { code: 73, err: /cannot be made/ });
});

/** Devices, refused frames and dead letters through the command line, while the engine runs and while it does not. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { msec, recordsIn, startUp, sum, type TailedRecord, tail, untilStatus } from '../cli/run-cli.ts';

t.setTimeout(590_000);

t.test('devices are enrolled and changed while it runs, and when it does not', async (t) => {
  const cwd = t.testdir({});
  const add = await msec(['device', 'add', 'roof-7', '--type', 'enmon', '--identity', '867723030040330', '--json'], {
    cwd,
  });
  t.equal(add.code, 0, add.err);
  const { secrets } = JSON.parse(add.out);
  t.match(secrets, { token: /^[\w-]{43}$/, privateKeyPem: /PRIVATE KEY/ });
  t.match(await msec(['device', 'add', 'roof-8', '--type', 'enmon', '--identity', '86772303004033'], { cwd }), {
    code: 65,
    err: /identity of enmon must be 15 decimal digits/,
  });
  t.match(await msec(['device', 'add', 'roof-7', '--type', 'enmon', '--identity', '867723030040330'], { cwd }), {
    code: 65,
    err: /DEVICE_EXISTS/,
  });
  t.equal(statSync(join(cwd, 'data')).mode & 0o777, 0o700);

  const running = await startUp(['--no-fleet', '--workers', '1', '--unsigned-from', '127.0.0.0/8'], { cwd });
  t.equal(statSync(join(cwd, 'data', 'admin-token')).mode & 0o777, 0o600);
  t.match((await msec(['device', 'list'], { cwd })).out, /roof-7 +enmon +active/);
  t.equal(
    (
      await msec(['device', 'add', 'old-1', '--type', 'enmon', '--identity', '867723030040330', '--no-credential'], {
        cwd,
      })
    ).code,
    0,
  );
  const post = (frame: string) =>
    fetch(`${running.said.http}/v1/frames`, {
      method: 'POST',
      headers: {
        authorization: `Basic ${Buffer.from('old-1:').toString('base64')}`,
        'content-type': 'application/octet-stream',
      },
      body: Buffer.from(frame, 'hex'),
    });
  const good = '01001c00000000383637373233303330303430333330000dd00040007c0235';
  t.equal((await post(good)).status, 202);
  t.equal((await post(`${good.slice(0, -2)}`)).status, 202);
  await recordsIn(running, 'device.readings', 1);
  await untilStatus(running, ({ reasons }) => sum(Object.values(reasons)) >= 1);

  const [reading] = await tail<{ value: object } & TailedRecord>(cwd, 'device.readings');
  t.match(reading, { value: { device: 'old-1', temperature: 12.4, verified: false, eventTime: /^\d{4}-.*Z$/ } });
  const letter = JSON.parse((await msec(['dlq', 'list', '--json'], { cwd })).out);
  t.match(letter, { key: 'old-1', topic: /\.dlq$/, partition: 0 + letter.partition });
  const place = [letter.topic, String(letter.partition), String(letter.offset)];
  const shown = await msec(['dlq', 'show', ...place], { cwd });
  t.match(shown, { code: 0, out: /reason +\w+_INVALID/ });
  t.match(shown.out, /000000 /, 'with its bytes');
  t.match(await msec(['dlq', 'resend', ...place], { cwd }), { code: 0, out: /Sent again/ });
  t.match(await msec(['dlq', 'resend', ...place], { cwd }), { code: 65, err: /each letter goes once/ });
  t.match(await msec(['dlq', 'show', letter.topic, '0', '999'], { cwd }), { code: 66 });
  // The letter failed again, so there is a second one, with the same bytes.
  await untilStatus(running, ({ reasons }) => sum(Object.values(reasons)) >= 2);
  const letters = (await msec(['dlq', 'list', '--json'], { cwd })).out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  t.equal(letters[0].bytes, letters[1].bytes);

  t.equal((await msec(['device', 'revoke', 'old-1'], { cwd })).code, 0);
  t.not((await post(good)).status, 202);
  t.match(await msec(['device', 'reset', 'nobody'], { cwd }), { code: 66, err: /DEVICE_UNKNOWN/ });
  const rotated = await msec(['device', 'rotate', 'roof-7', '--json'], { cwd });
  t.not(JSON.parse(rotated.out).secrets.token, secrets.token);
  running.kill('SIGTERM');
  t.same(await running.ended, [0, null]);
  t.notMatch(running.errors(), secrets.token);
  t.match((await msec(['device', 'list'], { cwd })).out, /old-1 +enmon +revoked/);
});

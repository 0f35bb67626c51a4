/**
 * A device with a TPM (swtpm) beside `msec up`: its frames are held until it attests over MQTT, and released; a measured file
 * changes, and it is quarantined, which the page, a command and a receiver of syslog tell; after a restart with the right
 * measurements it is trusted again, and what was held is dropped.
 */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { systemClock } from '../../engine/base/index.ts';
import { msec, recordsIn, startUp, type TailedRecord, tail } from '../cli/run-cli.ts';
import { launchChromium, openPage } from '../support/chromium.ts';
import { needs } from '../support/needs.ts';
import { EVIL, GOOD, gatewayPolicy, TpmGateway } from '../support/tpm-gateway.ts';

t.setTimeout(590_000);

t.test('held, trusted, doubted, and trusted again', async (t) => {
  if (!needs(t, 'swtpm', 'swtpm_setup', 'swtpm_localca', 'chromium')) return;
  const cwd = t.testdir({});
  const told: string[] = [];
  let wakeTold: () => void = () => undefined;
  const sockets = new Set<Socket>();
  const receiver = createServer((socket) => {
    sockets.add(socket);
    socket.on('data', (chunk) => {
      told.push(String(chunk));
      wakeTold();
    });
    socket.on('error', () => undefined);
  });
  receiver.listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    receiver.close();
  });
  const untilTold = async (words: RegExp) => {
    while (!words.test(told.join('')))
      await new Promise<void>((resolve) => {
        wakeTold = resolve;
      });
  };
  writeFileSync(join(cwd, 'gateway.policy'), gatewayPolicy());
  writeFileSync(
    join(cwd, 'msec.yaml'),
    `attestation:\n  policy: gateway.policy\n  interval: 2s\n  deadline: 10s\n  retry: 1s\n  failures: 3\nsyslog:\n  address: tcp://127.0.0.1:${(receiver.address() as AddressInfo).port}\n`,
  );
  const gateway = await TpmGateway.enrol('roof-7', cwd);
  t.teardown(() => gateway.kill());
  await gateway.measure(GOOD);
  const running = await startUp(['--no-fleet', '--workers', '1'], { cwd });
  t.teardown(() => running.kill('SIGKILL'));
  const { http, mqtt, console: address } = running.said;
  const send = () => gateway.send(http);
  const held = async () =>
    (await tail<TailedRecord & { value: { kind?: string } }>(cwd, 'device.quarantine')).filter(
      ({ value }) => value?.kind === 'held',
    ).length;
  const stateIs = async (wished: string) => {
    for (;;) {
      const records = await tail<{ value: { state: string } } & TailedRecord>(cwd, 'device.attestation');
      if (records.at(-1)?.value.state === wished) return;
      await new Promise<void>((resolve) => systemClock.after(200, resolve));
    }
  };

  t.same([await send(), await send()], [202, 202]);
  await recordsIn(running, 'device.quarantine', 2);
  const early = await msec(['device', 'release', 'roof-7', '--why', 'in a hurry'], { cwd });
  t.match(early, { code: /[1-9]/, err: /roof-7 is not trusted .*its frames can only be dropped/ });

  const agent = gateway.attest(mqtt);
  t.teardown(() => agent.kill('SIGKILL'));
  await agent.until(({ event }) => event === 'answered');
  await stateIs('trusted');
  t.equal(await send(), 202);
  await recordsIn(running, 'device.readings', 1);
  const released = await msec(['device', 'release', 'roof-7', '--why', 'it was being set up', '--by', 'ana'], { cwd });
  t.match(released, { code: 0, out: '2 held frames of roof-7 are released.' });
  await recordsIn(running, 'device.readings', 3);
  t.pass('a device that proves itself is read, and what was held of it is released');

  await gateway.measure(EVIL);
  await untilTold(/\[msec@32473 device="roof-7" reason="pcr-refused"[^\]]* pcr="14"/);
  t.match(told.join(''), /<84>1 \S+ \S+ msec \d+ suspect /);
  t.ok([202, 403].includes(await send()), 'held, or with the device');
  await untilTold(/ quarantined \[msec@32473 device="roof-7"/);
  // The bridge follows the state beside the one who told of it.
  while ((await send()) !== 403);
  t.equal((await tail(cwd, 'device.readings')).length, 3, 'nothing of it reaches a reader');
  const why = await msec(['device', 'why', 'roof-7'], { cwd });
  t.match(why, {
    code: 0,
    out: /^roof-7 is quarantined since [\s\S]*pcr-refused: PCR 14[\s\S]*\nPCR: 14\n[\s\S]*history/,
  });
  const browser = await launchChromium();
  t.teardown(() => browser.close());
  const { page, troubles } = await openPage(browser, address);
  await page.locator('#trust-list .badge.trust-quarantined').waitFor();
  const here = page.locator('#trust-map').getByRole('button', { name: 'roof-7: quarantined, 40.4168° N 3.7038° W' });
  await here.press('Enter');
  const dialog = page.getByRole('dialog');
  await dialog.getByText('roof-7 · quarantined').waitFor();
  t.match(await dialog.textContent(), /roof-7 · quarantined[\s\S]*PCR 14[\s\S]*History[\s\S]*suspect[\s\S]*trusted/);
  const folder = process.env.MSEC_PICTURES;
  if (folder !== undefined) await page.screenshot({ path: `${folder}/quarantined.png`, fullPage: true });
  await page.keyboard.press('Escape');

  await gateway.restart(GOOD);
  await untilTold(/ trusted \[msec@32473 device="roof-7"/);
  await page.locator('#trust-tiles .trust-trusted').waitFor();
  const moved = await msec(['device', 'place', 'roof-7', '--at', '40.5,-3.6'], { cwd });
  t.match(moved, { code: 0, out: 'roof-7 stands at 40.5° N, 3.6° W.' });
  await page.locator('#trust-map').getByRole('button', { name: 'roof-7: trusted, 40.5000° N 3.6000° W' }).waitFor();
  if (folder !== undefined) await page.locator('#trust').screenshot({ path: `${folder}/trusted.png` });
  t.same(troubles, []);
  let status = await send();
  while (status === 403) status = await send();
  t.equal(status, 202);
  await recordsIn(running, 'device.readings', 4);
  const waiting = (await held()) - 2;
  const dropped = await msec(['device', 'drop', 'roof-7', '--why', 'sent by who knows whom', '--by', 'ana'], { cwd });
  t.match(dropped, { code: 0, out: `${waiting} held frame` });
  const readings = await tail<{ value: { device: string; verified: boolean } } & TailedRecord>(cwd, 'device.readings');
  t.ok(readings.length === 4 && readings.every(({ value }) => value.device === 'roof-7' && value.verified));
  const decisions = await tail<TailedRecord & { value: { decision: string; by: string; frames: number } }>(
    cwd,
    'device.decisions',
  );
  t.match(decisions[0]?.value, { decision: 'release', by: 'ana', frames: 2, why: 'it was being set up' });
  agent.kill('SIGTERM');
  t.same(await agent.ended, [0, null], agent.errors());
  running.kill('SIGTERM');
  t.same(await running.ended, [0, null]);
});

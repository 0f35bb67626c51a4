/**
 * A device with a TPM (swtpm) beside `msec up`: it attests over MQTT and its frames become readings; a measured file changes, and
 * its frames are held; after a restart with the right measurements it is trusted again. Meanwhile a receiver of syslog is told.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { systemClock } from '../../engine/base/index.ts';
import { deviceKeys } from '../../firmware/provision/index.ts';
import { startSwtpm } from '../../firmware/swtpm/index.ts';
import { extendPcr, openTpmAddress, publicKeyOf, sign, Tpm } from '../../firmware/tpm/index.ts';
import { frameToSign, keyIdOf } from '../../schemas/envelope/index.ts';
import { msec, recordsIn, startMsec, startUp, type TailedRecord, tail } from '../cli/run-cli.ts';
import { digest, extend } from '../support/attester.ts';
import { needs, programPath } from '../support/needs.ts';

t.setTimeout(110_000);

const FRAME = '01001c00000000383637373233303330303430333330000dd00040007c0235';
const PCR = 14;
const GOOD = digest('the file as it was built');
const EVIL = digest('the file as somebody changed it');

t.test('trusted, doubted, and trusted again', async (t) => {
  if (!needs(t, 'swtpm', 'swtpm_setup', 'swtpm_localca')) return;
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
  writeFileSync(
    join(cwd, 'gateway.policy'),
    `policy gateways 1\nquote at most 60 s old\nclock may be unsafe\npcr ${PCR} is ${extend(Buffer.alloc(32), GOOD).toString('hex')}\n`,
  );
  writeFileSync(
    join(cwd, 'msec.yaml'),
    `attestation:\n  policy: gateway.policy\n  interval: 2s\n  deadline: 1s\n  retry: 1s\n  failures: 3\nsyslog:\n  address: tcp://127.0.0.1:${(receiver.address() as AddressInfo).port}\n`,
  );
  const enrolled = await msec(
    ['device', 'enrol', 'roof-7', '--type', 'enmon', '--identity', '867723030040330', '--json'],
    { cwd },
  );
  t.equal(enrolled.code, 0, enrolled.err);
  const { token } = JSON.parse(enrolled.out).secrets;

  const state = join(cwd, 'data', 'swtpm', 'state');
  let swtpm = await startSwtpm(programPath('swtpm'), state);
  t.teardown(() => swtpm.kill());
  const open = async () => Tpm.open(await openTpmAddress(swtpm.address, systemClock));
  const measure = async (file: Buffer) => {
    const tpm = await open();
    await extendPcr(tpm, PCR, file);
    await tpm.close();
  };
  await measure(GOOD);
  const running = await startUp(['--no-fleet', '--workers', '1'], { cwd });
  t.teardown(() => running.kill('SIGKILL'));
  const attest = ['device', 'attest', 'roof-7', '--json', '--no-logs', '--bridge', running.said.mqtt];
  const agent = startMsec([...attest, '--tpm', swtpm.address], { cwd, env: { MSEC_DEVICE_TOKEN: token } });
  t.teardown(() => agent.kill('SIGKILL'));

  let sequence = 0;
  const send = async (): Promise<number> => {
    const tpm = await open();
    const { signing } = await deviceKeys(tpm);
    const keyId = keyIdOf(publicKeyOf(signing.area));
    const fields = { deviceId: 'roof-7', bootEpoch: 1, sequence: ++sequence, payload: Buffer.from(FRAME, 'hex') };
    const { message, envelope } = frameToSign(fields, { keyId, algorithm: 'ecdsa-p256-sha256' });
    const { bytes } = await sign(tpm, signing, createHash('sha256').update(message).digest());
    await tpm.close();
    const answer = await fetch(`${running.said.http}/v1/frames`, {
      method: 'POST',
      headers: { authorization: `Bearer roof-7:${token}`, 'content-type': 'application/octet-stream' },
      body: Buffer.from(envelope(bytes)),
    });
    await answer.arrayBuffer();
    return answer.status;
  };
  const stateIs = async (wished: string) => {
    for (;;) {
      const records = await tail<{ value: { state: string } } & TailedRecord>(cwd, 'device.attestation');
      if (records.at(-1)?.value.state === wished) return;
      await new Promise<void>((resolve) => systemClock.after(200, resolve));
    }
  };

  await agent.until(({ event }) => event === 'answered');
  await stateIs('trusted');
  t.equal(await send(), 202);
  await recordsIn(running, 'device.readings', 1);
  t.pass('a device that proves itself is read');

  await measure(EVIL);
  await untilTold(/\[msec@32473 device="roof-7" reason="pcr-refused"[^\]]* pcr="14"/);
  t.match(told.join(''), /<84>1 \S+ \S+ msec \d+ suspect /);
  t.ok([202, 403].includes(await send()), 'held, or with the device');
  await untilTold(/ quarantined \[msec@32473 device="roof-7"/);
  t.equal(await send(), 403);
  t.equal((await tail(cwd, 'device.readings')).length, 1, 'nothing of it reaches a reader');

  await swtpm.kill();
  const port = Number(/port=(\d+)/.exec(swtpm.address)?.[1]);
  swtpm = await startSwtpm(programPath('swtpm'), state, port);
  await measure(GOOD);
  await untilTold(/ trusted \[msec@32473 device="roof-7"/);
  let status = await send();
  // The bridge follows the state a moment behind the one who told of it.
  while (status === 403) status = await send();
  t.equal(status, 202);
  await recordsIn(running, 'device.readings', 2);
  const readings = await tail<{ value: { device: string; verified: boolean } } & TailedRecord>(cwd, 'device.readings');
  t.ok(readings.every(({ value }) => value.device === 'roof-7' && value.verified));
  agent.kill('SIGTERM');
  t.same(await agent.ended, [0, null], agent.errors());
  running.kill('SIGTERM');
  t.same(await running.ended, [0, null]);
});

/**
 * A device of `msec fleet` that is the firmware itself, with a TPM of its own (swtpm), beside `msec up`: it is trusted for what it has
 * measured at its start, suspected and barred once another program runs in its place, and trusted again with the right one.
 */
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { systemClock } from '../../engine/base/index.ts';
import { type Running, recordsIn, startMsec, startUp, type TailedRecord, tail } from '../cli/run-cli.ts';
import { built, make } from '../firmware/device/build.ts';
import { needs } from '../support/needs.ts';

t.setTimeout(590_000);

const POLICY = `policy devices 1
quote at most 60 s old
clock may be unsafe
firmware 1.0 or newer
pcr 14 from references
`;
const CONFIG = `attestation:
  policy: devices.policy
  references: firmware.references
  referencesKey: builder.pem
  interval: 2s
  deadline: 10s
  retry: 1s
  failures: 3
`;

interface Trust extends TailedRecord {
  readonly value: {
    readonly device: string;
    readonly state: string;
    readonly reason: string;
    readonly log: string;
    readonly entry: number;
    readonly pcr: number;
    readonly firmware: string;
    readonly says: string;
  };
}

/** Policy, and reference values of this image, signed. */
function configure(cwd: string, image: Uint8Array): void {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const measured = createHash('sha256').update(image).digest('hex');
  const references = `references\nbank sha256\nfirmware 1.0\npcr 14 extends ${measured}\n`;
  writeFileSync(join(cwd, 'devices.policy'), POLICY);
  writeFileSync(join(cwd, 'msec.yaml'), CONFIG);
  writeFileSync(join(cwd, 'firmware.references'), references);
  writeFileSync(join(cwd, 'firmware.references.sig'), sign(null, Buffer.from(references), privateKey));
  writeFileSync(join(cwd, 'builder.pem'), publicKey.export({ format: 'pem', type: 'spki' }));
}

t.test('the firmware that was built is trusted, an altered one is not', async (t) => {
  if (!needs(t, 'swtpm', 'swtpm_setup', 'swtpm_localca', 'gcc', 'make', 'device-headers')) return;
  await make('linux');
  const cwd = t.testdir({});
  const image = readFileSync(built('linux', 'msec-device'));
  configure(cwd, image);
  const altered = join(cwd, 'altered-device');
  writeFileSync(altered, Buffer.concat([image, Buffer.of(0)]));
  chmodSync(altered, 0o755);
  const running = await startUp(['--no-fleet', '--workers', '1'], { cwd });
  t.teardown(() => running.kill('SIGKILL'));

  await withFirmware(cwd, running, [], async () => {
    t.match(await untilState(cwd, 'trusted'), { device: 'firmware-0001', firmware: '1.0' });
    await recordsIn(running, 'device.readings', 2);
  });
  await untilState(cwd, 'suspect');
  const read = (await tail(cwd, 'device.readings')).length;
  await withFirmware(cwd, running, ['--firmware-program', altered], async () => {
    const refused = await untilState(cwd, 'quarantined');
    t.match(refused, { reason: 'pcr-refused', log: 'boot', entry: 2, pcr: 14 });
    t.match(refused.says, /EV_IPL in PCR 14 \("msec-device", unproven\)/, 'its own boot log names what was measured');
  });
  t.equal((await tail(cwd, 'device.readings')).length, read, 'nothing of it reaches a reader');
  await withFirmware(cwd, running, [], async () => {
    t.match(await untilState(cwd, 'trusted'), { firmware: '1.0' });
    await recordsIn(running, 'device.readings', read + 1);
  });
  running.kill('SIGTERM');
  t.same(await running.ended, [0, null]);
});

async function withFirmware(
  cwd: string,
  { said }: Running,
  more: readonly string[],
  meanwhile: () => Promise<void>,
): Promise<void> {
  const fleet = ['fleet', '--devices', '0', '--firmware', '1', '--json', '--mqtt', said.mqtt];
  const sending = startMsec([...fleet, ...more], { cwd });
  try {
    await Promise.race([
      meanwhile(),
      sending.ended.then(() => Promise.reject(new Error(`the fleet has ended: ${sending.errors()}`))),
    ]);
  } finally {
    sending.kill('SIGTERM');
    await sending.ended;
  }
}

async function untilState(cwd: string, state: string): Promise<Trust['value']> {
  for (;;) {
    const last = (await tail<Trust>(cwd, 'device.attestation')).at(-1)?.value;
    if (last?.state === state) return last;
    await new Promise<void>((resolve) => systemClock.after(200, resolve));
  }
}

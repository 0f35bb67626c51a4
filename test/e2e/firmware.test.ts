/**
 * The firmware as a process, with a TPM of its own: enrolled by proof, killed in the middle and started again in each mode. What
 * it has stored is on the readings topic once, verified, and no sequence belongs to two readings.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { systemClock } from '../../engine/base/index.ts';
import { deviceKeys } from '../../firmware/provision/index.ts';
import { startSwtpm } from '../../firmware/swtpm/index.ts';
import { openTpmAddress, publicKeyOf, Tpm } from '../../firmware/tpm/index.ts';
import { msec, startUp, type TailedRecord, tail } from '../cli/run-cli.ts';
import { make } from '../firmware/device/build.ts';
import { type DeviceEvent, type DeviceProcess, startDevice } from '../firmware/device/device-process.ts';
import { needs, programPath } from '../support/needs.ts';

t.setTimeout(590_000);

interface Reading extends TailedRecord {
  readonly value: {
    readonly device: string;
    readonly bootEpoch: number;
    readonly sequence: number;
    readonly verified: boolean;
    readonly adc?: number;
  };
}

const numberOf = ({ bootEpoch, sequence }: { bootEpoch?: number; sequence?: number }) => `${bootEpoch}/${sequence}`;
const stored = (events: readonly DeviceEvent[]) => events.filter(({ event }) => event === 'stored').map(numberOf);

t.test('frame by frame, in batches, in sessions; killed and started again', async (t) => {
  if (!needs(t, 'swtpm', 'swtpm_setup', 'swtpm_localca', 'gcc', 'make', 'device-headers')) return;
  await make('linux');
  const cwd = t.testdir({});
  const json = async (...args: readonly string[]) => {
    const { code, out, err } = await msec([...args, '--json'], { cwd });
    if (code !== 0) throw new Error(err);
    return JSON.parse(out);
  };
  const board = ['--type', 'nucleo', '--identity', '000000000042'];
  const { secrets, ...enrolled } = await json('device', 'enrol', 'roof-7', ...board);
  t.equal(enrolled.deviceId, 'roof-7');
  const receiver = join(cwd, 'receiver.pem');
  writeFileSync(receiver, (await json('device', 'receiver')).publicKey);

  const swtpm = await startSwtpm(programPath('swtpm'), join(cwd, 'data', 'swtpm', 'state'));
  t.teardown(() => swtpm.kill());
  const tpm = await Tpm.open(await openTpmAddress(swtpm.address, systemClock));
  const agreement = join(cwd, 'agreement.pem');
  const key = publicKeyOf((await deviceKeys(tpm)).agreement.area);
  writeFileSync(agreement, key.export({ type: 'spki', format: 'pem' }));
  await tpm.close();
  const monitor = ['--type', 'enmon', '--identity', '867723030040330', '--public-key', agreement, '--modes', 'session'];
  const { secrets: others } = await json('device', 'add', 'cellar-3', ...monitor);

  const running = await startUp(['--no-fleet', '--workers', '1'], { cwd });
  const common = {
    broker: new URL(running.said.mqtt).host,
    tcti: swtpm.address,
    'interval-ms': 2,
    'linger-ms': 20,
    'storage-sync': 'no',
    trace: 'yes',
  };
  const roof = { ...common, 'device-id': 'roof-7', token: secrets.token, frame: 'nucleo', identity: '000000000042' };
  const cellar = {
    ...common,
    'device-id': 'cellar-3',
    token: others.token,
    frame: 'enmon',
    identity: '867723030040330',
  };
  const modes = [
    { ...roof, storage: join(cwd, 'roof'), mode: 'frame' },
    { ...roof, storage: join(cwd, 'roof'), mode: 'batch', batch: 16 },
    { ...cellar, storage: join(cwd, 'cellar'), mode: 'session', 'receiver-key': receiver },
  ];
  const kept = new Map<string, string[]>([
    ['roof-7', []],
    ['cellar-3', []],
  ]);
  for (const settings of modes) {
    const file = join(cwd, `${settings.mode}.conf`);
    const first = startDevice(file, settings);
    t.teardown(() => first.kill('SIGKILL'));
    await afterSome(first);
    first.kill('SIGKILL');
    t.same(await first.ended, [null, 'SIGKILL']);
    const second = startDevice(file, { ...settings, readings: 40 });
    t.teardown(() => second.kill('SIGKILL'));
    t.same(await second.ended, [0, null], `${settings.mode}: ${second.errors()}`);
    const stopped = await second.until(({ event }) => event === 'stopped');
    t.match(stopped, { readings: 40, waiting: 0 });
    t.ok(stopped.acknowledged! >= 40 + (await second.until(({ event }) => event === 'started')).waiting!);
    const known = kept.get(settings['device-id'])!;
    known.push(...stored(first.events), ...stored(second.events));
    t.equal(new Set(known).size, known.length, `${settings.mode}: no sequence twice`);
  }

  // Whoever was killed has stored some, too, of which it could not tell: a number of readings says nothing of those it told.
  const isThere = (readings: readonly Reading[]) => {
    const got = new Set(readings.map(({ value }) => `${value.device} ${numberOf(value)}`));
    return [...kept].every(([device, known]) => known.every((number) => got.has(`${device} ${number}`)));
  };
  let readings: Reading[] = [];
  // It ends with the test's time where something is lost.
  while (!isThere(readings)) readings = await tail<Reading>(cwd, 'device.readings');
  for (const [device, known] of kept) {
    const got = readings.filter(({ value }) => value.device === device);
    const numbers = got.map(({ value }) => numberOf(value));
    t.equal(new Set(numbers).size, numbers.length, `${device}: each reading once`);
    t.ok(numbers.length >= known.length, `${device}: nothing that was stored is lost`);
    t.ok(
      got.every(({ value }) => value.verified),
      `${device}: all verified`,
    );
  }
  t.ok(readings.some(({ value }) => value.device === 'roof-7' && value.adc! > 0));
  t.same(await tail(cwd, 'device.frames.dlq'), [], 'nothing was refused');
  running.kill('SIGTERM');
  t.same(await running.ended, [0, null]);
});

/** Until some of what it has stored is acknowledged. */
async function afterSome(device: DeviceProcess): Promise<void> {
  await device.until(({ event, readings }) => event === 'acknowledged' && readings! >= 20);
}

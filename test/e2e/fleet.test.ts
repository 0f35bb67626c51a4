/** `msec fleet` beside a running engine: what it tells comes from the topics, and each fault is met by the engine's answer. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { comesToRest, msec, type Running, startMsec, startUp } from '../cli/run-cli.ts';
import { make } from '../firmware/device/build.ts';
import { needs } from '../support/needs.ts';

t.setTimeout(590_000);

interface Told {
  readonly second: number;
  readonly sent: number;
  readonly acknowledged: number;
  readonly waiting: number;
  readonly accepted: number;
  readonly refused: number;
  readonly reasons: Readonly<Record<string, number>>;
  readonly isLast: boolean;
}

const BASE = ['fleet', '--devices', '10', '--rate', '40', '--seed', '7', '--json'];
const to = ({ said }: Running) => ['--mqtt', said.mqtt, '--http', said.http];

/** Sends until what it tells is enough, is ended, and gives its last line. */
async function fleetUntil(cwd: string, args: readonly string[], isEnough: (told: Told) => boolean): Promise<Told> {
  const sending = startMsec(args, { cwd });
  try {
    await sending.until((line) => isEnough(line as unknown as Told));
    sending.kill('SIGINT');
    const last = await sending.until(({ isLast }) => isLast === true);
    const [code] = await sending.ended;
    if (code !== 0) throw new Error(`the fleet ended with ${code}: ${sending.errors()}`);
    return last as unknown as Told;
  } finally {
    sending.kill('SIGKILL');
  }
}

t.test('virtual devices are heard, and their faults are not', async (t) => {
  const cwd = t.testdir({});
  const running = await startUp(['--no-fleet', '--workers', '1'], { cwd });
  t.teardown(() => running.kill('SIGKILL'));
  const fleet = (isEnough: (told: Told) => boolean, ...args: string[]) =>
    fleetUntil(cwd, [...BASE, ...to(running), ...args], isEnough);
  const isWhole = ({ sent, acknowledged, accepted }: Told) => acknowledged === sent && accepted === sent;
  let last: Told;
  // A machine that stands still for seconds answers after the end: then once more. It ends with the test's time.
  do {
    last = await fleet(({ second, sent }) => second >= 2 && sent >= 20);
    t.match(last, { refused: 0, reasons: {} });
  } while (!isWhole(last));

  const has = (told: Told, ...reasons: string[]) => reasons.every((reason) => (told.reasons[reason] ?? 0) > 0);
  const faults = ['--fault', 'replay:1', '--fault', 'stolen-key:1', '--fault', 'truncation:0.3'];
  const areMet = (told: Told) => told.accepted > 0 && has(told, 'REPLAYED', 'IDENTITY_MISMATCH', 'ENVELOPE_INVALID');
  let faulty: Told;
  do {
    faulty = await fleet(areMet, ...faults);
    // What comes late of this run is not told of the next one.
    await comesToRest(running);
  } while (faulty.waiting > 0);
  t.ok(faulty.accepted > 0 && faulty.accepted + faulty.refused <= faulty.acknowledged, JSON.stringify(faulty));
  t.notOk(faulty.reasons.SEQUENCE_CONFLICT, 'nobody is suspected for what others do to it');

  const isCloned = (told: Told) => (told.reasons.SEQUENCE_CONFLICT ?? 0) >= 10 && has(told, 'DEVICE_QUARANTINED');
  const cloned = await fleet(isCloned, '--fault', 'cloned:1', '--signing', 'frame');
  t.ok(cloned.accepted <= 10, `${cloned.accepted} accepted of 10 devices, each once before its clone was heard`);
  t.equal(cloned.reasons.SEQUENCE_CONFLICT, 10, JSON.stringify(cloned));
  t.match(await msec(['device', 'reset', 'fleet-enmon-0001'], { cwd }), { code: 0 });
  await fleet(({ accepted, refused }) => accepted > 0 && refused > 0, '--signing', 'frame');
  t.pass('the one that was released is heard again, the others are not');
  const ended = await msec([...BASE, ...to(running), '--seconds', '1'], { cwd });
  t.match(JSON.parse(ended.out.trim().split('\n').at(-1)!), { isLast: true }, 'it ends by itself after its seconds');
  running.kill('SIGTERM');
  t.same(await running.ended, [0, null]);
});

t.test('real firmware sends beside virtual devices, each with its own TPM, signed and in sessions', async (t) => {
  if (!needs(t, 'swtpm', 'gcc', 'make', 'device-headers')) return;
  await make('linux');
  const cwd = t.testdir({});
  const running = await startUp(['--no-fleet', '--workers', '1'], { cwd });
  for (const signing of ['frame', 'session']) {
    const args = ['fleet', '--devices', '1', '--firmware', '2', '--signing', signing, '--json'];
    const last = await fleetUntil(cwd, [...args, '--mqtt', running.said.mqtt], ({ accepted }) => accepted >= 4);
    t.match(last, { refused: 0, reasons: {} });
  }
  const file = readFileSync(join(cwd, 'data', 'fleet', 'firmware', 'firmware-0002', 'certificate.pem'), 'utf8');
  const certificate = new X509Certificate(file);
  t.match(certificate.subject, /CN=firmware-0002/, 'certified once it had proved its keys');
  const list = await msec(['device', 'list', '--json', '--after', 'firmware-0001', '--limit', '1'], { cwd });
  const { deviceId, keys } = JSON.parse(list.out.trim());
  t.equal(deviceId, 'firmware-0002');
  const spki = certificate.publicKey.export({ format: 'der', type: 'spki' }).toString('base64');
  t.match(keys, [{ publicKey: spki, modes: ['frame', 'batch'] }, { modes: ['session'] }]);
  running.kill('SIGTERM');
  t.same(await running.ended, [0, null]);
});

t.test('a mistake is told before anything is enrolled', async (t) => {
  const cwd = t.testdir({});
  const mistakes: [string[], RegExp][] = [
    [['--fault', 'repaly'], /no repaly, did you mean replay\?/],
    [['--fault', 'replay:7'], /share behind the colon/],
    [['--devices', '0'], /leaves nobody to send/],
    [['--firmware', '65'], /--firmware takes at most 64/],
    [['--devices', '1', '--fault', 'stolen-key'], /takes two devices/],
    [['--rate', '0'], /--rate takes more than 0/],
    [['--mqtt', 'nowhere'], /--mqtt takes host:port/],
  ];
  for (const [args, says] of mistakes) t.match(await msec(['fleet', ...args], { cwd }), { code: 64, err: says });
  t.match(await msec(['fleet'], { cwd }), { code: 66, err: /msec up/ }, 'and where nothing runs');
});

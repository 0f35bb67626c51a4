/** `msec fleet` beside a running engine: what it tells comes from the topics, and each fault is met by the engine's answer. */
// Time limit: 200 s.
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { msec, startUp } from '../cli/run-cli.ts';
import { make } from '../firmware/device/build.ts';
import { needs } from '../support/needs.ts';

t.setTimeout(180_000);

interface Told {
  readonly second: number;
  readonly sent: number;
  readonly acknowledged: number;
  readonly accepted: number;
  readonly refused: number;
  readonly reasons: Readonly<Record<string, number>>;
  readonly isLast: boolean;
}

t.test('virtual devices are heard, and their faults are not', async (t) => {
  const cwd = t.testdir({});
  const running = await startUp(['--no-fleet', '--workers', '1'], { cwd });
  const fleet = async (...args: string[]): Promise<Told[]> => {
    const addresses = ['--mqtt', running.said.mqtt, '--http', running.said.http];
    const base = ['fleet', '--devices', '10', '--rate', '40', '--seconds', '3', '--seed', '7', '--json', ...addresses];
    const ran = await msec([...base, ...args], { cwd });
    t.equal(ran.code, 0, ran.err);
    return ran.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
  };
  const good = await fleet();
  const last = good.at(-1)!;
  t.ok(last.isLast && good.length >= 3, `${good.length} lines`);
  t.ok(last.sent >= 20, `${last.sent} sent`);
  t.match(last, { acknowledged: last.sent, accepted: last.sent, refused: 0, reasons: {} });

  const faulty = (await fleet('--fault', 'replay:1', '--fault', 'stolen-key:1', '--fault', 'truncation:0.3')).at(-1)!;
  t.ok(faulty.accepted > 0 && faulty.accepted + faulty.refused <= faulty.acknowledged, JSON.stringify(faulty));
  t.notOk(faulty.reasons.SEQUENCE_CONFLICT, 'nobody is suspected for what others do to it');
  for (const reason of ['REPLAYED', 'IDENTITY_MISMATCH', 'ENVELOPE_INVALID'])
    t.ok((faulty.reasons[reason] ?? 0) > 0, `${reason} in ${JSON.stringify(faulty.reasons)}`);

  const cloned = (await fleet('--fault', 'cloned:1', '--signing', 'frame')).at(-1)!;
  t.ok(cloned.accepted <= 10, `${cloned.accepted} accepted of 10 devices, each once before its clone was heard`);
  t.equal(cloned.reasons.SEQUENCE_CONFLICT, 10, JSON.stringify(cloned));
  t.ok((cloned.reasons.DEVICE_QUARANTINED ?? 0) > 0);
  t.match(await msec(['device', 'reset', 'fleet-enmon-0001'], { cwd }), { code: 0 });
  const released = (await fleet('--signing', 'frame')).at(-1)!;
  t.ok(released.accepted > 0 && released.refused > 0, 'the one that was released is heard again, the others are not');
  running.kill('SIGTERM');
  t.same(await running.ended, [0, null]);
});

t.test('real firmware sends beside virtual devices, each with its own TPM, signed and in sessions', async (t) => {
  if (!needs(t, 'swtpm', 'gcc', 'make', 'device-headers')) return;
  await make('linux');
  const cwd = t.testdir({});
  const running = await startUp(['--no-fleet', '--workers', '1'], { cwd });
  for (const signing of ['frame', 'session']) {
    const base = ['fleet', '--devices', '1', '--firmware', '2', '--seconds', '3', '--signing', signing, '--json'];
    const ran = await msec([...base, '--mqtt', running.said.mqtt], { cwd });
    t.equal(ran.code, 0, ran.err);
    const last: Told = JSON.parse(ran.out.trim().split('\n').at(-1)!);
    t.ok(last.accepted >= 4, `${signing}: ${JSON.stringify(last)}`);
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

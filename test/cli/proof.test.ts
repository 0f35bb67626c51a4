import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { keyIdOf, signBatch } from '../../schemas/envelope/index.ts';
import { msec } from './run-cli.ts';

const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = (key: typeof publicKey) => key.export({ format: 'pem', type: 'spki' }).toString();
const frames = Array.from({ length: 100 }, (_, i) => ({ payload: Buffer.of(1, i) }));
const batch = signBatch(
  { deviceId: 'roof-7', bootEpoch: 2, sequence: 40, frames },
  { keyId: keyIdOf(publicKey), privateKey },
);
const cwd = t.testdir({
  'key.pem': pem(publicKey),
  'other.pem': pem(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey),
  'batch.hex': Buffer.from(batch).toString('hex'),
});

t.test("a frame of a batch is proven to whoever has the device's public key", async (t) => {
  const made = await msec(['proof', 'make', '--envelope', 'batch.hex', '--sequence', '52'], { cwd });
  t.same([made.code, made.err], [0, '']);
  writeFileSync(join(cwd, 'frame.proof'), made.out);
  const shown = await msec(['proof', 'verify', 'frame.proof', '--public-key', 'key.pem', '--json'], { cwd });
  t.equal(shown.code, 0, shown.err);
  t.match(JSON.parse(shown.out), { device: 'roof-7', bootEpoch: 2, sequence: 52, payload: '010c', hashes: 8 });
  const other = await msec(['proof', 'verify', 'frame.proof', '--public-key', 'other.pem', '--json'], { cwd });
  t.equal(other.code, 65);
  t.match(other.out + other.err, /PROOF_INVALID/);
  const changed = made.out.replace('010c', '010d');
  t.not(changed, made.out);
  const forged = await msec(['proof', 'verify', '-', '-k', 'key.pem'], { cwd, input: changed });
  t.equal(forged.code, 65, 'from standard input, with another frame in it');
});

t.test('what cannot be proven is said', async (t) => {
  const beyond = await msec(['proof', 'make', '--envelope', 'batch.hex', '--sequence', '140'], { cwd });
  t.equal(beyond.code, 65);
  t.match(beyond.err, /40 to 139/);
  t.equal((await msec(['proof', 'make'], { cwd })).code, 64);
  t.equal((await msec(['proof', 'make', '--envelope', 'none'], { cwd })).code, 66);
});

t.test('the receiver of sessions has one key until another is asked for', async (t) => {
  const receiver = async (...more: string[]) =>
    JSON.parse((await msec(['device', 'receiver', '--json', ...more], { cwd })).out) as { keyId: string };
  const first = await receiver();
  t.same(await receiver(), first);
  const second = await receiver('--new');
  t.not(second.keyId, first.keyId);
});

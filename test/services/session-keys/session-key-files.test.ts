import { statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { makeSessionKey, newestSessionKey, SessionKeyFiles } from '../../../services/session-keys/index.ts';

const halves = (keyId: Uint8Array) => [Buffer.from(keyId).readUInt32BE(), Buffer.from(keyId).readUInt32BE(4)] as const;

t.test('a key is found by its id, the newest is told, and only the owner can read them', async (t) => {
  const folder = join(t.testdir(), 'keys');
  t.equal(newestSessionKey(folder), null);
  const first = await makeSessionKey(folder);
  const second = await makeSessionKey(folder);
  const path = join(folder, `session-${Buffer.from(first.keyId).toString('hex')}.pem`);
  t.equal(statSync(path).mode & 0o777, 0o600);
  utimesSync(path, 1, 1);
  t.same(newestSessionKey(folder)?.keyId, second.keyId);
  const keys = new SessionKeyFiles(folder);
  for (const { keyId, publicKey } of [first, second]) {
    const jwk = keys.receiverKey(...halves(keyId))?.export({ format: 'jwk' });
    t.equal(jwk?.x, publicKey.export({ format: 'jwk' }).x);
  }
  t.equal(keys.receiverKey(1, 2), null);
});

t.test('a file that is not the key of its name is refused', async (t) => {
  const folder = join(t.testdir(), 'keys');
  await makeSessionKey(folder);
  writeFileSync(join(folder, 'session-0000000100000002.pem'), 'no key');
  t.throws(() => new SessionKeyFiles(folder).receiverKey(1, 2), { code: 'CONFIG_INVALID' });
});

/** What the firmware's process says of a configuration, a storage or a TPM that is not as it must be. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { needs } from '../../support/needs.ts';
import { make } from './build.ts';
import { startDevice } from './device-process.ts';

t.setTimeout(590_000);

t.test('each mistake is named, with its line and an exit code of its kind', async (t) => {
  if (!needs(t, 'gcc', 'make', 'device-headers')) return;
  await make('linux');
  const folder = t.testdir({});
  const good = {
    'device-id': 'roof-7',
    token: 'a#b',
    broker: '127.0.0.1:1',
    tcti: 'swtpm:host=127.0.0.1,port=1',
    storage: join(folder, 'storage'),
    frame: 'nucleo',
    identity: '000000000042',
  };
  const ends = async (changed: Readonly<Record<string, string | number>>): Promise<string> => {
    const { ended, errors } = startDevice(join(folder, 'device.conf'), { ...good, ...changed });
    const [code] = await ended;
    return `${code} ${errors()}`;
  };
  t.match(await ends({}), /^69 .*TPM: swtpm:host/s, 'all is well but the TPM');
  t.match(await ends({ 'device-id': 'a b' }), /^78 .*device\.conf:1: device-id: /);
  t.match(await ends({ broker: '127.0.0.1' }), /^78 .*:3: broker: host:port/);
  t.match(await ends({ 'no-such': 1 }), /^78 .*:8: no such key/);
  t.match(await ends({ 'attestation-handle': '0x40000001' }), /^78 .*attestation-handle: such as 0x81000011, or none/);
  t.match(await ends({ batch: 1025 }), /^78 .*batch: 1 to 1024/);
  t.match(await ends({ identity: '42' }), /^78 .*identity: 15 digits for enmon, 12 for nucleo/);
  t.match(await ends({ mode: 'session' }), /^78 .*receiver-key is missing/);
  writeFileSync(join(folder, 'no.pem'), '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n');
  t.match(await ends({ mode: 'session', 'receiver-key': join(folder, 'no.pem') }), /^78 .*no public key of P-256/);
  t.match(await ends({ 'token-file': join(folder, 'none') }), /^78 .*none: No such file/);
  mkdirSync(join(folder, 'file', 'ring'), { recursive: true });
  t.match(await ends({ storage: join(folder, 'file') }), /^74 .*ring: Is a directory/);
});

import { execFileSync } from 'node:child_process';
import { createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { chmodSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { systemRandom } from '../../../engine/base/index.ts';
import { integer, oid, sequence, time } from '../../../services/enrolment/der.ts';
import { EnrolmentAuthority } from '../../../services/enrolment/index.ts';
import { needs, programPath } from '../../support/needs.ts';

const DAY_MS = 86_400_000;
const now = Date.UTC(2026, 10, 26);
const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

t.test('a device’s certificate is of its key, under its id, for as long as asked', async (t) => {
  const folder = t.testdir({});
  const authority = EnrolmentAuthority.open(folder, now, systemRandom);
  const pem = authority.certify({ deviceId: 'roof-7:b_c.d', key: publicKey, days: 30 }, now, systemRandom);
  const certificate = new X509Certificate(pem);
  const ca = new X509Certificate(authority.certificate);
  t.ok(certificate.checkIssued(ca));
  t.ok(certificate.verify(ca.publicKey));
  t.ok(createPublicKey(pem).equals(publicKey));
  t.equal(certificate.subject, 'CN=roof-7:b_c.d');
  t.equal(certificate.subjectAltName, 'URI:urn:msec:device:roof-7:b_c.d');
  t.equal(certificate.validToDate.getTime(), now + 30 * DAY_MS);
  t.equal(certificate.ca, false);
  t.equal(ca.ca, true);
  const other = new X509Certificate(authority.certify({ deviceId: 'a', key: publicKey, days: 1 }, now, systemRandom));
  t.not(other.serialNumber, certificate.serialNumber);
});

t.test('openssl takes the chain, and no other', async (t) => {
  if (!needs(t, 'openssl')) return;
  const folder = t.testdir({});
  const verify = (ca: string) =>
    execFileSync(
      programPath('openssl'),
      ['verify', '-x509_strict', '-purpose', 'sslclient', '-CAfile', ca, 'device.pem'],
      {
        cwd: folder,
        encoding: 'utf8',
        stdio: 'pipe',
      },
    );
  for (const name of ['one', 'two']) {
    const authority = EnrolmentAuthority.open(join(folder, name), Date.now(), systemRandom);
    writeFileSync(join(folder, `${name}.pem`), authority.certificate);
    const device = { deviceId: 'roof-7', key: publicKey, days: 9_000 };
    if (name === 'one') writeFileSync(join(folder, 'device.pem'), authority.certify(device, Date.now(), systemRandom));
  }
  t.match(verify('one.pem'), /OK/);
  t.throws(() => verify('two.pem'));
});

t.test('the CA is made once, for its owner alone', async (t) => {
  const folder = t.testdir({});
  const first = EnrolmentAuthority.open(join(folder, 'ca'), now, systemRandom);
  const file = join(folder, 'ca', 'ca.pem');
  t.equal(statSync(file).mode & 0o777, 0o600);
  t.equal(EnrolmentAuthority.open(join(folder, 'ca'), now, systemRandom).certificate, first.certificate);
  chmodSync(file, 0o644);
  t.throws(() => EnrolmentAuthority.open(join(folder, 'ca'), now, systemRandom), { code: 'CONFIG_INVALID' });
  writeFileSync(file, 'nothing');
  chmodSync(file, 0o600);
  t.throws(() => EnrolmentAuthority.open(join(folder, 'ca'), now, systemRandom), { code: 'CONFIG_INVALID' });
});

t.test('DER', (t) => {
  t.equal(oid('1.2.840.10045.4.3.2').toString('hex'), '06082a8648ce3d040302');
  t.equal(integer(Buffer.of(0, 0, 128)).toString('hex'), '02020080');
  t.equal(integer(Buffer.of(0)).toString('hex'), '020100');
  t.equal(sequence(Buffer.alloc(127)).toString('hex', 0, 2), '307f');
  t.equal(sequence(Buffer.alloc(128)).toString('hex', 0, 3), '308180');
  t.equal(sequence(Buffer.alloc(300)).toString('hex', 0, 4), '3082012c');
  t.equal(
    time(Date.UTC(2049, 11, 31, 23, 59, 59))
      .toString('latin1')
      .slice(2),
    '491231235959Z',
  );
  t.equal(
    time(Date.UTC(2050, 0, 1))
      .toString('latin1')
      .slice(2),
    '20500101000000Z',
  );
  t.end();
});

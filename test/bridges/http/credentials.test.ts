import fc from 'fast-check';
import t from 'tap';
import { readAuthorization } from '../../../bridges/http/credentials.ts';

void t.test('Bearer and Basic carry the same pair; the token is what follows the last colon', async (t) => {
  const basic = (pair: string) => `Basic ${Buffer.from(pair).toString('base64')}`;
  t.same(readAuthorization('Bearer meter-1:abc'), { deviceId: 'meter-1', token: 'abc' });
  t.same(readAuthorization('bearer  urn:dev:1:abc '), { deviceId: 'urn:dev:1', token: 'abc' });
  t.same(readAuthorization(basic('meter-1:abc')), { deviceId: 'meter-1', token: 'abc' });
  t.same(readAuthorization(basic('legacy:')), { deviceId: 'legacy', token: undefined });
});

void t.test('anything else is no credential', async (t) => {
  const long = `Bearer meter:${'x'.repeat(600)}`;
  for (const header of [
    undefined,
    '',
    'Bearer',
    'Bearer ',
    'Bearer abc',
    'Digest a:b',
    'Basic !!!',
    'Bearer a b:c',
    long,
  ]) {
    t.equal(readAuthorization(header), undefined, String(header));
  }
});

void t.test('no header makes it throw, and no id with other characters gets through', async (t) => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.string().map((s) => `Bearer ${s}`),
        fc.base64String().map((s) => `Basic ${s}`),
      ),
      (header) => {
        const credential = readAuthorization(header);
        return credential === undefined || /^[A-Za-z0-9._:-]{1,64}$/.test(credential.deviceId);
      },
    ),
  );
  t.pass();
});

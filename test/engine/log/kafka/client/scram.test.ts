import t from 'tap';
import { ScramClient } from '../../../../../engine/log/kafka/client/scram.ts';

// RFC 7677, section 3.
const NONCE = 'rOprNGfwEbeRWgbNEkqO';
const SERVER_NONCE = `${NONCE}%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0`;
const SERVER_FIRST = `r=${SERVER_NONCE},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`;
const client = () => new ScramClient('sha256', 'user', 'pencil', NONCE);

t.test('the exchange of RFC 7677', async (t) => {
  const scram = client();
  t.equal(scram.first(), `n,,n=user,r=${NONCE}`);
  t.equal(await scram.final(SERVER_FIRST), `c=biws,r=${SERVER_NONCE},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=`);
  scram.verify('v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=');
});

t.test('a server that does not know the password is found out', async (t) => {
  for (const wrong of ['v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=', 'v=AAAA', 'e=invalid-proof']) {
    const scram = client();
    await scram.final(SERVER_FIRST);
    t.throws(() => scram.verify(wrong), { code: 'CONFIG_INVALID' }, wrong);
  }
  t.throws(() => client().verify('v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4='), { code: 'DEPENDENCY_DOWN' });
});

t.test('a first message that would weaken or burden the exchange is refused', async (t) => {
  for (const first of [
    SERVER_FIRST.replace('4096', '4095'),
    SERVER_FIRST.replace('4096', '999999999'),
    SERVER_FIRST.replace(SERVER_NONCE, NONCE),
    SERVER_FIRST.replace(SERVER_NONCE, 'another'),
    's=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
    '',
  ]) {
    await t.rejects(client().final(first), { code: 'DEPENDENCY_DOWN' }, first);
  }
});

t.test('a user name may hold what separates the fields', async (t) => {
  t.equal(new ScramClient('sha512', 'a=b,c', 'x', 'n').first(), 'n,,n=a=3Db=2Cc,r=n');
});

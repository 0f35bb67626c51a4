import t from 'tap';
import { listenOn } from '../../../cli/city/listen.ts';
import { MsecError } from '../../../engine/index.ts';

const taken = () => Object.assign(new Error('address in use'), { code: 'EADDRINUSE' });
const WANTED = { port: 1883, what: 'The MQTT bridge', flag: '--mqtt-port' };

t.test('a port that nobody chose moves to the next free one', async (t) => {
  const open = async (port: number) => {
    if (port < 1886) throw taken();
    return port;
  };
  t.equal(await listenOn({ ...WANTED, mayMove: true }, open), 1886);
  await t.rejects(listenOn({ ...WANTED, mayMove: false }, open), {
    code: 'PORT_TAKEN',
    field: '--mqtt-port',
    message: /port 1883 is taken/,
  });
});

t.test('it does not look for ever, and only for what a port can be blamed for', async (t) => {
  let tries = 0;
  const never = async () => {
    tries++;
    throw taken();
  };
  await t.rejects(listenOn({ ...WANTED, mayMove: true }, never), { code: 'PORT_TAKEN' });
  t.equal(tries, 21);
  await t.rejects(
    listenOn({ ...WANTED, mayMove: true }, async () => Promise.reject(new Error('other'))),
    { message: 'other' },
  );
  const wrapped = async () => Promise.reject(new MsecError('DEPENDENCY_DOWN', 'x', { cause: taken() }));
  await t.rejects(listenOn({ ...WANTED, mayMove: false }, wrapped), { code: 'PORT_TAKEN' });
  const denied = async () => Promise.reject(Object.assign(new Error('no'), { code: 'EACCES' }));
  await t.rejects(listenOn({ ...WANTED, port: 80, mayMove: true }, denied), {
    code: 'PORT_TAKEN',
    message: /cannot be used \(EACCES/,
  });
});

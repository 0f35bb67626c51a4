import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { type Clock, MsecError, systemClock } from '../../../engine/base/index.ts';
import { connectSocket, getRandom, openTpmAddress, Tpm } from '../../../firmware/tpm/index.ts';
import { needs, programPath } from '../../support/needs.ts';
import { startSwtpm } from '../../support/swtpm.ts';

const RESPONSE = Buffer.from('80010000000a00000000', 'hex');

/** Answers each command as `answer` does. */
async function server(t: Test, answer: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const listening = createServer((socket) => {
    sockets.add(socket);
    socket.on('data', () => answer(socket));
    socket.on('error', () => undefined);
  });
  listening.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  t.teardown(async () => {
    for (const socket of sockets) socket.destroy();
    listening.close();
    await once(listening, 'close');
  });
  return { host: '127.0.0.1', port: (listening.address() as { port: number }).port };
}

/** Time passes when it is told to. */
function handClock(): Clock & { pass(): void } {
  const waiting = new Set<() => void>();
  return {
    ...systemClock,
    after(_delayMs, run) {
      waiting.add(run);
      return { cancel: () => void waiting.delete(run) };
    },
    pass() {
      for (const run of waiting) run();
    },
  };
}

t.test('a response in pieces is put together', async (t) => {
  const place = await server(t, (socket) => {
    socket.write(RESPONSE.subarray(0, 3));
    setImmediate(() => socket.write(RESPONSE.subarray(3)));
  });
  const transport = await connectSocket(place);
  t.same(await transport.transmit(Buffer.alloc(10), 10_000), RESPONSE);
  await transport.close();
});

t.test('a TPM that does not answer is given up after the time limit, and nothing is sent to it again', async (t) => {
  const clock = handClock();
  const place = await server(t, () => clock.pass());
  const transport = await connectSocket(place, { clock });
  await t.rejects(transport.transmit(Buffer.alloc(10), 1), { code: 'DEPENDENCY_DOWN', message: /did not answer/ });
  await t.rejects(transport.transmit(Buffer.alloc(10), 1), { code: 'DEPENDENCY_DOWN' });
  await transport.close();
});

for (const [says, bytes] of [
  ['a length above the limit', '8001ffffffff00000000'],
  ['a length below a header', '80010000000900000000'],
  ['bytes after the response', `${RESPONSE.toString('hex')}00`],
] as const)
  t.test(`${says} is no response`, async (t) => {
    const transport = await connectSocket(await server(t, (socket) => socket.write(Buffer.from(bytes, 'hex'))));
    await t.rejects(transport.transmit(Buffer.alloc(10), 10_000), { code: 'TPM_RESPONSE_INVALID' });
    await transport.close();
  });

t.test('a TPM that closes the connection, or is not there, is down', async (t) => {
  const place = await server(t, (socket) => socket.destroy());
  const transport = await connectSocket(place);
  await t.rejects(transport.transmit(Buffer.alloc(10), 10_000), { code: 'DEPENDENCY_DOWN' });
  await transport.close();
  await t.rejects(connectSocket({ path: join(tmpdir(), 'msec-no-such-socket') }), { code: 'DEPENDENCY_DOWN' });
  await t.rejects(openTpmAddress('device:/dev/no-such-tpm', systemClock), { code: 'DEPENDENCY_DOWN' });
});

t.test('a busy TPM is asked again, for some time', async (t) => {
  let answers = 0;
  const busy = Buffer.from('80010000000a00000922', 'hex');
  const place = await server(t, (socket) => {
    answers++;
    socket.write(busy);
  });
  const clock: Clock = {
    ...systemClock,
    after: (delayMs, run) => systemClock.after(delayMs > 1000 ? delayMs : 0, run),
  };
  const transport = await connectSocket(place, { clock });
  await t.rejects(Tpm.open(transport, { clock }), { code: 'TPM_REFUSED', message: /RETRY/ });
  t.equal(answers, 20);
});

t.test('addresses that are none', (t) => {
  for (const text of [
    '',
    'tpm',
    'swtpm:port=0',
    'swtpm:port=99999',
    'swtpm:path=/a,port=1',
    'swtpm:port=1,port=2',
    'swtpm:x=1',
  ])
    t.throws(() => openTpmAddress(text, systemClock), { code: 'CONFIG_INVALID' }, text);
  t.end();
});

/** A pseudo-terminal in raw mode in front of swtpm: what is opened as a file, written and read, as /dev/tpmrm0 is. */
const BRIDGE = `
import os, pty, select, socket, sys, tty
master, slave = pty.openpty()
tty.setraw(master); tty.setraw(slave)
tpm = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
print(os.ttyname(slave), flush=True)
while True:
    for ready in select.select([master, tpm, sys.stdin], [], [])[0]:
        if ready == sys.stdin: sys.exit(0)
        bytes = os.read(master, 4096) if ready == master else tpm.recv(4096)
        if not bytes: sys.exit(0)
        if ready == master: tpm.sendall(bytes)
        else: os.write(master, bytes)
`;

t.test('a device file: written, then read until the response is whole', async (t) => {
  if (!needs(t, 'swtpm', 'python3')) return;
  const swtpm = await startSwtpm();
  t.teardown(() => swtpm.stop());
  const bridge = spawn(programPath('python3'), ['-c', BRIDGE, `${swtpm.port}`], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(bridge, 'exit');
  const [path] = (await once(bridge.stdout, 'data')) as [Buffer];
  const tpm = await Tpm.open(await openTpmAddress(`device:${path.toString().trim()}`, systemClock));
  t.equal((await getRandom(tpm, 16)).length, 16);
  t.notSame(await getRandom(tpm, 16), await getRandom(tpm, 16));
  await tpm.close();
  await t.rejects(getRandom(tpm, 1), MsecError);
  bridge.stdin.end();
  await ended;
});

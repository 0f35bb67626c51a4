import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import t from 'tap';
import { freePorts } from './free-ports.ts';

t.test('whoever asks gets ports that are free, and that nobody else gets while it lives', async (t) => {
  const ports = (await Promise.all(Array.from({ length: 200 }, () => freePorts(3)))).flat();
  t.equal(new Set(ports).size, ports.length);
  for (const port of ports.slice(0, 30)) {
    const servers = [port, 0].map((asked) => createServer().listen(asked, '127.0.0.1'));
    await Promise.all(servers.map((server) => once(server, 'listening')));
    const { port: handedOut } = servers[1]!.address() as AddressInfo;
    t.ok(handedOut > port, `${handedOut} is handed out above ${port}`);
    await Promise.all(servers.map((server) => once(server.close(), 'close')));
  }
});

t.test('they follow one another', async (t) => {
  const ports = await freePorts(4);
  t.same(
    ports,
    ports.map((_, i) => ports[0]! + i),
  );
});

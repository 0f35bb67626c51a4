import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type Server } from 'node:http';
import t from 'tap';
import { EventStream } from '../../console/event-stream.ts';

async function served(stream: EventStream): Promise<{ server: Server; port: number; joined: boolean[] }> {
  const joined: boolean[] = [];
  const server = createServer((_request, response) => {
    const isIn = stream.join(response, [['hello', 1]]);
    joined.push(isIn);
    if (!isIn) response.writeHead(503).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: (server.address() as { port: number }).port, joined };
}

const open = (port: number) =>
  new Promise<IncomingMessage>((resolve, reject) => {
    get({ port, host: '127.0.0.1', agent: false }, resolve).on('error', reject);
  });

t.test('a page that does not read is cut off at its bound, the others go on', async (t) => {
  const stream = new EventStream();
  const { server, port } = await served(stream);
  t.teardown(() => server.close());
  const [slow, quick] = [await open(port), await open(port)];
  slow.on('error', () => undefined);
  slow.pause();
  let read = 0;
  quick.on('data', (chunk: Buffer) => {
    read += chunk.length;
  });
  const big = 'x'.repeat(256 * 1024);
  let sent = 0;
  for (; stream.dropped === 0 && sent < 200; sent++) {
    const before = read;
    stream.publish('big', big);
    while (read < before + big.length) await once(quick, 'data');
  }
  t.equal(stream.dropped, 1);
  t.equal(stream.clients, 1, 'the quick one is still there');
  t.ok(sent < 100, `cut off after ${sent} events`);
  stream.close();
  await once(quick, 'end');
  slow.destroy();
});

t.test('there is room for so many pages and no more; one that leaves makes room', async (t) => {
  const stream = new EventStream();
  const { server, port, joined } = await served(stream);
  t.teardown(() => server.close());
  const pages = await Promise.all(Array.from({ length: 64 }, () => open(port)));
  const late = await open(port);
  t.equal(late.statusCode, 503);
  late.resume();
  t.equal(joined.filter(Boolean).length, 64);
  pages[0]!.destroy();
  while (stream.clients === 64) await new Promise((resolve) => setImmediate(resolve));
  t.equal((await open(port)).statusCode, 200);
  stream.close();
  for (const page of pages) page.destroy();
});

import { createServer } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import t from 'tap';
import { systemNetwork } from '../../../../../engine/log/kafka/client/index.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

t.test('memory that a read may still go to is kept until the next read is over', async (t) => {
  const server = createServer((socket) => socket.end('abcd'));
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => void server.close());
  const given: WeakRef<ArrayBuffer>[] = [];
  const kept: boolean[] = [];
  const ended = Promise.withResolvers<void>();
  const { port } = server.address() as { port: number };
  const stream = systemNetwork.connect({ host: '127.0.0.1', port }, undefined, {
    buffer() {
      // Larger than what V8 would keep within its own heap.
      const memory = new ArrayBuffer(1024);
      given.push(new WeakRef(memory));
      return new Uint8Array(memory, 0, 1);
    },
    received() {
      const last = given.at(-1)!;
      queueMicrotask(() => {
        collectGarbage();
        kept.push(last.deref() !== undefined);
      });
    },
    ended: () => ended.resolve(),
  });
  t.teardown(() => stream.close());
  await ended.promise;
  t.same(kept, [true, true, true, true]);
});

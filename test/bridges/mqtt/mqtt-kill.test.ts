/** kill -9 between the durable write and the acknowledgement, and at any other moment: nothing acknowledged is lost. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import t from 'tap';
import { BatchCursor } from '../../../engine/batch/index.ts';
import { openEmbeddedLog } from '../../../engine/log/index.ts';
import { connectPacket, publishPacket, RawClient } from './raw-client.ts';

const FRAMES = 1200;
const SLICE = 50;
const ROUNDS = 3;

const program = join(import.meta.dirname, 'intake-process.ts');

async function startBridge(t: { teardown(run: () => unknown): void }, folder: string, ...more: string[]) {
  const child = fork(program, [folder, ...more]);
  t.teardown(() => child.kill('SIGKILL'));
  const [port] = (await once(child, 'message')) as [number];
  return { child, port };
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

/** The frames in the log, in order, without the kind byte. */
async function stored(folder: string): Promise<string[]> {
  const log = await openEmbeddedLog(join(folder, 'log'));
  const reader = log.openReader();
  const cursor = new BatchCursor();
  const texts: string[] = [];
  for (let offset = 0; ; ) {
    const { bytes, start, end } = await reader.fetch('device.frames', 0, offset, 1 << 20);
    if (start === end) break;
    cursor.reset(bytes, start, end);
    cursor.seek(offset);
    while (cursor.nextBatch()) {
      while (cursor.next()) {
        texts.push(Buffer.from(cursor.bytes).toString('latin1', cursor.valueStart + 1, cursor.valueEnd));
      }
    }
    offset = cursor.offsetNext;
  }
  await reader.close();
  await log.close();
  return texts;
}

async function connected(port: number): Promise<RawClient> {
  const client = new RawClient(port);
  client.send(connectPacket('meter-1'));
  await client.received(1);
  return client;
}

void t.test(
  'killed after the write and before the acknowledgement: the client sends again, the log holds both',
  async (t) => {
    const folder = t.testdir();
    const first = await startBridge(t, folder, 'hold');
    const durable = once(first.child, 'message');
    const client = await connected(first.port);
    client.send(publishPacket('meter-1', 1, 'only once sent'));
    t.same(await durable, ['durable', undefined]);
    await kill(first.child);
    await client.closed;
    t.equal(client.packets.length, 1, 'no acknowledgement was sent');
    const second = await startBridge(t, folder);
    const again = await connected(second.port);
    again.send(publishPacket('meter-1', 1, 'only once sent', { dup: true }));
    await again.received(2);
    t.match(again.packets[1], { cmd: 'puback', messageId: 1 });
    await again.end();
    await kill(second.child);
    t.same(await stored(folder), ['only once sent', 'only once sent']);
  },
);

void t.test(
  'killed while frames stream in: nothing acknowledged is missing, and after resending nothing at all',
  async (t) => {
    const folder = t.testdir();
    const isAcked = new Array<boolean>(FRAMES + 1).fill(false);
    const open = () => isAcked.flatMap((acked, id) => (acked || id === 0 ? [] : [id]));
    for (let round = 1; open().length > 0; round++) {
      // Each round is cut at another place of a slice; the last is not cut.
      const { child, port } = await startBridge(t, folder, ...(round <= ROUNDS ? [String(round * 137)] : []));
      const client = await connected(port);
      const ids = open();
      for (let at = 0; at < ids.length; at += SLICE) {
        const slice = ids.slice(at, at + SLICE);
        client.send(...slice.map((id) => publishPacket('meter-1', id, `frame ${id}`, { dup: round > 1 })));
        if (!(await answered(client, 1 + at + slice.length))) break;
      }
      await kill(child);
      await client.closed;
      for (const packet of client.packets) if (packet.cmd === 'puback') isAcked[packet.messageId ?? 0] = true;
      const acked = isAcked.flatMap((isIn, id) => (isIn ? [`frame ${id}`] : []));
      const inLog = new Set(await stored(folder));
      t.same(
        acked.filter((text) => !inLog.has(text)),
        [],
        `round ${round}: ${acked.length} acknowledged`,
      );
      if (round <= ROUNDS) t.ok(acked.length < FRAMES, 'it was killed on the way');
    }
    t.equal(new Set(await stored(folder)).size, FRAMES);
  },
);

/** False where the bridge is gone first. */
function answered(client: RawClient, count: number): Promise<boolean> {
  return client.received(count).then(
    () => true,
    () => false,
  );
}

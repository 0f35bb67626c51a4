/**
 * A process that copies numbers from one topic to another, exactly once: what it read, wrote and remembered are one
 * transaction, two of them under way. Started by rotation.test.ts, which kills it.
 *
 *   rotation-child.ts BOOTSTRAP COUNT [once | alone | rotating | carried | carried-once]
 *     once: ends with code 3 when it is fenced, instead of beginning again; alone: one transaction at a time;
 *     carried: its transactions are its process's, as soon as it has said so
 */
import { errorData } from '../../../engine/base/index.ts';
import { BatchCursor, BatchEncoder } from '../../../engine/batch/index.ts';
import { type Append, type LogReader, type Ownership, openKafkaLog } from '../../../engine/index.ts';
import { APPLICATION, GROUP, INPUT, OUTPUT, OUTPUT_PARTITIONS, OWNER } from './rotation.ts';

const RECORDS_A_TRANSACTION = 7;

const [bootstrap = '', count = '0', mode] = process.argv.slice(2);
const underWayMax = mode === 'alone' ? 1 : 2;
const isOnce = mode === 'once' || mode === 'carried-once';
const isCarried = mode === 'carried' || mode === 'carried-once';
const ride = { commits: 0, withinMs: 60_000, bytesMax: 1024 * 1024, ridersMin: 1, aloneMs: 0 };
/** Whoever takes the owner over looks there for the carrier of the one before. */
const PLACES = [{ group: GROUP, topic: INPUT, partition: 0 }];
const log = await openKafkaLog({
  bootstrap: [bootstrap],
  applicationId: APPLICATION,
  // A process that stood still, or was starved, is to find what became of its requests, and not that their time is over.
  requestTimeoutMs: 30_000,
  retryMsMax: 120_000,
  ...(isCarried ? { ride } : {}),
});
let isFenced = false;
for (;;) {
  const reader = log.openReader();
  try {
    const ownership = await log.acquire(OWNER, PLACES);
    say('acquired');
    await copy(reader, ownership);
    break;
  } catch (thrown) {
    const { code, message } = errorData(thrown);
    say(`${code} ${message}`);
    isFenced = code === 'FENCED';
    if (isFenced && isOnce) break;
    if (code !== 'FENCED' && code !== 'DEPENDENCY_DOWN') throw thrown;
  } finally {
    await reader.close();
  }
}
await log.close();
if (isFenced && isOnce) process.exitCode = 3;

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

async function copy(reader: LogReader, ownership: Ownership): Promise<void> {
  const [committed] = await reader.committed(GROUP, INPUT);
  const cursor = new BatchCursor();
  const encoders = Array.from({ length: OUTPUT_PARTITIONS }, () => new BatchEncoder());
  const underWay = new Set<Promise<void>>();
  let failure: { readonly thrown: unknown } | null = null;
  let position = committed ?? 0;
  let gathered = 0;

  const send = async () => {
    const appends: Append[] = [];
    for (const [partition, encoder] of encoders.entries()) {
      if (encoder.count > 0) appends.push({ topic: OUTPUT, partition, bytes: encoder.finish() });
    }
    gathered = 0;
    while (underWay.size >= underWayMax) await Promise.race(underWay);
    if (failure !== null) throw failure.thrown;
    const offsets = [{ group: GROUP, topic: INPUT, partition: 0, offset: position }];
    const sent = log
      .commit({ ownership, appends, offsets })
      .then(
        () => {},
        (thrown: unknown) => {
          failure ??= { thrown };
        },
      )
      .finally(() => underWay.delete(sent));
    underWay.add(sent);
  };

  while (position < Number(count)) {
    const { bytes, start, end } = await reader.fetch(INPUT, 0, position, 4_096);
    cursor.reset(bytes, start, end);
    cursor.seek(position);
    while (cursor.next()) {
      const value = Number(Buffer.from(cursor.bytes.subarray(cursor.valueStart, cursor.valueEnd)).toString());
      const { bytes: source, timestamp, valueStart, valueEnd } = cursor;
      encoders[value % OUTPUT_PARTITIONS]!.append(timestamp, source, 0, -1, source, valueStart, valueEnd);
      position = cursor.offset + 1;
      if (++gathered === RECORDS_A_TRANSACTION) await send();
    }
  }
  if (gathered > 0) await send();
  await Promise.all(underWay);
  if (failure !== null) throw (failure as { readonly thrown: unknown }).thrown;
}

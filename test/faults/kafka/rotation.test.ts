// Time limit: 900 s.
// Two transactional ids in rotation, or the carrier of a process, killed at every point of a transaction: what is
// committed is always a beginning of the input, each number once and in order, as Java's own consumer reads it under
// read committed.
import t from 'tap';
import { openKafkaLog } from '../../../engine/index.ts';
import { batches, readAll } from '../../engine/log/kafka/texts.ts';
import { type KafkaOptions, type KafkaServer, RESTARTED, startKafka } from '../../support/kafka-server.ts';
import { needs } from '../../support/needs.ts';
import type { Decision, Fault } from './proxy/fault-plan.ts';
import { FaultProxy } from './proxy/fault-proxy.ts';
import { API } from './proxy/request-head.ts';
import { APPLICATION, Copier, INPUT, OUTPUT, OUTPUT_PARTITIONS } from './rotation.ts';

const COUNT = 2_000;
const CARRIER = `${APPLICATION}-carrier-`;

interface Point {
  readonly name: string;
  readonly apiKey: number;
  readonly fault: Fault;
}

const BEFORE_AND_AFTER: readonly Point[] = [
  { name: 'before Produce', apiKey: API.produce, fault: 'cutBefore' },
  { name: 'after Produce', apiKey: API.produce, fault: 'mute' },
  { name: 'before TxnOffsetCommit', apiKey: API.txnOffsetCommit, fault: 'cutBefore' },
  { name: 'after TxnOffsetCommit', apiKey: API.txnOffsetCommit, fault: 'mute' },
  { name: 'before EndTxn', apiKey: API.endTxn, fault: 'cutBefore' },
  { name: 'between EndTxn and its answer', apiKey: API.endTxn, fault: 'mute' },
];
/** What the dead process had sent arrives after its successor has begun. */
const LATE: readonly Point[] = [
  { name: 'with a Produce on its way', apiKey: API.produce, fault: 'heldCut' },
  { name: 'with a TxnOffsetCommit on its way', apiKey: API.txnOffsetCommit, fault: 'heldCut' },
  { name: 'with an EndTxn on its way', apiKey: API.endTxn, fault: 'heldCut' },
];

if (needs(t, 'java', 'mvn')) await main();

async function main(): Promise<void> {
  t.setTimeout(890_000);
  await onCluster('protocol v2', {}, async (stage) => {
    for (const point of BEFORE_AND_AFTER) await killedAt(stage, point, 3);
    for (const point of [...BEFORE_AND_AFTER.slice(-2), ...LATE]) await killedAt(stage, point, 6);
    for (const fault of ['cutAfter', 'cutBefore'] as const) {
      await cutAt(stage, API.endTxn, fault, 'alone', 0);
      // The next transaction was on the same connection, and what it had sent is not known.
      await cutAt(stage, API.endTxn, fault, 'rotating', 1);
    }
    await cutAt(stage, API.produce, 'cutAfter', 'rotating', 1);
    await cutAt(stage, API.txnOffsetCommit, 'cutBefore', 'rotating', 1);
    await zombie(stage);
    for (const point of [...BEFORE_AND_AFTER, ...LATE]) await killedAt(stage, point, 3, 'carrier');
    await zombie(stage, 'carrier');
    await brokerKilled(stage);
  });
  await onCluster('Kafka 3.9, protocol v1', { version: '3.9.1' }, async (stage) => {
    for (const point of BEFORE_AND_AFTER) await killedAt(stage, point, 4);
    await cutAt(stage, API.endTxn, 'cutAfter', 'alone', 1);
    await zombie(stage);
    for (const point of BEFORE_AND_AFTER.slice(-2)) await killedAt(stage, point, 3, 'carrier');
    await zombie(stage, 'carrier');
  });
}

interface Stage {
  readonly name: string;
  readonly server: KafkaServer;
  readonly proxy: FaultProxy;
}

async function onCluster(name: string, options: KafkaOptions, run: (stage: Stage) => Promise<void>): Promise<void> {
  const proxy = await FaultProxy.listen();
  const server = await startKafka({ ...RESTARTED, 'advertised.listeners': `PLAINTEXT://${proxy.address}` }, options);
  proxy.forwardTo(server.bootstrap);
  const log = await openKafkaLog({ bootstrap: [server.bootstrap] });
  await log.createTopics([
    { name: INPUT, partitions: 1, cleanup: 'delete' },
    { name: OUTPUT, partitions: OUTPUT_PARTITIONS, cleanup: 'delete' },
  ]);
  const numbers = Array.from({ length: COUNT }, (_, i) => `${i}`);
  await log.commit({ appends: [{ topic: INPUT, partition: 0, bytes: batches(numbers) }] });
  await log.close();
  await run({ name, server, proxy });
  await t.test(`${name}: after all of it each number is there once, in order`, async (t) => {
    proxy.script = () => undefined;
    t.equal(await new Copier(proxy.address, COUNT).end(), 0);
    const expected = Array.from({ length: OUTPUT_PARTITIONS }, (_, partition) =>
      numbers.filter((_, i) => i % OUTPUT_PARTITIONS === partition),
    );
    const read = await Promise.all(expected.map(({ length }, partition) => readByJava(server, partition, length)));
    const log = await openKafkaLog({ bootstrap: [server.bootstrap] });
    const reader = log.openReader();
    for (const [partition, values] of read.entries()) {
      t.strictSame(values, expected[partition]);
      t.equal((await readAll(reader, OUTPUT, partition)).length, values.length, 'and nothing more');
    }
    await log.close();
  });
  await server.stop();
  await proxy.close();
}

/** The first so many that it finds in the partition under read committed. */
async function readByJava(server: KafkaServer, partition: number, count: number): Promise<string[]> {
  const { stdout } = await server.tool('org.apache.kafka.tools.consumer.ConsoleConsumer', [
    ...['--bootstrap-server', server.bootstrap, '--topic', OUTPUT, '--partition', String(partition)],
    ...['--offset', 'earliest', '--isolation-level', 'read_committed'],
    ...['--max-messages', String(count), '--timeout-ms', '60000'],
  ]);
  // It says on the same output that it has waited.
  return stdout.split('\n').filter((line) => /^\d+$/.test(line));
}

/** The n-th request of that kind is met, once; gives a promise of that moment. */
function atNth(
  proxy: FaultProxy,
  apiKey: number,
  nth: number,
  decision: Decision,
  meet = () => {},
  ids: string = APPLICATION,
): Promise<void> {
  let seen = 0;
  return new Promise((resolve) => {
    proxy.script = (head) => {
      if (head.apiKey !== apiKey || !head.transactionalId?.startsWith(ids)) return undefined;
      if (++seen !== nth) return undefined;
      meet();
      resolve();
      return decision;
    };
  });
}

async function killedAt(
  { name, proxy }: Stage,
  { name: point, apiKey, fault }: Point,
  nth: number,
  ids: 'own' | 'carrier' = 'own',
): Promise<void> {
  await t.test(`${name}: killed ${point}, number ${nth} of ${ids} ids`, async (t) => {
    const copier = new Copier(proxy.address, COUNT, ids === 'own' ? 'rotating' : 'carried');
    // Held back, it arrives when its successor's requests have been answered, or its successor's wait is over.
    const decision = { fault, delayMs: 3_000, others: ids === 'own' ? 6 : 1 };
    await atNth(proxy, apiKey, nth, decision, () => copier.kill(), ids === 'own' ? APPLICATION : CARRIER);
    t.equal(await copier.end(), null, 'it is dead');
  });
}

/** The connection is lost and the process lives: `begun` says how often it has to acquire anew for that. */
async function cutAt(
  { name, proxy }: Stage,
  apiKey: number,
  fault: Fault,
  mode: 'alone' | 'rotating',
  begun: number,
): Promise<void> {
  const what = Object.entries(API).find(([, key]) => key === apiKey)?.[0];
  const says = begun === 0 ? 'is sent again' : 'ends the ownership';
  await t.test(`${name}: ${what}, ${fault}, ${mode}, ${says}`, async (t) => {
    const copier = new Copier(proxy.address, COUNT, mode);
    t.equal(await copier.line(), 'acquired');
    await atNth(proxy, apiKey, 3, { fault, delayMs: 0, others: 0 });
    await atNth(proxy, API.endTxn, 6, { fault: 'cutBefore', delayMs: 0, others: 0 }, () => copier.kill());
    const lines: string[] = [];
    for (let line = await copier.line(); line !== undefined; line = await copier.line()) lines.push(line);
    t.equal(lines.filter((line) => line === 'acquired').length, begun, lines.join('; '));
  });
}

async function zombie({ name, proxy }: Stage, ids: 'own' | 'carrier' = 'own'): Promise<void> {
  const says = `a process that stood still with ${ids} ids is fenced by its successor, whatever it had begun`;
  await t.test(`${name}: ${says}`, async (t) => {
    const old = new Copier(proxy.address, COUNT, ids === 'own' ? 'once' : 'carried-once');
    const stops = { fault: 'slow', delayMs: 1, others: 0 } as const;
    await atNth(proxy, API.endTxn, 4, stops, () => old.stop(), ids === 'own' ? APPLICATION : CARRIER);
    const successor = new Copier(proxy.address, COUNT);
    t.equal(await successor.line(), 'acquired');
    await atNth(proxy, API.endTxn, 3, { fault: 'slow', delayMs: 1, others: 0 }, () => old.goOn());
    t.equal(await old.end(), 3, 'FENCED');
    await atNth(proxy, API.endTxn, 3, { fault: 'cutBefore', delayMs: 0, others: 0 }, () => successor.kill());
    await successor.end();
  });
}

async function brokerKilled({ name, proxy, server }: Stage): Promise<void> {
  await t.test(`${name}: the broker is killed in between, and comes back`, async (t) => {
    const copier = new Copier(proxy.address, COUNT);
    for (const apiKey of [API.produce, API.endTxn]) {
      await atNth(proxy, apiKey, 4, { fault: 'slow', delayMs: 1, others: 0 });
      await server.kill();
      await server.restart();
    }
    await atNth(proxy, API.endTxn, 4, { fault: 'cutBefore', delayMs: 0, others: 0 }, () => copier.kill());
    t.equal(await copier.end(), null);
  });
}

import t from 'tap';
import { partitionForKey } from '../../../../engine/batch/index.ts';
import { openKafkaLog } from '../../../../engine/log/kafka/index.ts';
import { startKafka } from '../../../support/kafka-server.ts';
import { needs } from '../../../support/needs.ts';
import { batches, readAll, values } from './texts.ts';

if (needs(t, 'java', 'mvn')) await main();

async function main(): Promise<void> {
  const server = await startKafka();
  const log = openKafkaLog({ bootstrap: [server.bootstrap] });
  const reader = log.openReader();
  t.teardown(async () => {
    await log.close();
    await server.stop();
  });

  const topic = async (name: string, partitions = 1) => {
    await log.createTopics([{ name, partitions, cleanup: 'delete' }]);
    return name;
  };

  t.test('keys go where Java’s default partitioner sends them', async (t) => {
    const name = await topic('partitioner', 7);
    const keys = Array.from({ length: 400 }, (_, i) => `${'k'.repeat(i % 23)}${i * 7919}${'ü'.repeat(i % 3)}`);
    const input = keys.map((key) => `${key}\t${key}\n`).join('');
    const produced = await server.tool(
      'org.apache.kafka.tools.ConsoleProducer',
      ['--bootstrap-server', server.bootstrap, '--topic', name, '--property', 'parse.key=true'],
      input,
    );
    t.equal(produced.code, 0, produced.stderr);
    const found = new Map<string, number>();
    for (let partition = 0; partition < 7; partition++) {
      for (const { key } of await readAll(reader, name, partition)) found.set(key ?? '', partition);
    }
    t.equal(found.size, keys.length);
    const ours = keys.map((key) => [key, partitionForKey(Buffer.from(key), 0, Buffer.byteLength(key), 7)]);
    t.same(Object.fromEntries(found), Object.fromEntries(ours));
  });

  const lines = Array.from({ length: 200 }, (_, i) => `reading ${i}: ${'0123456789'.repeat(i % 9)}`);
  for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd']) {
    t.test(`batches that the Java client wrote with ${codec} are read`, async (t) => {
      const name = await topic(`java-${codec}`);
      const args = ['--bootstrap-server', server.bootstrap, '--topic', name, '--compression-codec', codec];
      const produced = await server.tool('org.apache.kafka.tools.ConsoleProducer', args, lines.join('\n'));
      t.equal(produced.code, 0, produced.stderr);
      const { bytes, start } = await reader.fetch(name, 0, 0, 1_000_000);
      t.equal(bytes[start + 22], ['none', 'gzip', 'snappy', 'lz4', 'zstd'].indexOf(codec), 'the batch names its codec');
      t.same(values(await readAll(reader, name)), lines);
    });
  }

  for (const codec of ['none', 'lz4', 'zstd'] as const) {
    t.test(`the Java client reads what we wrote with ${codec}`, async (t) => {
      const name = await topic(`ours-${codec}`);
      await log.commit({ appends: [{ topic: name, partition: 0, bytes: batches(lines, codec, 3000) }] });
      const args = ['--bootstrap-server', server.bootstrap, '--topic', name, '--from-beginning'];
      const consumed = await server.tool('org.apache.kafka.tools.consumer.ConsoleConsumer', [
        ...args,
        '--max-messages',
        String(lines.length),
        '--timeout-ms',
        '60000',
      ]);
      t.same(consumed.stdout.trimEnd().split('\n'), lines, consumed.stderr);
    });
  }
}

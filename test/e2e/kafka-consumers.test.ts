// Time limit: 900 s.
/**
 * Consumers that are not ours see each reading once, whatever was killed on the way: Java's console consumer, and
 * Python's confluent-kafka, which decodes what it reads with the schemas of the embedded registry, and which puts what
 * it writes into other partitions than Java and msec do.
 */
import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { partitionForKey } from '../../engine/batch/index.ts';
import { encodeFrameRecord, KIND_ENVELOPE, signEnvelope } from '../../schemas/envelope/index.ts';
import { type Running, recordsIn, startUp, type TailedRecord, tail } from '../cli/run-cli.ts';
import { startKafka } from '../support/kafka-server.ts';
import { needs } from '../support/needs.ts';
import { makePython } from '../support/python.ts';

t.setTimeout(890_000);

const TOPIC = 'device.readings';
const FLEET = ['--devices', '4', '--rate', '100', '--faults', '0', '--workers', '1'];
const CONSUMER = 'confluent-kafka[avro,schemaregistry]==2.16.1';

interface Reading extends TailedRecord {
  readonly value: {
    readonly kind?: string;
    readonly device: string;
    readonly bootEpoch: number;
    readonly sequence: number;
  };
}

const PARTITIONS = 4;
const FOREIGN_IDS = Array.from({ length: 12 }, (_, i) => `foreign-${i}`);

const numberOf = ({ value }: Reading) => `${value.device}/${value.bootEpoch}/${value.sequence}`;

/** Reads the topic to its present end, read committed, and prints each value as the registry's schemas decode it. */
const PROGRAM = `
import json, sys
from confluent_kafka import Consumer, TopicPartition, KafkaError, OFFSET_BEGINNING
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

brokers, registry, topic = sys.argv[1:4]
decode = AvroDeserializer(SchemaRegistryClient({"url": registry}))
consumer = Consumer({"bootstrap.servers": brokers, "group.id": "analyst", "isolation.level": "read_committed",
                     "enable.auto.commit": False, "enable.partition.eof": True})
partitions = list(consumer.list_topics(topic).topics[topic].partitions)
consumer.assign([TopicPartition(topic, p, OFFSET_BEGINNING) for p in partitions])
left = set(partitions)
while left:
    message = consumer.poll(300)
    if message is None:
        raise SystemExit("nothing came for 300 s")
    if message.error():
        if message.error().code() != KafkaError._PARTITION_EOF:
            raise SystemExit(str(message.error()))
        left.discard(message.partition())
        continue
    value = decode(message.value(), SerializationContext(topic, MessageField.VALUE))
    print(json.dumps({"partition": message.partition(), "offset": message.offset(), "value": value}, default=str))
consumer.close()
`;

/** Writes each record by the client's own partitioner, and prints where it came to lie. */
const PRODUCER = `
import sys
from confluent_kafka import Producer

brokers, topic = sys.argv[1:3]
producer = Producer({"bootstrap.servers": brokers})
def told(error, message):
    if error:
        raise SystemExit(str(error))
    print(message.key().decode(), message.partition())
for line in sys.argv[3:]:
    key, value = line.split(" ")
    producer.produce(topic, key=key.encode(), value=bytes.fromhex(value), on_delivery=told)
producer.flush(300)
`;

t.test('each acknowledged frame is one reading for Java and for Python, after kill -9 too', async (t) => {
  if (!needs(t, 'java', 'mvn', 'python3-venv')) return;
  const kafka = await startKafka();
  t.teardown(() => kafka.stop());
  const preparing = makePython([CONSUMER]);
  preparing.catch(() => undefined);
  const cwd = t.testdir({ 'msec.yaml': 'registry: {port: 0}\n' });
  const onKafka = ['--kafka', kafka.bootstrap];

  const killed = await startUp([...onKafka, ...FLEET], { cwd });
  await recordsIn(killed, TOPIC, 60);
  killed.kill('SIGKILL');
  await killed.ended;
  const again = await startUp([...onKafka, ...FLEET], { cwd });
  await recordsIn(again, TOPIC, (await recordsIn(again, TOPIC, 0)) + 40);
  again.kill('SIGINT');
  t.same(await again.ended, [0, null]);

  const sent = (await tail<Reading>(cwd, 'device.frames', onKafka))
    .filter(({ value }) => value?.kind === 'signed envelope')
    .map(numberOf)
    .toSorted();
  // Whoever reads needs the registry; the fleet stays away.
  const last = await startUp([...onKafka, '--no-fleet', '--workers', '1'], { cwd });
  t.teardown(() => last.kill('SIGKILL'));
  let ours: Reading[] = [];
  while (new Set(ours.map(numberOf)).size < new Set(sent).size) ours = await tail<Reading>(cwd, TOPIC, onKafka);
  t.same(ours.map(numberOf).toSorted(), sent, 'for msec itself');

  const python = await preparing;
  t.teardown(() => python.remove());
  const printed = await python.run(PROGRAM, [kafka.bootstrap, last.said.registry!, TOPIC]);
  const decoded = printed
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Reading);
  t.same(decoded.map(numberOf).toSorted(), sent, 'for Python');
  const place = ({ partition, offset }: TailedRecord) => `${partition} ${offset}`;
  t.same(decoded.map(place).toSorted(), ours.map(place).toSorted());
  t.ok(
    decoded.every(({ value }) => 'eventTime' in value),
    'with every field by its name',
  );

  const { stdout, stderr } = await kafka.tool('org.apache.kafka.tools.consumer.ConsoleConsumer', [
    ...['--bootstrap-server', kafka.bootstrap, '--topic', TOPIC, '--from-beginning'],
    ...['--isolation-level', 'read_committed', '--max-messages', String(ours.length), '--timeout-ms', '300000'],
    ...['print.value=false', 'print.offset=true', 'print.partition=true'].flatMap((property) => [
      '--property',
      property,
    ]),
  ]);
  const java = [...stdout.matchAll(/Partition:(\d+)\tOffset:(\d+)/g)].map(
    ([, partition, offset]) => `${partition} ${offset}`,
  );
  t.same(java.toSorted(), ours.map(place).toSorted(), `for Java ${stderr.slice(-500)}`);

  // Python's client partitions by CRC-32: some of what it writes lies where no task may handle it, and is moved.
  const enrolled = await Promise.all(FOREIGN_IDS.map((id, i) => enrol(last, join(cwd, 'data', 'admin-token'), id, i)));
  const lines = enrolled.map(({ id, frame }) => `${id} ${Buffer.from(frame).toString('hex')}`);
  const landed = (await python.run(PRODUCER, [kafka.bootstrap, 'device.frames', ...lines])).trim().split('\n');
  const home = (id: string) => partitionForKey(Buffer.from(id), 0, id.length, PARTITIONS);
  const foreign = landed.filter((line) => Number(line.split(' ')[1]) !== home(line.split(' ')[0]!));
  t.ok(foreign.length > 0, `${foreign.length} of ${landed.length} were in another partition than their key's`);
  let theirs: Reading[] = [];
  const isTheirs = ({ value }: Reading) => FOREIGN_IDS.includes(value.device);
  while (theirs.length < FOREIGN_IDS.length) theirs = (await tail<Reading>(cwd, TOPIC, onKafka)).filter(isTheirs);
  t.same(
    theirs.map(({ partition, value }) => `${value.device} ${partition}`).toSorted(),
    FOREIGN_IDS.map((id) => `${id} ${home(id)}`).toSorted(),
    'each is one reading, where its key belongs',
  );
  last.kill('SIGINT');
  t.same(await last.ended, [0, null]);
});

/** Enrols a device and signs a first frame of it, as it stands in the log behind a bridge. */
async function enrol(
  running: Running,
  tokenFile: string,
  id: string,
  number: number,
): Promise<{ readonly id: string; readonly frame: Uint8Array }> {
  const identity = `86772303004${String(number).padStart(4, '0')}`;
  const answer = await fetch(`${running.said.console}/api/devices`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${readFileSync(tokenFile, 'utf8').trim()}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ deviceId: id, type: 'enmon', identity }),
  });
  const { secrets } = (await answer.json()) as { secrets: { privateKeyPem: string; keyId: string } };
  const key = { keyId: Buffer.from(secrets.keyId, 'hex'), privateKey: createPrivateKey(secrets.privateKeyPem) };
  const payload = Buffer.from(`01001c00000000${Buffer.from(identity).toString('hex')}000dd00040007c0235`, 'hex');
  const fields = { deviceId: id, bootEpoch: 1, sequence: 0, deviceTimeMs: Date.now(), payload };
  return { id, frame: encodeFrameRecord(KIND_ENVELOPE, signEnvelope(fields, key)) };
}

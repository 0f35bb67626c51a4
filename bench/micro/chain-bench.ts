/**
 * What the log of interactions costs the task that keeps scores: entries a second through the actor `chain`, called as
 * `trust` calls it, with the bytes that leave it. One core; the least of several rounds.
 *   bin/node24 bench/micro/chain-bench.ts [--entries 500000] [--rounds 5]
 */
import { generateKeyPairSync } from 'node:crypto';
import { parseArgs } from 'node:util';
import { type ChainContext, ChainTask, chainState } from '../../actors/chain/chain.ts';
import { CHAIN_DEFAULTS } from '../../actors/chain/index.ts';
import { KeyTable } from '../../engine/batch/index.ts';
import { ByteWriter, type Output } from '../../engine/index.ts';
import { RowStore } from '../../engine/state/index.ts';
import { trustLogTopics } from '../../schemas/topics/index.ts';
import { acceptedOf } from '../../test/support/trust-log.ts';

const { values } = parseArgs({
  options: { entries: { type: 'string', default: '500000' }, rounds: { type: 'string', default: '5' } },
});
const ENTRIES = Number(values.entries);
const TRUSTEES = 1_000;
/** As often as a task settles, at least. */
const SETTLE = 2_048;

const topics = trustLogTopics();
for (const { codec } of [topics.log, topics.checkpoints])
  codec.bindSchemaIds?.(new Map((codec.schemas ?? []).map(({ subject }) => [subject, 1])));

const accepted = Array.from({ length: TRUSTEES }, (_, i) =>
  acceptedOf({
    id: `interaction-${i}`,
    trustor: `sensor-${(7 * i) % TRUSTEES}`,
    trustee: `sensor-${i}`,
    service: 'temperature',
    satisfaction: (i % 101) / 100,
    weight: 1,
    timeMs: 1_770_000_000_000 + i,
  }),
);

for (let round = 0; round < Number(values.rounds); round++) {
  const { seconds, bytes } = run();
  console.log(`${Math.round(ENTRIES / seconds)} entries/s, ${Math.round(bytes / ENTRIES)} bytes each`);
}

function run(): { seconds: number; bytes: number } {
  const keys = new KeyTable();
  const rows = new RowStore(keys, chainState.chain.rowBytes);
  const writer = new ByteWriter(1 << 20);
  let bytes = 0;
  const output = <V>(topic: { codec: { encode(value: V, writer: ByteWriter): void } }): Output<V> => ({
    emit: () => undefined,
    emitFor(_keyId, value) {
      writer.clear();
      topic.codec.encode(value, writer);
      bytes += writer.position;
    },
    emitKeyed: () => undefined,
    emitBeside: () => undefined,
    removeBeside: () => undefined,
    emitRun: () => undefined,
  });
  const context: ChainContext = {
    out: { log: output(topics.log), checkpoints: output(topics.checkpoints) },
    state: { chain: rows },
    keys,
    partition: 0,
    watermark: () => 0,
    inputWatermark: () => 0,
    deadLetter: () => undefined,
    sourceOffset: () => 0,
    deadLetterKept: () => undefined,
    count: () => undefined,
  };
  const ids = accepted.map((_, i) => {
    const name = new TextEncoder().encode(`sensor-${i}`);
    const id = keys.intern(name, 0, name.length);
    keys.retain(id);
    return id;
  });
  const task = new ChainTask(context, { ...CHAIN_DEFAULTS, key: generateKeyPairSync('ed25519').privateKey });
  const record = { keyId: 0, timestamp: 0, value: accepted[0]!, keyText: () => '' };
  const from = performance.now();
  for (let i = 0; i < ENTRIES; i++) {
    record.keyId = ids[i % TRUSTEES]!;
    record.timestamp = 1_770_000_000_000 + i;
    record.value = accepted[i % TRUSTEES]!;
    task.process(record);
    if (i % SETTLE === 0) rows.settle();
  }
  return { seconds: (performance.now() - from) / 1000, bytes };
}

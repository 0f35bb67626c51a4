/** The engine over Kafka in a process that tells once a second what memory it holds and what its workers allocated. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { BroadcastChannel } from 'node:worker_threads';
import { type KafkaEngineTask, startKafkaEngine } from '../../load/kafka-engine.ts';
import { ALLOCATED_CHANNEL, type Allocated } from './counted-topology.ts';

export interface KafkaSoakSample {
  readonly anonymousBytes: number;
  /** Of V8's heaps, by all workers since they began. */
  readonly allocatedBytes: number;
}

const SAMPLE_MS = 1000;

const { close } = await startKafkaEngine(JSON.parse(process.argv[2]!) as KafkaEngineTask);
const allocated = new Map<number, number>();
const channel = new BroadcastChannel(ALLOCATED_CHANNEL);
channel.onmessage = (event) => {
  const { thread, bytes } = (event as { readonly data: Allocated }).data;
  allocated.set(thread, bytes);
};
setInterval(() => {
  const status = readFileSync('/proc/self/status', 'latin1');
  const sample: KafkaSoakSample = {
    anonymousBytes: Number(/^RssAnon:\s+(\d+) kB$/m.exec(status)![1]) * 1024,
    allocatedBytes: [...allocated.values()].reduce((sum, bytes) => sum + bytes, 0),
  };
  console.log(JSON.stringify(sample));
}, SAMPLE_MS);
process.stdin.resume();
await once(process.stdin, 'end');
await close();
process.exit(0);

/** The engine over Kafka in a process that prints often what its threads have allocated so far, a number a line. */
import { once } from 'node:events';
import { BroadcastChannel } from 'node:worker_threads';
import { ALLOCATED_CHANNEL, type Allocated, ExternalGrowth } from '../../load/allocations.ts';
import { type KafkaEngineTask, startKafkaEngine } from '../../load/kafka-engine.ts';
import type { CountedTopology } from './counted-topology.ts';

const PERIOD_MS = 50;
const LOOK_MS = 1;

const task = JSON.parse(process.argv[2]!) as KafkaEngineTask;
const { close } = await startKafkaEngine(task);
const allocated = new Map<number, number>();
const channel = new BroadcastChannel(ALLOCATED_CHANNEL);
channel.onmessage = (event) => {
  const { thread, bytes } = (event as { readonly data: Allocated }).data;
  allocated.set(thread, bytes);
};
// This thread receives and sends what the workers wrote.
const own = new ExternalGrowth();
if ((task.config as CountedTopology).counted === 'external') setInterval(() => own.look(), LOOK_MS);
setInterval(() => {
  console.log([...allocated.values()].reduce((sum, bytes) => sum + bytes, own.bytes));
}, PERIOD_MS);
process.stdin.resume();
await once(process.stdin, 'end');
await close();
process.exit(0);

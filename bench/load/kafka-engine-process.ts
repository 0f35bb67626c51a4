/** The engine over Kafka in a process of its own; its task as JSON in the first argument. Says `running` once it does, drains when its input ends. */
import { once } from 'node:events';
import { type KafkaEngineTask, startKafkaEngine } from './kafka-engine.ts';

const { close } = await startKafkaEngine(JSON.parse(process.argv[2]!) as KafkaEngineTask);
console.log('running');
process.stdin.resume();
await once(process.stdin, 'end');
await close();

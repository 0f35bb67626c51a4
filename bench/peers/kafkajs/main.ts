/** As many threads of windows.ts as the task says, in a process that ends when its standard input does. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { KafkajsTask } from './peer.ts';

const task = JSON.parse(process.argv[2]!) as KafkajsTask;
for (let thread = 0; thread < task.threads; thread++) {
  const worker = new Worker(new URL('./windows.ts', import.meta.url), { workerData: { ...task, thread } });
  worker.on('error', (error) => console.error(error));
  worker.on('exit', () => process.exit(1));
}
process.stdin.resume();
await once(process.stdin, 'end');
process.exit(0);

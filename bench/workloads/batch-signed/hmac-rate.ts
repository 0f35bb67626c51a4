/** How many HMACs of an envelope's length node:crypto makes a second on so many threads, with nothing beside it. */
import { createHmac, createSecretKey, randomBytes } from 'node:crypto';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

/** An envelope of a session with an EnMon frame, without its MAC. */
export const MESSAGE_BYTES = 15 + 12 + 8 + 20 + 4 + 31;
const MESSAGES = 1_024;
const SECONDS = 1;

export async function hmacRate(threads: number): Promise<number> {
  const workers = Array.from({ length: threads }, () => new Worker(new URL(import.meta.url), { workerData: SECONDS }));
  const rates = await Promise.all(
    workers.map(
      (worker) => new Promise<number>((resolve, reject) => worker.once('message', resolve).once('error', reject)),
    ),
  );
  return rates.reduce((sum, rate) => sum + rate, 0);
}

function run(seconds: number): number {
  const key = createSecretKey(randomBytes(32));
  const messages = Array.from({ length: MESSAGES }, () => randomBytes(MESSAGE_BYTES));
  let made = 0;
  let startedAt = 0;
  // The first half second is for the compiler.
  for (const until of [performance.now() + 500, performance.now() + 500 + seconds * 1000]) {
    made = 0;
    startedAt = performance.now();
    while (performance.now() < until) {
      for (const message of messages) if (createHmac('sha256', key).update(message).digest()[0]! < 256) made++;
    }
  }
  return (made * 1000) / (performance.now() - startedAt);
}

if (!isMainThread && workerData === SECONDS) parentPort?.postMessage(run(SECONDS));

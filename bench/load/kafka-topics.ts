/** Topics of one run of one side, which are not to be in the way of the next. */
import { setTimeout as pause } from 'node:timers/promises';
import { Kafka, logLevel } from 'kafkajs';

const PAUSE_MS = 20;

/** All whose names begin with `prefix`. */
export async function deleteTopics(bootstrap: string, prefix: string): Promise<void> {
  const admin = new Kafka({ brokers: [bootstrap], logLevel: logLevel.ERROR }).admin();
  await admin.connect();
  const topics = (await admin.listTopics()).filter((name) => name.startsWith(prefix));
  await admin.deleteTopics({ topics });
  // The broker hears of it a moment later, and whoever describes its topics meanwhile meets one that is gone.
  while ((await admin.listTopics()).some((name) => name.startsWith(prefix))) await pause(PAUSE_MS);
  await admin.disconnect();
}

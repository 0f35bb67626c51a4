/** Topics of one run of one side, which are not to be in the way of the next. */
import { Kafka, logLevel } from 'kafkajs';

/** All whose names begin with `prefix`. */
export async function deleteTopics(bootstrap: string, prefix: string): Promise<void> {
  const admin = new Kafka({ brokers: [bootstrap], logLevel: logLevel.ERROR }).admin();
  await admin.connect();
  const topics = (await admin.listTopics()).filter((name) => name.startsWith(prefix));
  await admin.deleteTopics({ topics });
  await admin.disconnect();
}

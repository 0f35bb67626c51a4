/** Removes topics for good: for whoever made them for a while. The engine itself never removes one. */
import { systemClock } from '../../base/index.ts';
import { answerError, Cluster, KAFKA_ERROR, NO_ERROR } from './client/index.ts';
import { deleteTopics as deleteTopicsMessage, ZERO_UUID } from './protocol/index.ts';
import type { KafkaReaderDescriptor } from './settings.ts';

/** Resolves once the brokers have taken them away; one that does not exist is no mistake. DEPENDENCY_DOWN. */
export async function deleteKafkaTopics(settings: KafkaReaderDescriptor, names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  const requestTimeoutMs = settings.requestTimeoutMs ?? 30_000;
  const cluster = new Cluster({
    network: undefined,
    bootstrap: settings.bootstrap,
    clientId: settings.clientId ?? 'msec',
    clock: systemClock,
    requestTimeoutMs,
    retryMsMax: settings.retryMsMax ?? 60_000,
    tls: settings.tls,
    sasl: settings.sasl,
  });
  try {
    await cluster.retry(async () => {
      const connection = await cluster.anyConnection();
      const request = {
        topics: names.map((name) => ({ name, topicId: ZERO_UUID })),
        topicNames: names,
        timeoutMs: requestTimeoutMs,
      };
      const { responses } = await connection.request(deleteTopicsMessage, request, { extraMs: requestTimeoutMs });
      for (const { name, errorCode, errorMessage } of responses) {
        if (errorCode === NO_ERROR || errorCode === KAFKA_ERROR.UNKNOWN_TOPIC_OR_PARTITION) continue;
        throw answerError(errorCode, `DeleteTopics of ${name}`, errorMessage);
      }
    });
  } finally {
    cluster.close();
  }
}

/** A broker that knows only the fault proxy's address, the proxy before it, and the clients by their names. */
import { type KafkaOptions, type KafkaServer, startKafka } from '../../support/kafka-server.ts';
import { kafkajsClient } from './clients/kafkajs-client.ts';
import type { ListClient } from './clients/list-client.ts';
import { msecCarriersClient, msecClient } from './clients/msec-client.ts';
import { platformaticClient } from './clients/platformatic-client.ts';
import { FaultProxy } from './proxy/fault-proxy.ts';

export const CLIENTS = {
  kafkajs: async (bootstrap: string) => kafkajsClient(bootstrap),
  platformatic: platformaticClient,
  msec: async (bootstrap: string) => msecClient(bootstrap),
  'msec-carriers': async (bootstrap: string) => msecCarriersClient(bootstrap),
} as const satisfies Record<string, (bootstrap: string) => Promise<ListClient>>;

export type ClientName = keyof typeof CLIENTS;

export interface Stage {
  readonly proxy: FaultProxy;
  readonly server: KafkaServer;
  close(): Promise<void>;
}

export async function openStage(options: KafkaOptions = {}): Promise<Stage> {
  const proxy = await FaultProxy.listen();
  try {
    const server = await startKafka(
      {
        'advertised.listeners': `PLAINTEXT://${proxy.address}`,
        // What an instance leaves behind is aborted soon, so that no round waits for it.
        'transaction.abort.timed.out.transaction.cleanup.interval.ms': '500',
      },
      options,
    );
    proxy.forwardTo(server.bootstrap);
    return {
      proxy,
      server,
      async close() {
        await proxy.close();
        await server.stop();
      },
    };
  } catch (error) {
    await proxy.close();
    throw error;
  }
}

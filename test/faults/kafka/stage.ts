/** A broker that knows only the fault proxy's address, the proxy before it, and the clients by their names. */
import { type KafkaOptions, type KafkaServer, startKafka } from '../../support/kafka-server.ts';
import { kafkajsClient } from './clients/kafkajs-client.ts';
import type { ListClient, Patience } from './clients/list-client.ts';
import { msecCarriersClient, msecClient } from './clients/msec-client.ts';
import { platformaticClient } from './clients/platformatic-client.ts';
import { FaultProxy } from './proxy/fault-proxy.ts';

type OpenClient = (bootstrap: string, patience?: Patience) => Promise<ListClient>;

const clientsOf = <Name extends string>(clients: Readonly<Record<Name, OpenClient>>) => clients;

export const CLIENTS = clientsOf({
  kafkajs: async (bootstrap, patience) => kafkajsClient(bootstrap, patience),
  platformatic: platformaticClient,
  msec: async (bootstrap, patience) => msecClient(bootstrap, patience),
  'msec-carriers': async (bootstrap) => msecCarriersClient(bootstrap),
});

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

// Time limit: 900 s.
/** The simulated broker and real ones, asked the same: what the simulator says is worth what this test says. */
import t from 'tap';
import { startKafka } from '../../../support/kafka-server.ts';
import { needs } from '../../../support/needs.ts';
import { brokerSuite } from './broker-cases.ts';
import { directBroker, directNetwork } from './direct-network.ts';

t.setTimeout(890_000);

const VERSIONS = [1, 2] as const;

for (const version of VERSIONS) {
  void t.test(`the simulated broker, transaction.version ${version}`, async (t) => {
    const broker = { host: 'broker', port: 9092, network: directNetwork(directBroker(version)) };
    brokerSuite(t, () => Promise.resolve(broker), version);
  });
}
if (needs(t, 'java', 'mvn')) {
  for (const version of VERSIONS) {
    void t.test(`Kafka 4.1, transaction.version ${version}`, async (t) => {
      const server = await startKafka({}, { features: { 'transaction.version': version } });
      t.teardown(() => server.stop());
      const [host = '', port] = server.bootstrap.split(':');
      brokerSuite(t, () => Promise.resolve({ host, port: Number(port) }), version);
    });
  }
}

// Time limit: 900 s.
import t from 'tap';
import { ALL_SHARE_PARTS, shareSuite } from '../../../../../engine/testkit/share-suite.ts';
import { startKafka } from '../../../../support/kafka-server.ts';
import { needs } from '../../../../support/needs.ts';
import { openProcessGroup, SHORT_SESSIONS, sessionMsOf } from './member-processes.ts';

if (needs(t, 'java', 'mvn')) await main();

async function main(): Promise<void> {
  const server = await startKafka(SHORT_SESSIONS);
  t.teardown(() => server.stop());
  t.test('the newer protocol is chosen by itself', async (t) => {
    const group = await openProcessGroup(server, 'auto');
    const member = await group.join();
    const list = ['--bootstrap-server', server.bootstrap, '--list', '--type', 'consumer'];
    const { stdout } = await server.tool('org.apache.kafka.tools.consumer.group.ConsumerGroupCommand', list);
    t.match(stdout, new RegExp(`${group.name}\\s+Consumer`));
    await member.close();
  });
  shareSuite(
    t,
    'kafka 4.1, consumer protocol',
    (part) => openProcessGroup(server, 'consumer', sessionMsOf(part)),
    ALL_SHARE_PARTS,
  );
  shareSuite(
    t,
    'kafka 4.1, classic protocol',
    (part) => openProcessGroup(server, 'classic', sessionMsOf(part)),
    ALL_SHARE_PARTS,
  );
}

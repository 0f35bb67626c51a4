// Time limit: 900 s.
/** On a cluster without the newer group protocol, the classic one is chosen by itself. */
import t from 'tap';
import { openKafkaShare } from '../../../../../engine/log/kafka/index.ts';
import { ALL_SHARE_PARTS, shareSuite } from '../../../../../engine/testkit/share-suite.ts';
import { RESTARTED, startKafka } from '../../../../support/kafka-server.ts';
import { needs } from '../../../../support/needs.ts';
import { openProcessGroup, SHORT_SESSIONS, sessionMsOf } from './member-processes.ts';

if (needs(t, 'java', 'mvn')) await main();

async function main(): Promise<void> {
  const { 'group.min.session.timeout.ms': shortest } = SHORT_SESSIONS;
  const server = await startKafka({ ...RESTARTED, 'group.min.session.timeout.ms': shortest }, { version: '3.9.1' });
  t.teardown(() => server.stop());
  shareSuite(t, 'kafka 3.9', (part) => openProcessGroup(server, 'auto', sessionMsOf(part)), ALL_SHARE_PARTS);

  t.test('the newer protocol is refused where somebody insists on it', async (t) => {
    const group = await openProcessGroup(server, 'auto');
    const options = { bootstrap: [server.bootstrap], topic: group.name };
    const share = openKafkaShare({ ...options, protocol: 'consumer' });
    const holder = { change: async () => {}, lost: () => {} };
    await t.rejects(share.start(holder), { code: 'CONFIG_INVALID', field: 'protocol' });
    await t.rejects(openKafkaShare({ ...options, topic: 'nowhere' }).start(holder), { code: 'TOPIC_UNKNOWN' });
  });
}

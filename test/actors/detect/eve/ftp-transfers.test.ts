/** FTP with its data connections: every EVE record of generated sessions beside those of Suricata 7.0.10. */
import t from 'tap';
import type { EveRecord } from '../../../../actors/detect/index.ts';
import { needs } from '../../../support/needs.ts';
import { pcapOf } from '../captures.ts';
import { Dice } from '../protocols/dice.ts';
import { TRANSFER_RULES, transferPackets } from '../protocols/ftp-transfers.ts';
import { differences, ourRecords, suricataRecords, tell } from './beside-suricata.ts';

t.setTimeout(590_000);

const SESSIONS = 100;
/** Of so many records: connections without a byte, or without an end. */
const DIFFERING = 0.03;

const sceneOf = (seed: number, sessions: number): Parameters<typeof ourRecords>[0] => ({
  capture: pcapOf(transferPackets(new Dice(seed), sessions), { isBig: false, isNano: false }),
  rules: `${TRANSFER_RULES.join('\n')}\n`,
  midstream: false,
});

/** Numbers of flows are each engine's own. */
const comparable = (records: readonly EveRecord[]): EveRecord[] =>
  records.map(({ parent_id, ...record }) => (parent_id === undefined ? record : { ...record, hasParent: true }));

t.test('files fetched and stored, passive and active', async (t) => {
  if (!needs(t, 'suricata')) return;
  const scene = sceneOf(7, SESSIONS);
  const theirs = comparable(suricataRecords(scene));
  t.ok(theirs.filter(({ event_type: type }) => type === 'ftp_data').length > SESSIONS);
  const found = differences(comparable(ourRecords(scene)), theirs);
  t.comment(`${found.length} of ${theirs.length} records differ`);
  const told = found.map((one) => tell(one).join(' · ')).join('\n');
  t.ok(found.length <= theirs.length * DIFFERING, `${found.length} of ${theirs.length} differ:\n${told}`);
});

t.test('a file and who announced it, without a second opinion', async (t) => {
  const records = ourRecords(sceneOf(3, 4));
  const ofFlow = (type: string): EveRecord[] => records.filter(({ event_type }) => event_type === type);
  const controls = new Set(ofFlow('ftp').map(({ flow_id }) => flow_id));
  const files = ofFlow('fileinfo');
  t.ok(files.length > 2);
  for (const { app_proto, parent_id, fileinfo } of files) {
    t.equal(app_proto, 'ftp-data');
    t.ok(controls.has(parent_id), 'its flow is told with that of the control connection');
    t.match(fileinfo, { state: 'CLOSED', size: Number });
  }
});

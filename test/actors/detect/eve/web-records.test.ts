/** Records of connections of spoilt HTTP beside those of Suricata 7.0.10, alerts left out. `npm run ids-records -- --web --cases N` takes more. */
import t from 'tap';
import { needs } from '../../../support/needs.ts';
import { differences, ourRecords, suricataRecords, tell } from './beside-suricata.ts';
import { webScene } from './scenes.ts';

t.setTimeout(590_000);

const CONNECTIONS = 100;
/** Records that are known to differ; the number may only fall. */
const KNOWN = 128;

t.test('what spoilt HTTP leaves is told as Suricata tells it', async (t) => {
  if (!needs(t, 'suricata')) return;
  const scene = { ...webScene(1, CONNECTIONS), rules: '' };
  const theirs = suricataRecords(scene);
  const found = differences(ourRecords(scene), theirs);
  t.ok(
    found.length <= KNOWN,
    `${found.length} of ${theirs.length} differ\n${found.map((one) => tell(one).join(' · ')).join('\n')}`,
  );
  t.ok(theirs.length > 700, `${theirs.length} records were compared`);
});

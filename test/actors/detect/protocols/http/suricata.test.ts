import t from 'tap';
import { needs } from '../../../../support/needs.ts';
import { differences } from './ask-suricata.ts';
import { CONNECTIONS, SPOILT_CODINGS } from './connections.ts';

t.test('buffers, records and files are those of Suricata', async (t) => {
  if (!needs(t, 'suricata')) return;
  t.same(differences([...CONNECTIONS, ...SPOILT_CODINGS]), []);
});

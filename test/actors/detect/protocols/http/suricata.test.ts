import fc from 'fast-check';
import t from 'tap';
import { needs } from '../../../../support/needs.ts';
import { differences } from './ask-suricata.ts';
import { CONNECTIONS, CUT_SHORT, SPOILT_CODINGS } from './connections.ts';

t.test('buffers, records and files are those of Suricata', async (t) => {
  if (!needs(t, 'suricata')) return;
  t.same(differences([...CONNECTIONS, ...CUT_SHORT, ...SPOILT_CODINGS]), []);
});

t.test('the files of a form are those of Suricata wherever its stream is cut', async (t) => {
  if (!needs(t, 'suricata')) return;
  const form = CONNECTIONS.find(({ name }) => name === 'multipart')!;
  const lengths = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 30 });
  const cuts = [[1], [3], [2, 4, 2, 5, 5, 54, 7, 14], ...fc.sample(lengths, 100)];
  t.same(differences(cuts.map((segments) => ({ ...form, name: segments.join(), segments }))), []);
});

import fc from 'fast-check';
import t from 'tap';
import { needs } from '../../../../support/needs.ts';
import { differences } from './ask-suricata.ts';
import { CONNECTIONS, CUT_COUNTS, CUT_SHORT, SPOILT_CODINGS } from './connections.ts';

t.test('buffers, records and files are those of Suricata', async (t) => {
  if (!needs(t, 'suricata')) return;
  t.same(differences([...CONNECTIONS, ...CUT_SHORT, ...SPOILT_CODINGS]), []);
});

/**
 * Codings whose first bytes come alone are begun otherwise in Suricata, and it loses the first piece of an answer that comes
 * behind another one to a request without a protocol.
 */
const NOT_ALIKE = new Set(['deflate zlib', 'gzip not', 'gzip not, and other', 'unknown method']);

t.test('where it counts how a stream is cut, it counts as in Suricata', async (t) => {
  if (!needs(t, 'suricata')) return;
  const lengths = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 30 });
  const cuts = [[1], [3], [27], [2, 4, 2, 5, 5, 54, 7, 14], ...fc.sample(lengths, 20)];
  const connections = [...CONNECTIONS, ...SPOILT_CODINGS].filter(
    ({ name }) => CUT_COUNTS.has(name) && !NOT_ALIKE.has(name),
  );
  const cut = connections.flatMap((one) =>
    cuts.map((segments) => ({ ...one, name: `${one.name} ${segments.join()}`, segments })),
  );
  t.same(differences(cut), []);
});

/**
 * Every rule of the groups over the one capture, beside what Suricata 7.0.10 makes of it: whether it is taken, and at which
 * packets it alerts. `ask-suricata.ts` has written the answers; MSEC_SURICATA_KEYWORDS asks again.
 */
import t from 'tap';
import { needs } from '../../../support/needs.ts';
import { suricataAnswers } from './ask-suricata.ts';
import { corpusFile } from './corpus.ts';
import { groupNames, printPackets, readAnswers, readGroup, sidOf } from './groups.ts';
import { KNOWN } from './known.ts';
import { ourAnswers } from './ours.ts';

const capture = corpusFile();

t.test('rules are taken, and alert, as in Suricata', async (t) => {
  let rules = 0;
  const differing = new Set<string>();
  for (const name of groupNames()) {
    const group = readGroup(name);
    const theirs = readAnswers(name);
    const { answers, refused } = ourAnswers(group, capture);
    for (const rule of group.rules) {
      const sid = sidOf(rule);
      const { isAccepted, packets } = answers.get(sid)!;
      const wanted = theirs.get(sid);
      const text = rule.replace(/ sid:\d+;\)$/, ')');
      rules += 1;
      // What cannot be honoured is refused and named.
      if (refused.get(sid)?.kind === 'unsupported') continue;
      const told = isAccepted ? printPackets(packets) : 'refused';
      if (told === wanted) continue;
      differing.add(text);
      if (!KNOWN.has(text)) t.equal(told, wanted, `${name}: ${text}`);
    }
  }
  t.ok(rules > 700, `${rules} rules were asked`);
  t.same(
    [...KNOWN.keys()].filter((rule) => !differing.has(rule)),
    [],
    'what is known to differ still does',
  );
});

t.test('the answers are those of the Suricata that is here', async (t) => {
  if (process.env.MSEC_SURICATA_KEYWORDS === undefined || !needs(t, 'suricata')) return;
  for (const name of groupNames()) {
    const told = [...suricataAnswers(readGroup(name), capture)].map(
      ([sid, { isAccepted, packets }]) => [sid, isAccepted ? printPackets(packets) : 'refused'] as const,
    );
    t.same(new Map(told), readAnswers(name), name);
  }
});

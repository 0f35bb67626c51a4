import t from 'tap';
import { RuleIds } from '../../../../actors/detect/inspect/rule-ids.ts';

t.test(
  'a rule has one number in all sets of a line, also behind one that lacks it, and no other rule gets it',
  async (t) => {
    const ids = new RuleIds();
    const first = [...ids.assign(['a', 'b', 'c'])];
    t.equal(new Set(first).size, 3);
    const [b, d] = ids.assign(['b', 'd']);
    t.equal(b, first[1]);
    t.notOk(first.includes(d!));
    // As when the first set was let go and is made again.
    t.same([...ids.assign(['a', 'b', 'c'])], first);
  },
);

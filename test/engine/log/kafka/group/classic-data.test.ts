import t from 'tap';
import {
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
} from '../../../../../engine/log/kafka/group/classic-data.ts';

t.test('a subscription says what is held since which generation', async (t) => {
  const bytes = encodeSubscription('frames', [2, 5], 7);
  t.same(decodeSubscription('m', bytes, 'frames'), { memberId: 'm', owned: [2, 5], generation: 7 });
  t.equal(decodeSubscription('m', bytes, 'others'), null);
});

t.test('an older subscription has its generation in what is the assignor’s own', async (t) => {
  // Version 1, as the Java client wrote it before it had a field for it: topics, user data, owned partitions.
  const bytes = Buffer.from('000100000001000161000000040000000b000000010001610000000100000003', 'hex');
  t.same(decodeSubscription('m', bytes, 'a'), { memberId: 'm', owned: [3], generation: 11 });
});

t.test('a newer subscription than any of today is read as far as it is known', async (t) => {
  const bytes = Buffer.concat([encodeSubscription('a', [1], 2), Buffer.from('ffff00000000', 'hex')]);
  bytes.writeInt16BE(9, 0);
  t.same(decodeSubscription('m', bytes, 'a'), { memberId: 'm', owned: [1], generation: 2 });
});

t.test('an assignment comes back in order; no bytes are no partitions', async (t) => {
  t.same(decodeAssignment(encodeAssignment('a', [3, 1]), 'a'), [1, 3]);
  t.same(decodeAssignment(encodeAssignment('a', []), 'a'), []);
  t.same(decodeAssignment(encodeAssignment('b', [1]), 'a'), []);
  t.same(decodeAssignment(new Uint8Array(0), 'a'), []);
});

t.test('what is no subscription is refused', async (t) => {
  for (const hex of ['', '0001', '0001ffffffff', '000100000001'])
    t.throws(() => decodeSubscription('m', Buffer.from(hex, 'hex'), 'a'), { name: 'MsecError' }, hex);
});

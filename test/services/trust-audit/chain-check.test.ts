/** Attacks on a log, each of which has to be named at the place where it was made. */
import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import t from 'tap';
import {
  type Checkpoint,
  entryHash,
  LogTree,
  logStart,
  type Note,
  signState,
} from '../../../schemas/trust-log/index.ts';
import { ChainCheck, type ChainResult, type FaultKind } from '../../../services/trust-audit/chain-check.ts';
import { logOf, type TestInteraction, type TestRecord } from '../../support/trust-log.ts';

const { publicKey, privateKey } = generateKeyPairSync('ed25519');

const interactions = (count: number, satisfaction = 0.9): TestInteraction[] =>
  Array.from({ length: count }, (_, i) => ({
    id: `i-${i}`,
    trustor: 'a',
    trustee: `b-${i % 3}`,
    service: 's',
    satisfaction,
    weight: 1,
    timeMs: 1_770_000_000_000 + i,
  }));

/** As the actor writes them, after every `every` entries. */
function checkpointsOf(records: readonly TestRecord[], every: number, key = privateKey, partition = 0): Checkpoint[] {
  const tree = new LogTree();
  const checkpoints: Checkpoint[] = [];
  for (const { value } of records) {
    const head = entryHash(value.subarray(5));
    tree.append(head);
    if (tree.size % every !== 0) continue;
    const state = { partition, size: tree.size, head, root: tree.root() };
    checkpoints.push({ ...state, peaks: tree.peaks(), timeMs: 0, signature: signState(state, key) });
  }
  return checkpoints;
}

function check(
  records: readonly TestRecord[],
  checkpoints: readonly Checkpoint[],
  kept: readonly Note[] = [],
  partition = 0,
): ChainResult {
  const chain = new ChainCheck(partition, checkpoints, kept, publicKey);
  for (const record of records) chain.take(record);
  return chain.result();
}

const first = ({ faults }: ChainResult): [FaultKind, number] | null =>
  faults[0] === undefined ? null : [faults[0].kind, faults[0].index];

const log = logOf(interactions(40));
const checkpoints = checkpointsOf(log, 8);

t.test('a log that nobody has touched holds', async (t) => {
  const result = check(log, checkpoints, checkpoints.slice(1, 2));
  t.same(result, { partition: 0, first: 0, size: 40, checkpoints: 6, uncovered: 0, faults: [], more: 0 });
  t.equal(check(log, checkpoints.slice(0, 4)).uncovered, 8, 'what no checkpoint covers is counted');
});

t.test('one changed byte of any entry breaks the link behind it, or the checkpoint where it is the last', async (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 39 }), fc.nat(), fc.integer({ min: 1, max: 255 }), (index, place, by) => {
      const changed = log.map((record) => ({ ...record, value: Buffer.from(record.value) }));
      const { value } = changed[index]!;
      // Behind the schema's id, which says nothing.
      value[5 + (place % (value.length - 5))]! ^= by;
      const fault = check(changed, checkpoints).faults[0];
      return fault !== undefined && fault.index >= index && fault.index <= index + 1;
    }),
    { numRuns: 300 },
  );
  t.pass();
});

t.test('an interaction rewritten in good form, its satisfaction alone, is found at the next link', async (t) => {
  const forged = logOf([...interactions(20), { ...interactions(21)[20]!, satisfaction: 1 }], 0);
  const changed = [...log.slice(0, 20), forged[20]!, ...log.slice(21)];
  t.same(first(check(changed, checkpoints)), ['link-broken', 21]);
});

t.test(
  'a chain made anew behind a forged entry is caught by the checkpoints, and they cannot be made anew',
  async (t) => {
    const forged = logOf(interactions(40).map((one, i) => (i === 20 ? { ...one, satisfaction: 1 } : one)));
    t.same(first(check(forged, checkpoints)), ['checkpoint-differs', 24]);
    const stranger = generateKeyPairSync('ed25519').privateKey;
    t.same(first(check(forged, checkpointsOf(forged, 8, stranger))), ['checkpoint-unsigned', 8]);
    t.same(first(check(forged, [])), null, 'without any checkpoint nothing would tell');
  },
);

t.test('whoever has the log’s key as well is caught by one checkpoint that somebody has kept', async (t) => {
  const forged = logOf(interactions(40).map((one, i) => (i === 20 ? { ...one, satisfaction: 1 } : one)));
  const resigned = checkpointsOf(forged, 8);
  t.same(first(check(forged, resigned)), null);
  t.same(first(check(forged, resigned, checkpoints.slice(-1))), ['log-forked', 40]);
  t.same(
    first(check(forged, resigned, checkpoints.slice(0, 1))),
    null,
    'one from before the forgery says nothing of it',
  );
});

t.test('entries cut off the end are missed by the newest checkpoint, or by one that was kept', async (t) => {
  t.same(first(check(log.slice(0, 33), checkpoints)), ['log-truncated', 40]);
  t.same(first(check(log.slice(0, 33), checkpoints.slice(0, 4))), null);
  t.same(first(check(log.slice(0, 33), checkpoints.slice(0, 4), checkpoints.slice(4))), ['log-truncated', 40]);
  t.same(first(check([], checkpoints)), ['log-truncated', 8], 'all of them');
});

t.test('two entries that have changed places, one taken out, one put in and one repeated are told apart', async (t) => {
  const swapped = [...log.slice(0, 10), log[11]!, log[10]!, ...log.slice(12)];
  t.same(first(check(swapped, checkpoints)), ['entry-missing', 10]);
  const without = [...log.slice(0, 10), ...log.slice(11)];
  t.same(first(check(without, checkpoints)), ['entry-missing', 10]);
  const repeated = [...log.slice(0, 11), ...log.slice(10)];
  t.same(first(check(repeated, checkpoints)), ['entry-repeated', 11]);
  const strange = logOf(interactions(1), 0, 10, entryHash(log[9]!.value.subarray(5)));
  t.same(first(check([...log.slice(0, 10), ...strange, ...log.slice(10)], checkpoints)), ['entry-repeated', 11]);
});

t.test('the log of one partition is not that of another, and an entry not one of another trustee', async (t) => {
  t.same(first(check(log, [], [], 1)), ['link-broken', 0]);
  const moved = log.map((record, i) => (i === 7 ? { ...record, key: 'b-2' } : record));
  t.same(first(check(moved, checkpoints)), ['key-differs', 7]);
});

t.test('a log whose beginning retention has deleted goes on from a checkpoint', async (t) => {
  for (const from of [8, 12, 16]) {
    const rest = check(log.slice(from), checkpoints);
    t.same(rest.faults, [], `from ${from}`);
    t.equal(rest.first, from);
    const last = logOf(interactions(40).map((one, i) => (i === 39 ? { ...one, satisfaction: 1 } : one)))[39]!;
    t.same(first(check([...log.slice(from, 39), last], checkpoints)), ['checkpoint-differs', 40]);
  }
  t.same(first(check(log.slice(12), [])), ['beginning-unproven', 12]);
  const forgedFirst = [
    ...logOf([{ ...interactions(13)[12]!, satisfaction: 1 }], 0, 12, entryHash(log[11]!.value.subarray(5))),
    ...log.slice(13),
  ];
  t.same(first(check(forgedFirst, checkpoints)), ['link-broken', 13]);
});

t.test('any bytes in place of an entry are told and do not stop the check', async (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.integer({ min: 0, max: 39 }), (bytes, at) => {
      const broken = log.map((record, i) => (i === at ? { ...record, value: Buffer.from(bytes) } : record));
      const result = check(broken, checkpoints);
      return result.faults.length > 0 && result.size >= 1;
    }),
  );
  t.ok(logStart(0).length === 32);
});

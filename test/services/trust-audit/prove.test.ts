/** Proofs of single interactions: those that are made hold, and nothing that is changed in them does. */
import { generateKeyPairSync } from 'node:crypto';
import t from 'tap';
import { BatchEncoder, ByteWriter, type Log, seededRandom } from '../../../engine/index.ts';
import { leafHash, merklePath } from '../../../schemas/envelope/index.ts';
import { TRUST_CHECKPOINTS, TRUST_LOG } from '../../../schemas/topics/index.ts';
import {
  encodeCheckpoint,
  entryHash,
  formatProof,
  type InclusionProof,
  LogTree,
  parseProof,
  signState,
  verifyInclusion,
} from '../../../schemas/trust-log/index.ts';
import { PathFinder } from '../../../services/trust-audit/path-finder.ts';
import { proofOf } from '../../../services/trust-audit/prove.ts';
import type { Wanted } from '../../../services/trust-audit/score-book.ts';
import { logOf, type TestInteraction, type TestRecord } from '../../support/trust-log.ts';
import { memoryLog } from '../memory-log.ts';

const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const other = generateKeyPairSync('ed25519');
const ANY: Wanted = { trustor: null, trustee: null, service: null };

const interactions = Array.from(
  { length: 45 },
  (_, i): TestInteraction => ({
    ...{ id: `i-${i}`, trustor: `a-${i % 3}`, trustee: `b-${i % 2}`, service: 's', satisfaction: 0.5, weight: 1 },
    ...{
      timeMs: 1_770_000_000_000 + i,
      ...(i === 30 ? { id: 'i-7', trustor: 'a-1', trustee: 'b-1', isCorrection: true } : {}),
    },
  }),
);

/** Checkpoints after each ten entries; `from`: the entries before it are gone. */
async function written(from = 0, records: readonly TestRecord[] = logOf(interactions)): Promise<Log> {
  const log = await memoryLog(1);
  for (const name of [TRUST_LOG, TRUST_CHECKPOINTS])
    await log.createTopics([{ name, partitions: 1, cleanup: 'delete' }]);
  const tree = new LogTree();
  const [entries, checkpoints] = [new BatchEncoder(), new BatchEncoder()];
  for (const [i, { key, value }] of records.entries()) {
    const name = Buffer.from(key);
    if (i >= from) entries.append(i, name, 0, name.length, value, 0, value.length);
    const head = entryHash(value.subarray(5));
    tree.append(head);
    if (tree.size % 10 !== 0) continue;
    const state = { partition: 0, size: tree.size, head, root: tree.root() };
    const writer = new ByteWriter();
    encodeCheckpoint(writer, 1, { ...state, peaks: tree.peaks(), timeMs: 0, signature: signState(state, privateKey) });
    const bytes = writer.take();
    checkpoints.append(i, name, 0, name.length, bytes, 0, bytes.length);
  }
  await log.commit({
    appends: [
      { topic: TRUST_LOG, partition: 0, bytes: entries.finish() },
      { topic: TRUST_CHECKPOINTS, partition: 0, bytes: checkpoints.finish() },
    ],
  });
  return log;
}

async function proven(id: string, from = 0, wanted = ANY) {
  const log = await written(from);
  const reader = log.openReader();
  try {
    return await proofOf(reader, 0, wanted, id);
  } finally {
    await reader.close();
    await log.close();
  }
}

async function proofText(id: string): Promise<string> {
  const found = await proven(id);
  if ('missing' in found) throw new Error(found.missing);
  return formatProof(found.proof, publicKey);
}

t.test('a way up a tree that is seen leaf by leaf is that of the whole list of leaves', async (t) => {
  const leaves = Array.from({ length: 70 }, (_, i) => leafHash(Buffer.of(i)));
  for (let size = 1; size <= leaves.length; size++)
    for (let index = 0; index < size; index++) {
      const finder = new PathFinder(index);
      for (const leaf of leaves.slice(0, size)) finder.append(leaf);
      const want = merklePath(leaves.slice(0, size), index);
      if (Buffer.concat(want).equals(Buffer.concat(finder.path()))) continue;
      t.fail(`leaf ${index} of ${size}`);
    }
  const before = new LogTree();
  for (const leaf of leaves.slice(0, 21)) before.append(leaf);
  const finder = new PathFinder(40, 21, before.peaks());
  for (const leaf of leaves.slice(21)) finder.append(leaf);
  t.same(finder.path(), merklePath(leaves, 40), 'also where it goes on from peaks');
});

t.test(
  'each interaction that a checkpoint covers is proven, and of one that was corrected the newest word',
  async (t) => {
    for (let i = 0; i < 40; i++) {
      if (i === 7 || i === 30) continue;
      const entry = verifyInclusion(parseProof(await proofText(`i-${i}`)), publicKey);
      t.match(entry, { index: i, id: `i-${i}`, trustor: `a-${i % 3}` });
    }
    t.match(verifyInclusion(parseProof(await proofText('i-7')), publicKey), { index: 30, isCorrection: true });
  },
);

t.test('what cannot be proven is told: unknown, not covered yet, its beginning gone', async (t) => {
  t.same(await proven('i-99'), { missing: 'entry' });
  t.same(await proven('i-3', 0, { ...ANY, trustor: 'a-1' }), { missing: 'entry' }, 'another trustor’s');
  t.same(await proven('i-44'), { missing: 'checkpoint' });
  t.ok('proof' in (await proven('i-25', 13)), 'from the checkpoint of 20 on');
  t.same(await proven('i-14', 13), { missing: 'beginning' });
});

t.test('no proof holds of which a byte was changed, and none is read that is none', async (t) => {
  const text = await proofText('i-11');
  const random = seededRandom(3);
  let refused = 0;
  for (let i = 0; i < 2_000; i++) {
    const bytes = Buffer.from(text);
    const at = random.u32() % bytes.length;
    const before = bytes[at]!;
    bytes[at] = random.u32() % 2 === 0 ? 32 + (random.u32() % 95) : before ^ (1 << (random.u32() % 7));
    if (bytes[at] === before) continue;
    try {
      const proof = parseProof(bytes.toString());
      verifyInclusion(proof, publicKey);
      // The name of the key's hash, and bits of base64 that stand for nothing, say nothing.
      if (!isSame(proof, parseProof(text))) t.fail(`held with ${at} changed`);
    } catch (thrown) {
      t.match(thrown, { code: /^(?:PROOF|CHECKPOINT|AVRO)_INVALID$/ });
      refused++;
    }
  }
  t.ok(refused > 1_500, `${refused}`);
  t.throws(() => verifyInclusion(parseProof(text), other.publicKey), { code: 'PROOF_INVALID', field: 'checkpoint' });
  for (const broken of ['', 'c2sp.org/tlog-proof@v1\n\n', text.slice(0, 200), `${text}${text}`, 'x'.repeat(70_000)])
    t.throws(() => parseProof(broken), { code: /_INVALID$/ });
});

function isSame(a: InclusionProof, b: InclusionProof): boolean {
  const parts = ({ index, body, path, checkpoint }: InclusionProof) =>
    Buffer.concat([Buffer.from(`${index} ${checkpoint.size}`), body, ...path, checkpoint.root, checkpoint.signature]);
  return parts(a).equals(parts(b));
}

t.test('another entry in its place, or another place, does not hold', async (t) => {
  const [one, two] = await Promise.all(['i-11', 'i-12'].map(async (id) => parseProof(await proofText(id))));
  t.throws(() => verifyInclusion({ ...one!, body: two!.body }, publicKey), { code: 'PROOF_INVALID', field: 'path' });
  t.throws(() => verifyInclusion({ ...one!, index: 12 }, publicKey), { code: 'PROOF_INVALID' });
  t.throws(() => verifyInclusion({ ...one!, path: one!.path.slice(1) }, publicKey), { code: 'PROOF_INVALID' });
});

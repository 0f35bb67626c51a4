/** Checkpoints: their bytes, their notes, and what is refused. */
import { generateKeyPairSync, verify } from 'node:crypto';
import avsc from 'avsc';
import fc from 'fast-check';
import t from 'tap';
import { ByteWriter } from '../../../engine/index.ts';
import { leafHash } from '../../../schemas/envelope/index.ts';
import { CHECKPOINT_SCHEMA } from '../../../schemas/index.ts';
import {
  type Checkpoint,
  decodeCheckpoint,
  encodeCheckpoint,
  formatNote,
  isSignedBy,
  LogTree,
  parseNotes,
  signState,
} from '../../../schemas/trust-log/index.ts';

const { publicKey, privateKey } = generateKeyPairSync('ed25519');

function checkpointOf(size: number, partition = 3): Checkpoint {
  const tree = new LogTree();
  let head: Uint8Array = new Uint8Array(32);
  for (let i = 0; i < size; i++) {
    head = leafHash(Buffer.from(`entry ${i}`));
    tree.append(head);
  }
  const state = { partition, size, head, root: tree.root() };
  return { ...state, peaks: tree.peaks(), timeMs: 1_770_000_000_000, signature: signState(state, privateKey) };
}

function bytesOf(checkpoint: Checkpoint): Uint8Array {
  const writer = new ByteWriter();
  encodeCheckpoint(writer, 7, checkpoint);
  return writer.take();
}

t.test('a checkpoint comes back as it was written, and another decoder reads the same', async (t) => {
  const type = avsc.Type.forSchema(JSON.parse(CHECKPOINT_SCHEMA) as avsc.Schema);
  for (const size of [1, 2, 3, 7, 64, 100]) {
    const checkpoint = checkpointOf(size);
    const bytes = bytesOf(checkpoint);
    t.same(decodeCheckpoint(bytes), checkpoint);
    const read = type.fromBuffer(Buffer.from(bytes.subarray(5))) as Record<string, unknown>;
    t.equal(read.size, size);
    t.same(read.root, Buffer.from(checkpoint.root));
    t.equal((read.peaks as unknown[]).length, checkpoint.peaks.length);
  }
});

t.test('a checkpoint whose root is not that of its peaks is refused', async (t) => {
  const checkpoint = checkpointOf(5);
  const peaks = checkpoint.peaks.map((peak, i) => (i === 1 ? leafHash(peak) : peak));
  t.throws(() => decodeCheckpoint(bytesOf({ ...checkpoint, peaks })), { code: 'AVRO_INVALID' });
  t.throws(() => decodeCheckpoint(bytesOf({ ...checkpoint, peaks: checkpoint.peaks.slice(1) })), {
    code: 'AVRO_INVALID',
  });
});

t.test('any bytes are a checkpoint or AVRO_INVALID', async (t) => {
  const bytes = bytesOf(checkpointOf(6));
  fc.assert(
    fc.property(fc.integer({ min: 0, max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, by) => {
      const changed = bytes.slice();
      changed[at]! ^= by;
      try {
        decodeCheckpoint(changed);
        return true;
      } catch (error) {
        return (error as { code?: string }).code === 'AVRO_INVALID';
      }
    }),
  );
  t.pass();
});

t.test(
  'a note is what C2SP says of it: text, an empty line, and a signature behind four bytes of the key',
  async (t) => {
    const checkpoint = checkpointOf(9);
    const note = formatNote(checkpoint, publicKey);
    const [text, line] = note.split('\n\n') as [string, string];
    const bytes = Buffer.from(line.split(' ')[2]!, 'base64');
    t.equal(bytes.length, 4 + 64);
    t.ok(verify(null, Buffer.from(`${text}\n`), publicKey, bytes.subarray(4)));
    t.match(text.split('\n'), ['msec/trust.log/3', '9', Buffer.from(checkpoint.root).toString('base64')]);
  },
);

t.test('notes are read one behind the other, and a changed one is not signed', async (t) => {
  const notes = parseNotes(formatNote(checkpointOf(9), publicKey) + formatNote(checkpointOf(4, 0), publicKey));
  t.same(
    notes.map(({ partition, size }) => [partition, size]),
    [
      [3, 9],
      [0, 4],
    ],
  );
  for (const note of notes) {
    t.ok(isSignedBy(note, note.signature, publicKey));
    t.notOk(isSignedBy({ ...note, size: note.size + 1 }, note.signature, publicKey));
    t.notOk(isSignedBy({ ...note, partition: 1 }, note.signature, publicKey));
    t.notOk(isSignedBy({ ...note, head: note.root }, note.signature, publicKey));
    t.notOk(isSignedBy(note, note.signature, generateKeyPairSync('ed25519').publicKey));
  }
  for (const text of ['', 'msec/trust.log/3\n9\n', formatNote(checkpointOf(9), publicKey).replace('\n9\n', '\n09\n')])
    t.throws(() => parseNotes(text), { code: 'CHECKPOINT_INVALID' });
});

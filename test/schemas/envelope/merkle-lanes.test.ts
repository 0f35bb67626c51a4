import fc from 'fast-check';
import t from 'tap';
import { leafHash, merkleRoot } from '../../../schemas/envelope/merkle.ts';
import { MerkleLanes } from '../../../schemas/envelope/merkle-lanes.ts';

const tree = new MerkleLanes();

function agrees(entries: readonly Uint8Array[], says: string): void {
  const wanted = Buffer.from(merkleRoot(entries.map(leafHash))).toString('hex');
  const root = Buffer.from(tree.root(entries)).toString('hex');
  if (root !== wanted) t.fail(`${says}: ${root} for ${wanted}`);
}

t.test('the root is that of one hash after another, for every count of entries', (t) => {
  for (let count = 1; count <= 130; count++) {
    const entries = Array.from({ length: count }, (_, i) => Buffer.alloc(33, i));
    agrees(entries, `${count} entries`);
  }
  agrees(
    Array.from({ length: 4096 }, (_, i) => Buffer.from(String(i).padStart(37, '.'))),
    'as many as a batch may hold',
  );
  t.end();
});

t.test('and for entries of any length, at every border of a block, equal or not', (t) => {
  for (let length = 0; length <= 200; length++) {
    const entries = Array.from({ length: 7 }, (_, i) => Buffer.alloc(length, 0xf0 + i));
    agrees(entries, `entries of ${length} bytes`);
  }
  agrees([Buffer.alloc(65_541, 1), Buffer.alloc(65_541, 2), Buffer.alloc(3, 3)], 'longer than the lanes hold');
  const entry = fc.uint8Array({ maxLength: 300 });
  fc.assert(
    fc.property(fc.array(entry, { minLength: 1, maxLength: 40 }), (entries) => agrees(entries, 'random entries')),
    { numRuns: 300 },
  );
  t.end();
});

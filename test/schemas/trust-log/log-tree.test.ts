/** The growing tree against published roots (of certificate-transparency's own tests) and the batch's tree. */
import fc from 'fast-check';
import t from 'tap';
import { leafHash, merkleRoot } from '../../../schemas/envelope/index.ts';
import { LogTree, peaksOf, rootOfPeaks } from '../../../schemas/trust-log/index.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

const LEAVES = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
const ROOTS = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

t.test('the roots of one to eight leaves are those that certificate transparency publishes', async (t) => {
  const tree = new LogTree();
  LEAVES.forEach((leaf, i) => {
    tree.append(leafHash(Buffer.from(leaf, 'hex')));
    t.equal(hex(tree.root()), ROOTS[i]);
  });
});

t.test('a tree that grows leaf by leaf, and from its peaks, has the root of all of its leaves', async (t) => {
  const leaves = Array.from({ length: 130 }, (_, i) => leafHash(Buffer.from(`entry ${i}`)));
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 130 }), fc.integer({ min: 1, max: 130 }), (size, from) => {
      const tree = new LogTree();
      for (const leaf of leaves.slice(0, Math.min(from, size))) tree.append(leaf);
      const grown = LogTree.from(tree.size, tree.peaks());
      for (const leaf of leaves.slice(tree.size, size)) grown.append(leaf);
      const root = hex(merkleRoot(leaves.slice(0, size)));
      return (
        hex(grown.root()) === root && hex(rootOfPeaks(grown.peaks())) === root && grown.peaks().length === peaksOf(size)
      );
    }),
  );
  t.pass();
});

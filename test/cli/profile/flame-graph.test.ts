import fc from 'fast-check';
import t from 'tap';
import { type CallNode, type CallTree, NATIVE } from '../../../cli/profile/call-tree.ts';
import { flameGraph } from '../../../cli/profile/flame-graph.ts';

function node(name: string, selfUs: number, children: readonly CallNode[] = [], group = 'engine/batch'): CallNode {
  const totalUs = selfUs + children.reduce((sum, child) => sum + child.totalUs, 0);
  const named = new Map(children.map((child, i) => [`${child.name} ${i}`, child]));
  return { name, group, place: `${group}/${name}.ts:1`, selfUs, totalUs, children: named };
}

const treeOf = (root: CallNode): CallTree => ({ root, threads: 1, busyUs: root.totalUs, wallUs: root.totalUs * 2 });
const draw = (root: CallNode): string => flameGraph({ title: 'T', subtitle: 'S', trees: [treeOf(root)] });

interface Box {
  readonly title: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly text: string | null;
}

function boxes(svg: string): Box[] {
  const frame =
    /<g class="f"><title>([^<]*)<\/title><rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="\d+" fill="#[0-9a-f]{6}"\/>(?:<text [^>]*>([^<]*)<\/text>)?<\/g>/g;
  return [...svg.matchAll(frame)].map(([, title, x, y, width, text]) => ({
    title: title!,
    x: Number(x),
    y: Number(y),
    width: Number(width),
    text: text ?? null,
  }));
}

t.test('each function is a box as wide as its time, below its caller', async (t) => {
  const svg = draw(node('all', 0, [node('verify', 300, [node('sign', 300)]), node('decode', 400)]));
  const [all, ...rest] = boxes(svg);
  t.equal(rest.length, 3);
  const of = (name: string) => rest.find(({ title }) => title.startsWith(`${name}\n`))!;
  t.ok(Math.abs(of('verify').width - 0.6 * all!.width) < 0.1);
  t.ok(Math.abs(of('decode').width - 0.4 * all!.width) < 0.1);
  t.equal(of('sign').x, of('verify').x);
  t.equal(of('sign').y - of('verify').y, of('verify').y - all!.y);
  t.match(of('verify').title, 'engine/batch/verify.ts:1');
  t.match(of('verify').title, '60.0 %');
  t.match(of('verify').text, 'verify');
});

t.test('no text is wider than its box, and no box stands beside its caller', async () => {
  const name = fc.string({ minLength: 1, maxLength: 60 });
  const selfUs = fc.integer({ min: 1, max: 100_000 });
  const { tree } = fc.letrec<{ tree: CallNode }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 8, depthSize: 'small' },
      fc.tuple(name, selfUs).map(([name, selfUs]) => node(name, selfUs)),
      fc
        .tuple(name, selfUs, fc.array(tie('tree'), { maxLength: 4 }))
        .map(([name, selfUs, children]) => node(name, selfUs, children)),
    ),
  }));
  fc.assert(
    fc.property(tree, (root) => {
      const drawn = boxes(draw(root));
      if (drawn.length === 0) throw new Error('nothing was drawn');
      const [left, right] = [drawn[0]!.x, drawn[0]!.x + drawn[0]!.width];
      for (const { x, width, text } of drawn) {
        if (x < left - 0.1 || x + width > right + 0.1) throw new Error('a box beside the root');
        const chars = (text ?? '').replace(/&(?:amp|lt|gt|quot);/g, '_').length;
        if (chars * 7 > width) throw new Error(`${chars} characters in ${width}`);
      }
    }),
    { numRuns: 100 },
  );
});

t.test('names cannot break out of the picture', async (t) => {
  const svg = draw(node('<script>alert(1)</script>"&\u0001', 10));
  t.notMatch(svg, '<script>');
  t.match(svg, '&lt;script&gt;alert(1)&lt;/script&gt;&quot;&amp;');
});

t.test('it needs nothing else: no script, no address, no font to be fetched', async (t) => {
  const svg = draw(node('all', 1));
  t.notMatch(svg, /href|url\(|@import|<script|<image/);
  t.equal(svg.match(/https?:[^"]*/g)?.join(), 'http://www.w3.org/2000/svg');
});

t.test('a function without a folder has a colour, too, and an idle thread is drawn', async (t) => {
  t.equal(boxes(draw(node('all', 0, [node('f', 1, [], NATIVE), node('g', 0, [node('h', 1)], 'nobody')]))).length, 4);
  t.match(flameGraph({ title: 'T', subtitle: 'S', trees: [treeOf(node('idle', 0))] }), '0.0 % busy');
});

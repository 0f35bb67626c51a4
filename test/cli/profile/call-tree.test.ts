import t from 'tap';
import type { CpuProfile } from '../../../cli/load/index.ts';
import { callTree, groupTimes } from '../../../cli/profile/call-tree.ts';

const ROOT = 'file:///srv/msec/';

type Described = readonly [name: string, url: string, children?: readonly number[]];

/** Node ids count from 1; each sample is 1 ms. */
export function profile(nodes: readonly Described[], samples: readonly number[]): CpuProfile {
  return {
    nodes: nodes.map(([functionName, url, children = []], i) => ({
      id: i + 1,
      callFrame: { functionName, url, scriptId: '0', lineNumber: 9, columnNumber: 0 },
      hitCount: 0,
      children: [...children],
    })),
    startTime: 0,
    endTime: samples.length * 1000,
    samples: [...samples],
    timeDeltas: [0, ...samples.slice(1).map(() => 1000), 1000],
  };
}

const NODES: readonly Described[] = [
  ['(root)', '', [2, 3, 6, 7]],
  ['(idle)', ''],
  ['run', `${ROOT}engine/runtime/task.ts`, [4, 5]],
  ['next', `${ROOT}engine/batch/cursor.ts`],
  ['', `${ROOT}node_modules/lmdb/index.js`],
  ['(garbage collector)', ''],
  ['(program)', ''],
];

t.test('time is what was sampled, with what is called, and without idling', async (t) => {
  const tree = callTree('Workers', [profile(NODES, [2, 2, 3, 4, 4, 5, 6, 7, 2, 2])], ROOT);
  t.equal(tree.busyUs, 6_000);
  t.equal(tree.wallUs, 10_000);
  const run = [...tree.root.children.values()].find(({ name }) => name === 'run')!;
  t.same([run.selfUs, run.totalUs, run.place], [1_000, 4_000, 'engine/runtime/task.ts:10']);
  const [next, own] = [...run.children.values()].sort((a, b) => a.group.localeCompare(b.group));
  t.same([next?.name, next?.group, next?.selfUs], ['next', 'engine/batch', 2_000]);
  t.same([own?.name, own?.group, own?.selfUs], ['(anonymous)', 'lmdb', 1_000]);
});

t.test('own times of the groups add up to the busy time', async (t) => {
  const tree = callTree('Workers', [profile(NODES, [3, 4, 4, 5, 6, 7, 7])], ROOT);
  const groups = groupTimes(tree.root);
  t.equal(
    groups.reduce((sum, { selfUs }) => sum + selfUs, 0),
    tree.busyUs,
  );
  t.same(groups.map(({ group }) => group).sort(), [
    'V8 and system',
    'engine/batch',
    'engine/runtime',
    'garbage collection',
    'lmdb',
  ]);
});

t.test('threads are one tree: the same function on the same way is one node', async (t) => {
  const one = profile(NODES, [3, 3, 4]);
  const tree = callTree('Workers', [one, one], ROOT);
  t.equal(tree.threads, 2);
  t.equal(tree.root.children.size, 3);
  t.equal(tree.busyUs, 6_000);
});

t.test('what belongs to whom', async (t) => {
  const groupOf = (url: string) => {
    const tree = callTree(
      'x',
      [
        profile(
          [
            ['(root)', '', [2]],
            ['f', url],
          ],
          [2],
        ),
      ],
      ROOT,
    );
    return [...tree.root.children.values()][0]?.group;
  };
  t.equal(groupOf('node:internal/timers'), 'Node');
  t.equal(groupOf(`${ROOT}cli/load/load-step.ts`), 'load maker');
  t.equal(groupOf(`${ROOT}schemas/generated/enmon.ts`), 'schemas');
  t.equal(groupOf('frame:air'), 'schemas');
  t.equal(groupOf(`${ROOT}actors/verify/verify.ts`), 'actors/verify');
  t.equal(groupOf(`${ROOT}dist/engine/log/embedded/embedded-log.js`), 'engine/log');
  t.equal(groupOf('file:///home/me/alert.ts'), 'your code');
  t.equal(groupOf('file:///elsewhere/node_modules/@scope/name/x.js'), '@scope/name');
});

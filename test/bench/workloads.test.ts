// The list of workloads as such.
import t from 'tap';
import { type FigureDraft, figure } from '../../bench/workload.ts';
import { WORKLOADS } from '../../bench/workloads.ts';

t.test('W1 to W9 are all there, and each name once', async (t) => {
  const names = WORKLOADS.map(({ name }) => name);
  t.equal(new Set(names).size, names.length);
  const numbered = names.filter((name) => /^W\d+$/.test(name)).toSorted();
  t.same(numbered, ['W1', 'W2', 'W3', 'W4', 'W5', 'W6', 'W7', 'W8', 'W9']);
});

t.test('each says in a line what it measures', async (t) => {
  for (const { name, says } of WORKLOADS) {
    t.match(says, /^\S.{10,139}$/, name);
    t.notMatch(says, /\.$/, name);
  }
});

t.test('beside a peer that reached nothing no ratio is told', async (t) => {
  const told = figure({
    ...{ name: 'share', unit: '', judged: 'ours', floor: null, aim: null, notes: [] },
    ...{ ours: [0.9], peers: { lost: [0], other: [0.6] } },
  } satisfies FigureDraft);
  t.same(Object.keys(told.ratios), ['other']);
  t.same(Object.keys(told.peers), ['lost', 'other']);
});

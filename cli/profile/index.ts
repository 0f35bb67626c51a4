export { type CallTree, callTree, groupTimes } from './call-tree.ts';
export { flameGraph } from './flame-graph.ts';

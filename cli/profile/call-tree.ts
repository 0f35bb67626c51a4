/**
 * Profiles of several threads as one tree of calls: the time of each function on each way to it, in microseconds, without the time
 * in which a thread had nothing to do. Functions belong to the folder that they lie in.
 */
import type { CpuProfile } from '../load/index.ts';

export interface CallNode {
  readonly name: string;
  /** Folder of msec, a package, Node, or whose code it is. */
  readonly group: string;
  /** File and line; empty for what has none. */
  readonly place: string;
  selfUs: number;
  totalUs: number;
  readonly children: Map<string, CallNode>;
}

export interface CallTree {
  readonly root: CallNode;
  readonly threads: number;
  /** Of all threads together. */
  readonly busyUs: number;
  readonly wallUs: number;
}

export const NATIVE = 'V8 and system';
export const COLLECTOR = 'garbage collection';
export const NODE = 'Node';
export const MAKER = 'load maker';
export const OWN = 'your code';

const IDLE = '(idle)';
const ROOT = '(root)';
const GARBAGE = '(garbage collector)';
const PROGRAM = '(program)';
const MAKER_FOLDER = 'cli/load';

/** `root`: URL of msec's own folder, with a slash at its end. */
export function callTree(name: string, profiles: readonly CpuProfile[], root: string): CallTree {
  const tree: CallNode = { name, group: NATIVE, place: '', selfUs: 0, totalUs: 0, children: new Map() };
  let [idleUs, wallUs] = [0, 0];
  for (const profile of profiles) {
    const selfUs = selfTimes(profile);
    const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
    const [top] = profile.nodes;
    if (top === undefined) continue;
    // Node ids are followed with a list: recursion in the profiled code may be deeper than this stack.
    const open: { readonly id: number; readonly into: CallNode }[] = [{ id: top.id, into: tree }];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const node = nodes.get(next.id)!;
      const { functionName, url, lineNumber } = node.callFrame;
      if (functionName === IDLE) {
        idleUs += selfUs.get(node.id) ?? 0;
        continue;
      }
      const into = functionName === ROOT ? next.into : childOf(next.into, functionName, url, lineNumber, root);
      into.selfUs += selfUs.get(node.id) ?? 0;
      for (const id of node.children ?? []) open.push({ id, into });
    }
    wallUs += profile.endTime - profile.startTime;
  }
  addTotals(tree);
  return {
    root: tree,
    threads: profiles.length,
    busyUs: tree.totalUs,
    wallUs: Math.max(wallUs, idleUs + tree.totalUs),
  };
}

function selfTimes({ samples = [], timeDeltas = [] }: CpuProfile): Map<number, number> {
  const times = new Map<number, number>();
  for (const [i, id] of samples.entries()) {
    // A sample stands for the time until the next; deltas are those before it, and may be negative by a little.
    const us = Math.max(0, timeDeltas[i + 1] ?? 0);
    times.set(id, (times.get(id) ?? 0) + us);
  }
  return times;
}

function childOf(parent: CallNode, functionName: string, url: string, line: number, root: string): CallNode {
  const key = `${functionName}\n${url}\n${line}`;
  let child = parent.children.get(key);
  if (child === undefined) {
    const name = nameOf(functionName);
    const path = url.startsWith(root) ? url.slice(root.length) : url;
    const place = path === '' ? '' : `${path}:${line + 1}`;
    child = { name, group: groupOf(functionName, url, root), place, selfUs: 0, totalUs: 0, children: new Map() };
    parent.children.set(key, child);
  }
  return child;
}

function nameOf(functionName: string): string {
  if (functionName === GARBAGE) return COLLECTOR;
  if (functionName === PROGRAM) return 'outside of JavaScript';
  return functionName === '' ? '(anonymous)' : functionName;
}

function groupOf(functionName: string, url: string, root: string): string {
  if (functionName === GARBAGE) return COLLECTOR;
  if (url === '') return NATIVE;
  if (url.startsWith('node:')) return NODE;
  const packaged = /\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1];
  if (packaged !== undefined) return packaged;
  if (!url.startsWith(root)) return url.startsWith('frame:') ? 'schemas' : OWN;
  const [top = '', second = ''] = url
    .slice(root.length)
    .replace(/^dist\//, '')
    .split('/');
  if (`${top}/${second}` === MAKER_FOLDER) return MAKER;
  return top === 'schemas' || second.includes('.') ? top : `${top}/${second}`;
}

function addTotals(root: CallNode): void {
  const order: CallNode[] = [];
  const open = [root];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    order.push(node);
    open.push(...node.children.values());
  }
  for (const node of order.reverse()) {
    node.totalUs = node.selfUs;
    for (const child of node.children.values()) node.totalUs += child.totalUs;
  }
}

/** Own time of each group, the longest first; groups without any are left out. */
export function groupTimes(root: CallNode): { readonly group: string; readonly selfUs: number }[] {
  const times = new Map<string, number>();
  const open = [root];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (node.selfUs > 0) times.set(node.group, (times.get(node.group) ?? 0) + node.selfUs);
    open.push(...node.children.values());
  }
  return [...times].map(([group, selfUs]) => ({ group, selfUs })).sort((a, b) => b.selfUs - a.selfUs);
}

/** Circles of write orders: Tarjan's strongly connected components over "stands just before, in the list of some key". */
import type { Transaction } from './history.ts';

/** How many groups of more than one transaction precede one another in a circle. */
export function countCycles(
  lists: ReadonlyMap<string, readonly number[]>,
  writers: ReadonlyMap<string, Transaction>,
): number {
  const next = new Map<Transaction, Set<Transaction>>();
  for (const [key, list] of lists) {
    let before: Transaction | undefined;
    for (const value of list) {
      const writer = writers.get(`${key}=${value}`);
      if (writer === undefined || writer === before) continue;
      if (before !== undefined) next.set(before, (next.get(before) ?? new Set()).add(writer));
      before = writer;
    }
  }
  return components(next).filter((size) => size > 1).length;
}

interface Visit {
  readonly node: Transaction;
  readonly rest: Iterator<Transaction>;
}

/** The sizes of the components. Iterative: a history's chains are longer than a call stack. */
function components(next: ReadonlyMap<Transaction, ReadonlySet<Transaction>>): number[] {
  const index = new Map<Transaction, number>();
  const low = new Map<Transaction, number>();
  const stack: Transaction[] = [];
  const onStack = new Set<Transaction>();
  const sizes: number[] = [];
  const open = (node: Transaction): Visit => {
    low.set(node, index.size);
    index.set(node, index.size);
    stack.push(node);
    onStack.add(node);
    return { node, rest: (next.get(node) ?? new Set<Transaction>()).values() };
  };
  const lower = (node: Transaction, to: number) => low.set(node, Math.min(low.get(node)!, to));
  for (const root of next.keys()) {
    if (index.has(root)) continue;
    const path = [open(root)];
    while (path.length > 0) {
      const { node, rest } = path.at(-1)!;
      const step = rest.next();
      if (step.done !== true) {
        if (!index.has(step.value)) path.push(open(step.value));
        else if (onStack.has(step.value)) lower(node, index.get(step.value)!);
        continue;
      }
      path.pop();
      const parent = path.at(-1);
      if (parent !== undefined) lower(parent.node, low.get(node)!);
      if (low.get(node) !== index.get(node)) continue;
      const component = stack.splice(stack.lastIndexOf(node));
      for (const member of component) onStack.delete(member);
      sizes.push(component.length);
    }
  }
  return sizes;
}

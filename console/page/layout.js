/**
 * Lays a directed graph out in layers: each node one layer after its latest predecessor, then a few sweeps that put
 * neighbours side by side (Sugiyama's way, with barycentres). Edges over several layers get a place in each of them, so
 * that they pass between nodes. Pure and deterministic; the tests run it in Node.
 */

/** Edges that lead back, found depth first from the sources in the given order; drawn, but not counted in layers. */
function backEdges(ids, next) {
  const state = new Map();
  const back = new Set();
  const visit = (id) => {
    state.set(id, 'open');
    for (const to of next.get(id) ?? []) {
      if (state.get(to) === 'open') back.add(`${id}>${to}`);
      else if (!state.has(to)) visit(to);
    }
    state.set(id, 'done');
  };
  for (const id of ids) if (!state.has(id)) visit(id);
  return back;
}

function layersOf(nodes, edges) {
  const ids = nodes.map(({ id }) => id);
  const next = new Map(ids.map((id) => [id, []]));
  for (const { from, to } of edges) if (from !== to) next.get(from)?.push(to);
  const back = backEdges(ids, next);
  const forward = edges.filter(({ from, to }) => from !== to && !back.has(`${from}>${to}`));
  const layer = new Map(ids.map((id) => [id, 0]));
  // Without back edges this ends after as many passes as there are layers.
  for (let hasMoved = true; hasMoved; ) {
    hasMoved = false;
    for (const { from, to } of forward) {
      if (layer.get(to) < layer.get(from) + 1) {
        layer.set(to, layer.get(from) + 1);
        hasMoved = true;
      }
    }
  }
  // A source stands right before what it feeds, not at the far left.
  const hasInput = new Set(forward.map(({ to }) => to));
  for (const id of ids) {
    const targets = forward.filter(({ from }) => from === id).map(({ to }) => layer.get(to));
    if (!hasInput.has(id) && targets.length > 0) layer.set(id, Math.min(...targets) - 1);
  }
  return { layer, forward };
}

/**
 * nodes: [{ id, weight }], heavier ones sink to the end of their layer. Gives, in cells: for each node its layer and its
 * place across (fractions allowed), for each edge the places it passes through.
 */
export function layOut(nodes, edges) {
  const { layer, forward } = layersOf(nodes, edges);
  const depth = Math.max(0, ...layer.values()) + 1;
  const columns = Array.from({ length: depth }, () => []);
  for (const { id, weight } of nodes) columns[layer.get(id)].push({ id, weight: weight ?? 0, isNode: true });
  const links = [];
  const paths = new Map();
  for (const { from, to } of forward) {
    const path = [from];
    for (let at = layer.get(from) + 1; at < layer.get(to); at++) {
      const id = `${from}>${to}@${at}`;
      columns[at].push({ id, weight: 0, isNode: false });
      path.push(id);
    }
    path.push(to);
    for (let i = 1; i < path.length; i++) links.push([path[i - 1], path[i]]);
    paths.set(`${from}>${to}`, path);
  }
  for (const { from, to } of edges) if (!paths.has(`${from}>${to}`)) paths.set(`${from}>${to}`, [from, to]);
  order(columns, links);
  const across = place(columns, links);
  const placed = new Map();
  for (const [at, column] of columns.entries()) {
    for (const { id } of column) placed.set(id, { layer: at, across: across.get(id) });
  }
  const least = Math.min(...[...placed.values()].map((spot) => spot.across));
  for (const spot of placed.values()) spot.across -= least;
  const breadth = Math.max(0, ...[...placed.values()].map((spot) => spot.across)) + 1;
  return {
    depth,
    breadth,
    nodes: new Map(nodes.map(({ id }) => [id, placed.get(id)])),
    edges: new Map([...paths].map(([key, path]) => [key, path.map((id) => placed.get(id))])),
  };
}

function neighbours(links) {
  const before = new Map();
  const after = new Map();
  for (const [from, to] of links) {
    if (!after.has(from)) after.set(from, []);
    if (!before.has(to)) before.set(to, []);
    after.get(from).push(to);
    before.get(to).push(from);
  }
  return { before, after };
}

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

function order(columns, links) {
  const { before, after } = neighbours(links);
  const rank = new Map();
  const number = (column) => {
    for (const [i, { id }] of column.entries()) rank.set(id, i - (column.length - 1) / 2);
  };
  for (const column of columns) {
    column.sort((a, b) => a.weight - b.weight);
    number(column);
  }
  for (let sweep = 0; sweep < 8; sweep++) {
    const isDown = sweep % 2 === 0;
    const sides = isDown ? before : after;
    for (const column of isDown ? columns : [...columns].reverse()) {
      const wish = new Map(
        column.map(({ id }) => {
          const near = sides.get(id);
          return [id, near === undefined ? rank.get(id) : mean(near.map((other) => rank.get(other)))];
        }),
      );
      column.sort((a, b) => a.weight - b.weight || wish.get(a.id) - wish.get(b.id));
      number(column);
    }
  }
}

/** Room that a node and a passing edge take across their layer. */
const ROOM = { node: 1, edge: 0.55 };

/** How much an item's wish counts, by its weight: side outputs hardly do. */
const PULL = { main: 1, side: 0.02, edge: 0.2 };

function place(columns, links) {
  const { before, after } = neighbours(links);
  const pullOf = ({ isNode, weight }) => (!isNode ? PULL.edge : weight > 0 ? PULL.side : PULL.main);
  const pull = new Map(columns.flat().map((item) => [item.id, pullOf(item)]));
  const across = new Map();
  const gap = (a, b) => (a.isNode ? ROOM.node : ROOM.edge) / 2 + (b.isNode ? ROOM.node : ROOM.edge) / 2;
  for (const column of columns) {
    let at = 0;
    for (const [i, item] of column.entries()) {
      if (i > 0) at += gap(column[i - 1], item);
      across.set(item.id, at);
    }
    const middle = at / 2;
    for (const { id } of column) across.set(id, across.get(id) - middle);
  }
  for (let sweep = 0; sweep < 10; sweep++) {
    for (const column of sweep % 2 === 0 ? columns : [...columns].reverse()) {
      settle(column, before, after, across, gap, pull);
    }
  }
  return across;
}

/**
 * Moves a layer's items towards the middle of their neighbours, keeping their order and distances. What is heavy (the
 * main path) gets its wish before what is light (a side output), so that the main path runs straight.
 */
function settle(column, before, after, across, gap, pull) {
  const wishes = column.map(({ id }) => {
    const near = [...(before.get(id) ?? []), ...(after.get(id) ?? [])];
    if (near.length === 0) return across.get(id);
    const total = near.reduce((sum, other) => sum + pull.get(other), 0);
    return near.reduce((sum, other) => sum + pull.get(other) * across.get(other), 0) / total;
  });
  // Blocks of items that touch move as one, to the mean of what their members wish (pool adjacent violators).
  const blocks = [];
  for (const [i, wish] of wishes.entries()) {
    const weight = pull.get(column[i].id);
    let block = { items: [i], offsets: [0], weight, sum: wish * weight, at: wish };
    while (blocks.length > 0) {
      const last = blocks.at(-1);
      const width = last.offsets.at(-1) + gap(column[last.items.at(-1)], column[block.items[0]]);
      if (last.at + width <= block.at + 1e-9) break;
      blocks.pop();
      const total = last.weight + block.weight;
      const sum = last.sum + block.sum - width * block.weight;
      block = {
        items: [...last.items, ...block.items],
        offsets: [...last.offsets, ...block.offsets.map((offset) => offset + width)],
        weight: total,
        sum,
        at: sum / total,
      };
    }
    blocks.push(block);
  }
  for (const { items, offsets, at } of blocks) {
    for (const [k, i] of items.entries()) across.set(column[i].id, at + offsets[k]);
  }
}

/** The topology as a picture: laid out once for a width, then only its numbers change. */
import { element, setText, svg } from './dom.js';
import { bytes, count, plural, rate } from './format.js';
import { layOut } from './layout.js';

const NODE_HEIGHT = 54;
/** A layer across the page: what a node and the label on its edge need. */
const LAYER_WIDTH = 148;
const EDGE_ROOM = 50;
/** Below it side outputs are left out. */
const NARROW = 700;
const SHRINK_MAX = 0.8;

export function topologyView(host) {
  let topology = null;
  let drawn = null;
  let last = null;
  const redraw = () => {
    if (topology === null) return;
    drawn = draw(host, topology, host.clientWidth);
    if (last !== null) update(drawn, topology, last);
  };
  let width = 0;
  new ResizeObserver(() => {
    if (Math.abs(host.clientWidth - width) < 2) return;
    width = host.clientWidth;
    redraw();
  }).observe(host);
  return {
    show(next) {
      topology = next;
      redraw();
    },
    update(status) {
      last = status;
      if (drawn !== null) update(drawn, topology, status);
    },
  };
}

const WEIGHT = { main: 0, control: 1, late: 2, letters: 3 };

/** A narrow page shows the main path; side outputs have their own list further down. */
function mainPath({ nodes, edges }) {
  const shown = nodes.filter(({ role }) => role === 'main' || role === 'control');
  const ids = new Set(shown.map(({ id }) => id));
  return { nodes: shown, edges: edges.filter(({ from, to }) => ids.has(from) && ids.has(to)) };
}

function draw(host, topology, width) {
  const { nodes, edges } = width < NARROW ? mainPath(topology) : topology;
  const plan = layOut(
    nodes.map(({ id, role }) => ({ id, weight: WEIGHT[role] ?? 0 })),
    edges,
  );
  // A little too wide is drawn smaller; much too wide stands upright.
  const isUpright = width < plan.depth * LAYER_WIDTH * SHRINK_MAX;
  const geometry = isUpright ? upright(plan, width) : across(plan, width);
  const picture = svg('svg', {
    width: Math.min(geometry.width, width),
    height: Math.round(geometry.height * Math.min(1, width / geometry.width)),
    viewBox: `0 0 ${geometry.width} ${geometry.height}`,
    class: isUpright ? 'topology upright' : 'topology',
  });
  const parts = { nodes: new Map(), edges: new Map() };
  const roleOf = new Map(nodes.map(({ id, role }) => [id, role]));
  const labels = svg('g', { class: 'edge-labels' });
  for (const { from, to } of edges) {
    const key = `${from}>${to}`;
    const side = roleOf.get(to) === 'letters' || roleOf.get(to) === 'late' ? roleOf.get(to) : roleOf.get(from);
    const { path, middle } = geometry.edge(plan.edges.get(key));
    const line = svg('path', { d: path, class: 'edge' });
    const stream = svg('path', { d: path, class: 'stream' });
    picture.append(svg('g', { class: `edge-group ${side}` }, line, stream));
    const speed = svg('text', { x: middle.x, y: middle.y - 6, class: 'speed' });
    const lag = svg('text', { x: middle.x, y: middle.y + 14, class: 'lag' });
    labels.append(svg('g', { class: side }, speed, lag));
    parts.edges.set(key, { stream, speed, lag });
  }
  picture.append(labels);
  for (const node of nodes) {
    const { x, y } = geometry.node(plan.nodes.get(node.id));
    const group = nodeBox(node, geometry.nodeWidth);
    group.box.setAttribute('transform', `translate(${x - geometry.nodeWidth / 2} ${y - NODE_HEIGHT / 2})`);
    picture.append(group.box);
    parts.nodes.set(node.id, group);
  }
  host.replaceChildren(picture, summaryList());
  return parts;
}

let ruler;
/** Width of a text in the page's own font, in px. */
function widthOf(text, size, weight) {
  ruler ??= document.createElement('canvas').getContext('2d');
  ruler.font = `${weight} ${size}px ${getComputedStyle(document.body).fontFamily}`;
  return ruler.measureText(text).width;
}

/** The label as it fits: smaller, then without its first part (the whole is in the title), then cut. */
function fitLabel(label, room) {
  if (widthOf(label, 12.5, 620) <= room) return { text: label, isSmall: false };
  if (widthOf(label, 10.5, 620) <= room) return { text: label, isSmall: true };
  const rest = label.slice(label.indexOf('.') + 1);
  if (widthOf(rest, 12.5, 620) <= room) return { text: rest, isSmall: false };
  let cut = rest;
  while (cut.length > 4 && widthOf(`${cut}…`, 10.5, 620) > room) cut = cut.slice(0, -1);
  return { text: cut === rest ? rest : `${cut}…`, isSmall: true };
}

function nodeBox({ kind, label, role }, width) {
  const detail = svg('text', { x: width / 2, y: 38, class: 'detail' });
  const { text, isSmall } = fitLabel(label, width - 14);
  const rounded = kind === 'topic' ? NODE_HEIGHT / 2 : kind === 'actor' ? 8 : 14;
  const box = svg(
    'g',
    { class: `node ${kind} ${role}` },
    svg('title', {}, `${kind} ${label}`),
    svg('rect', { width, height: NODE_HEIGHT, rx: rounded, class: 'body' }),
    svg('text', { x: width / 2, y: 22, class: isSmall ? 'label small' : 'label' }, text),
    detail,
  );
  return { box, detail };
}

/** Layers from left to right. */
function across(plan, width) {
  const layerWidth = Math.max(LAYER_WIDTH, Math.floor((width - 8) / plan.depth));
  const nodeWidth = Math.min(176, layerWidth - EDGE_ROOM);
  const rowHeight = NODE_HEIGHT + 34;
  const left = nodeWidth / 2 + 4;
  const step = plan.depth < 2 ? 0 : (Math.max(width, plan.depth * LAYER_WIDTH) - nodeWidth - 8) / (plan.depth - 1);
  const spot = ({ layer, across: at }) => ({ x: left + layer * step, y: 12 + NODE_HEIGHT / 2 + at * rowHeight });
  return {
    nodeWidth,
    width: Math.ceil(left + (plan.depth - 1) * step + nodeWidth / 2 + 4),
    height: Math.ceil(24 + NODE_HEIGHT + (plan.breadth - 1) * rowHeight),
    node: spot,
    edge: (stops) =>
      curve(
        stops.map(spot),
        nodeWidth / 2,
        (p) => [p.x, p.y],
        (a, b) => ({ x: a, y: b }),
      ),
  };
}

/** Layers from top to bottom, for narrow pages. */
function upright(plan, width) {
  const room = Math.max(1, plan.breadth);
  const nodeWidth = Math.min(168, Math.max(92, width / room - 12));
  const columnWidth = Math.max(nodeWidth + 10, room > 1 ? (width - nodeWidth - 6) / (room - 1 || 1) : nodeWidth);
  const rowHeight = NODE_HEIGHT + 46;
  const total = nodeWidth + 6 + (room - 1) * columnWidth;
  const spot = ({ layer, across: at }) => ({
    x: 3 + nodeWidth / 2 + at * columnWidth,
    y: 6 + NODE_HEIGHT / 2 + layer * rowHeight,
  });
  return {
    nodeWidth,
    width: Math.ceil(Math.max(total, width - 2)),
    height: Math.ceil(12 + NODE_HEIGHT + (plan.depth - 1) * rowHeight),
    node: spot,
    edge: (stops) =>
      curve(
        stops.map(spot),
        NODE_HEIGHT / 2,
        (p) => [p.y, p.x],
        (a, b) => ({ x: b, y: a }),
      ),
  };
}

/** A smooth line through stops: along is the direction of the layers, side the one across. */
function curve(stops, half, split, join) {
  const points = stops.map(split);
  const segments = [];
  const isBack = points.length > 1 && points.at(-1)[0] <= points[0][0];
  let [along, side] = [points[0][0] + half, points[0][1]];
  const at = (a, s) => {
    const { x, y } = join(a, s);
    return `${x.toFixed(1)} ${y.toFixed(1)}`;
  };
  segments.push(`M ${at(along, side)}`);
  let middle = null;
  for (const [i, [nextAlong, nextSide]] of points.slice(1).entries()) {
    const isLast = i === points.length - 2;
    const enter = nextAlong - half;
    const bend = isBack ? half : (enter - along) / 2;
    segments.push(`C ${at(along + bend, side)} ${at(enter - bend, nextSide)} ${at(enter, nextSide)}`);
    if (i === 0) middle = join(along + (enter - along) / 2, (side + nextSide) / 2);
    if (!isLast) segments.push(`L ${at(nextAlong + half, nextSide)}`);
    [along, side] = [nextAlong + half, nextSide];
  }
  return { path: segments.join(' '), middle };
}

const LIST_ID = 'flow-list';

/** The same in words, for those who do not see the picture. */
function summaryList() {
  return element('ul', { id: LIST_ID, class: 'unseen' });
}

function update({ nodes, edges }, topology, status) {
  const { flow } = status;
  if (flow === undefined) return;
  const lines = [];
  for (const [key, { stream, speed, lag }] of edges) {
    const found = flow.edges[key];
    const perSecond = found?.perSecond ?? 0;
    const waiting = found?.lag ?? null;
    setText(speed, perSecond > 0 ? `${rate(perSecond)}/s` : '');
    setText(lag, waiting === null ? '' : waiting === 0 ? 'lag 0' : `lag ${count(waiting)}`);
    lag.classList.toggle('behind', waiting !== null && waiting > Math.max(100, perSecond * 5));
    stream.classList.toggle('moving', perSecond > 0);
    // Faster is faster, but a thousandfold rate must stay a movement and not become a flicker.
    stream.style.animationDuration = `${Math.max(0.35, 2.2 - Math.log10(1 + perSecond) * 0.45).toFixed(2)}s`;
    if (found !== undefined) {
      const [from, to] = key.split('>').map((id) => id.slice(id.indexOf(':') + 1));
      lines.push(`${from} to ${to}: ${rate(perSecond)} records a second${waiting === null ? '' : `, lag ${waiting}`}`);
    }
  }
  const bridges = new Map((status.bridges ?? []).map((bridge) => [bridge.name, bridge]));
  const isElsewhere = status.tasks?.length > 0 && status.tasks.every((task) => task.state === 'elsewhere');
  const noTask = isElsewhere ? 'in other processes' : 'not started';
  const sizes = new Map((status.topics ?? []).map(({ topic, bytes: size }) => [topic, size]));
  for (const { id, kind, role } of topology.nodes) {
    const drawn = nodes.get(id);
    if (drawn === undefined) continue;
    const { box, detail } = drawn;
    const name = id.slice(id.indexOf(':') + 1);
    if (kind === 'topic') {
      const topic = flow.topics[name];
      const size = sizes.get(name);
      setText(
        detail,
        topic === undefined
          ? 'in memory'
          : role === 'letters' || size === undefined
            ? count(topic.records)
            : `${count(topic.records)} · ${bytes(size)}`,
      );
      box.classList.toggle('idle', role !== 'main' && (topic?.records ?? 0) === 0);
    } else if (kind === 'actor') {
      const actor = flow.actors[name];
      const isWhole = actor !== undefined && actor.running === actor.tasks;
      setText(
        detail,
        actor === undefined
          ? noTask
          : isWhole
            ? plural(actor.tasks, 'task')
            : `${actor.running} of ${actor.tasks} tasks`,
      );
      box.classList.toggle('troubled', !isWhole && !isElsewhere);
    } else if (kind === 'bridge') {
      const bridge = bridges.get(name);
      setText(detail, bridge === undefined ? withoutCount(name, bridges) : `${count(bridge.connections)} connected`);
    }
  }
  const list = document.getElementById(LIST_ID);
  if (list !== null) list.replaceChildren(...lines.map((line) => element('li', {}, line)));
}

/** Packets come without connections of their own: those of gateways through the HTTP bridge, those of an interface from this machine. */
function withoutCount(name, bridges) {
  if (name === 'capture') return 'this machine';
  return name === 'gateways' && bridges.has('http') ? 'over HTTP' : 'off';
}

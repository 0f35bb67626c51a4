/**
 * Call trees as one SVG that needs nothing beside itself: the root on top, callers above what they call, widths in time. Whatever
 * is too narrow for its name says it when it is pointed at.
 */
import { type CallNode, type CallTree, COLLECTOR, groupTimes, MAKER, NATIVE, NODE, OWN } from './call-tree.ts';

export interface FlameGraph {
  readonly title: string;
  readonly subtitle: string;
  readonly trees: readonly CallTree[];
}

const WIDTH = 1400;
const MARGIN = 16;
const INNER = WIDTH - 2 * MARGIN;
const ROW = 18;
const FONT = 11.5;
/** Of the monospaced font, a little generous: no text may stand out of its box. */
const CHAR = FONT * 0.62;
const WIDTH_MIN = 0.5;
const DEPTH_MAX = 60;
/** Less of a name says nothing. */
const CHARS_MIN = 4;
const LEGEND_MAX = 14;
const LEGEND_COLUMN = 340;

const FIXED: Readonly<Record<string, string>> = {
  [NATIVE]: '#c9ced6',
  [COLLECTOR]: '#e58a8a',
  [NODE]: '#9fb3a5',
  [MAKER]: '#e6e0c8',
  [OWN]: '#c39bd3',
};
const COLOURS = (
  '#f5b971 #8fc1e3 #a8d08d #bcd0e8 #d7b8e8 #f3d774 #86d1c5 #e3a3c4 #b9c97a #a9b4f0 ' +
  '#d9a066 #6fb7b7 #c7d9f5 #d98fb0 #9ccf6a #e8c9a0'
).split(' ');

export function flameGraph({ title, subtitle, trees }: FlameGraph): string {
  const colours = colourOf(trees);
  const body: string[] = [];
  let y = MARGIN + 18;
  body.push(text(MARGIN, y, title, 'class="title"'));
  y += 20;
  body.push(text(MARGIN, y, subtitle, 'class="quiet"'));
  y += 14;
  for (const tree of trees) {
    const { root, busyUs, wallUs, threads } = tree;
    y += 22;
    const busy = `${root.name}: ${threads} ${threads === 1 ? 'thread' : 'threads'}, ${percent(busyUs / Math.max(1, wallUs))} busy of ${seconds(wallUs / Math.max(1, threads))}`;
    body.push(text(MARGIN, y, busy, 'class="heading"'));
    y = legend(body, tree, colours, y + 8);
    const depth = frames(body, tree, colours, y);
    y += (depth + 1) * ROW + 8;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${Math.ceil(y + MARGIN)}" viewBox="0 0 ${WIDTH} ${Math.ceil(y + MARGIN)}" role="img">
<title>${escaped(title)}</title>
<style>
text { font: ${FONT}px ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace; fill: #1c2733; }
text.title { font: bold 17px system-ui, 'DejaVu Sans', sans-serif; }
text.heading { font: bold 14px system-ui, 'DejaVu Sans', sans-serif; }
text.quiet { font: 12.5px system-ui, 'DejaVu Sans', sans-serif; fill: #4a5764; }
g.f rect { stroke: #ffffff; stroke-width: 0.6; }
g.f:hover rect { stroke: #1c2733; stroke-width: 1.4; }
g.f text { pointer-events: none; }
</style>
<rect width="100%" height="100%" fill="#ffffff"/>
${body.join('\n')}
</svg>
`;
}

/** One colour for a folder in all trees, those with the most time first. */
function colourOf(trees: readonly CallTree[]): ReadonlyMap<string, string> {
  const all = new Map<string, number>();
  for (const { root, busyUs } of trees)
    for (const { group, selfUs } of groupTimes(root))
      all.set(group, (all.get(group) ?? 0) + selfUs / Math.max(1, busyUs));
  const colours = new Map(Object.entries(FIXED));
  const others = [...all].filter(([group]) => !colours.has(group)).sort((a, b) => b[1] - a[1]);
  for (const [i, [group]] of others.entries()) colours.set(group, COLOURS[i % COLOURS.length]!);
  return colours;
}

function legend(body: string[], { root, busyUs }: CallTree, colours: ReadonlyMap<string, string>, top: number): number {
  const groups = groupTimes(root).slice(0, LEGEND_MAX);
  const columns = Math.floor(INNER / LEGEND_COLUMN);
  for (const [i, { group, selfUs }] of groups.entries()) {
    const x = MARGIN + (i % columns) * LEGEND_COLUMN;
    const y = top + Math.floor(i / columns) * ROW;
    body.push(`<rect x="${x}" y="${y}" width="12" height="12" fill="${colours.get(group)}"/>`);
    body.push(text(x + 18, y + 10, `${percent(selfUs / Math.max(1, busyUs)).padStart(6)}  ${group}`));
  }
  return top + Math.ceil(groups.length / columns) * ROW + 6;
}

/** Gives the depth of the deepest row that was drawn. */
function frames(body: string[], { root, busyUs }: CallTree, colours: ReadonlyMap<string, string>, top: number): number {
  const scale = INNER / Math.max(1, root.totalUs);
  let deepest = 0;
  const draw = (node: CallNode, x: number, depth: number): void => {
    const width = node.totalUs * scale;
    if (width < WIDTH_MIN || depth > DEPTH_MAX) return;
    deepest = Math.max(deepest, depth);
    body.push(
      frame(
        node,
        x,
        top + depth * ROW,
        width,
        depth === 0 ? '#e4e8ee' : (colours.get(node.group) ?? FIXED[NATIVE]!),
        busyUs,
      ),
    );
    let at = x;
    for (const child of [...node.children.values()].sort((a, b) => b.totalUs - a.totalUs)) {
      draw(child, at, depth + 1);
      at += child.totalUs * scale;
    }
  };
  draw(root, MARGIN, 0);
  return deepest;
}

function frame(node: CallNode, x: number, y: number, width: number, colour: string, busyUs: number): string {
  const { name, place, group, totalUs, selfUs } = node;
  const share = (us: number) => `${percent(us / Math.max(1, busyUs))} (${seconds(us)})`;
  const title = [
    name,
    place === '' ? group : `${place}, ${group}`,
    `with what it calls ${share(totalUs)}, itself ${share(selfUs)}`,
  ];
  const chars = Math.floor((width - 6) / CHAR);
  const shown = labelOf(name, place.replace(/:\d+$/, ''), chars);
  const label = shown === '' ? '' : text(x + 3, y + ROW - 5.5, shown);
  return `<g class="f"><title>${escaped(title.join('\n'))}</title><rect x="${x.toFixed(2)}" y="${y}" width="${width.toFixed(2)}" height="${ROW - 1}" fill="${colour}"/>${label}</g>`;
}

/** The name, with its file where there is room for both. */
function labelOf(name: string, file: string, chars: number): string {
  const both = `${name}  ${file}`.trimEnd();
  if (both.length <= chars) return both;
  if (name.length <= chars) return name;
  return chars >= CHARS_MIN ? `${name.slice(0, chars - 1)}…` : '';
}

const text = (x: number, y: number, value: string, attributes = ''): string =>
  `<text x="${x.toFixed(2)}" y="${y}" xml:space="preserve"${attributes === '' ? '' : ` ${attributes}`}>${escaped(value)}</text>`;

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
const seconds = (us: number): string => (us >= 1e6 ? `${(us / 1e6).toFixed(2)} s` : `${(us / 1e3).toFixed(1)} ms`);

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function escaped(value: string): string {
  // Control characters have no place in XML.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed
  return value.replace(/[\u0000-\u0008\u000b-\u001f]/g, '').replace(/[&<>"]/g, (char) => ENTITIES[char]!);
}

/**
 * The few pieces of SVG that the plots are made of. Colours are classes, so that one file can be read in light and in
 * dark: it follows the reader's setting and brings its own ground.
 */

export const WIDTH = 880;
export const MARGIN = 20;
/** About what a character of the plots' font takes, at 12 px. */
const CHARACTER_PX = 6.4;

const STYLE = `
text { font: 12px system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: #1f2328 }
.title { font-size: 15px; font-weight: 600 } .head { font-weight: 600 } .dim { fill: #59636e } .small { font-size: 11px }
.ground { fill: #ffffff } .grid { stroke: #d1d9e0; stroke-width: 1 } .spread { stroke: #1f2328; stroke-width: 1.5 }
.floor { stroke: #c4432b; stroke-width: 1.5; stroke-dasharray: 5 3 } .aim { stroke: #1a7f37; stroke-width: 1.5; stroke-dasharray: 2 3 }
.floor-text { fill: #b13a24 } .aim-text { fill: #1a7f37 }
.s0 { fill: #2f6fd0; stroke: #2f6fd0 } .s1 { fill: #8c959f; stroke: #8c959f } .s2 { fill: #b8681a; stroke: #b8681a }
.s3 { fill: #7b4bc4; stroke: #7b4bc4 } .s4 { fill: #1d8a8a; stroke: #1d8a8a } .s5 { fill: #a83a6b; stroke: #a83a6b }
.line { fill: none; stroke-width: 2 } rect { stroke: none }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .dim { fill: #9aa4ae } .ground { fill: #0d1117 } .grid { stroke: #30363d } .spread { stroke: #e6edf3 }
.floor { stroke: #ff7b5f } .aim { stroke: #4fc26b } .floor-text { fill: #ff8f76 } .aim-text { fill: #4fc26b }
.s0 { fill: #6aa3ff; stroke: #6aa3ff } .s1 { fill: #6e7781; stroke: #6e7781 } .s2 { fill: #e09b4f; stroke: #e09b4f }
.s3 { fill: #b392f0; stroke: #b392f0 } .s4 { fill: #4dc4c4; stroke: #4dc4c4 } .s5 { fill: #e57ba8; stroke: #e57ba8 }
.line { fill: none } rect { stroke: none }
}`;

export interface Block {
  /** Drawn from y = 0 on. */
  readonly body: string;
  readonly height: number;
}

export function document(title: string, description: string, blocks: readonly Block[]): string {
  let y = MARGIN;
  const placed = blocks.map(({ body, height }) => {
    const group = `<g transform="translate(0 ${y})">${body}</g>`;
    y += height;
    return group;
  });
  const height = y + MARGIN / 2;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-labelledby="title description">
<title id="title">${escaped(title)}</title>
<desc id="description">${escaped(description)}</desc>
<style>${STYLE}</style>
<rect class="ground" width="${WIDTH}" height="${height}" rx="6"/>
${placed.join('\n')}
</svg>
`;
}

export type Anchor = 'start' | 'middle' | 'end';

export function text(x: number, y: number, content: string, classes = '', anchor: Anchor = 'start'): string {
  const anchored = anchor === 'start' ? '' : ` text-anchor="${anchor}"`;
  return `<text x="${px(x)}" y="${px(y)}"${classes === '' ? '' : ` class="${classes}"`}${anchored}>${escaped(content)}</text>`;
}

export function line(x1: number, y1: number, x2: number, y2: number, classes: string): string {
  return `<line x1="${px(x1)}" y1="${px(y1)}" x2="${px(x2)}" y2="${px(y2)}" class="${classes}"/>`;
}

export function bar(x: number, y: number, width: number, height: number, classes: string): string {
  return `<rect x="${px(x)}" y="${px(y)}" width="${px(Math.max(1, width))}" height="${px(height)}" class="${classes}"/>`;
}

export function dot(x: number, y: number, classes: string, radius = 4): string {
  return `<circle cx="${px(x)}" cy="${px(y)}" r="${radius}" class="${classes}"/>`;
}

/** Least to greatest, with a stroke at each end. */
export function whisker(x1: number, x2: number, y: number): string {
  const ends = [x1, x2].map((x) => line(x, y - 4, x, y + 4, 'spread')).join('');
  return `${line(x1, y, x2, y, 'spread')}${ends}`;
}

export function textWidth(content: string): number {
  return content.length * CHARACTER_PX;
}

/** What fits into so many pixels. */
export function fitted(content: string, width: number): string {
  const characters = Math.floor(width / CHARACTER_PX);
  return content.length <= characters ? content : `${content.slice(0, characters - 1)}…`;
}

function px(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

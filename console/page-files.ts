/**
 * The page's own files, read once and kept: a fixed list of names, so that no path of a request ever reaches the file
 * system. uPlot comes from node_modules as it is; nothing comes from another machine.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Call, Route } from './http.ts';

const SCRIPT = 'text/javascript; charset=utf-8';
const STYLE = 'text/css; charset=utf-8';

const page = (name: string) => new URL(`./page/${name}`, import.meta.url);
const uplot = (name: string) =>
  join(dirname(createRequire(import.meta.url).resolve('uplot/package.json')), 'dist', name);

const FILES: readonly { readonly path: string; readonly type: string; readonly file: URL | string }[] = [
  { path: '/', type: 'text/html; charset=utf-8', file: page('index.html') },
  { path: '/favicon.svg', type: 'image/svg+xml', file: page('favicon.svg') },
  ...['theme', 'layout', 'parts', 'trust', 'map', 'reputation', 'detection', 'adapt'].map((name) => ({
    path: `/page/${name}.css`,
    type: STYLE,
    file: page(`${name}.css`),
  })),
  ...[
    'main',
    'format',
    'dom',
    'topology',
    'layout',
    'readings',
    'held',
    'chart',
    'letters',
    'health',
    'figures',
    'trust',
    'map',
    'reputation',
    'reputation-history',
    'reputation-graph',
    'reputation-places',
    'reputation-standing',
    'operator',
    'detection',
    'detection-alert',
    'detection-rules',
  ].map((name) => ({
    path: `/page/${name}.js`,
    type: SCRIPT,
    file: page(`${name}.js`),
  })),
  { path: '/uplot/uPlot.esm.js', type: SCRIPT, file: uplot('uPlot.esm.js') },
  { path: '/uplot/uPlot.min.css', type: STYLE, file: uplot('uPlot.min.css') },
];

export function pageRoutes(): Route[] {
  return FILES.map(({ path, type, file }) => {
    let kept: { readonly body: Buffer; readonly tag: string } | undefined;
    return {
      method: 'GET',
      path,
      handle: ({ request, response }: Call) => {
        if (kept === undefined) {
          const body = readFileSync(file);
          kept = { body, tag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"` };
        }
        const isKnown = request.headers['if-none-match'] === kept.tag;
        response.writeHead(isKnown ? 304 : 200, {
          etag: kept.tag,
          'cache-control': 'no-cache',
          ...(isKnown ? {} : { 'content-type': type, 'content-length': kept.body.length }),
        });
        response.end(isKnown ? undefined : kept.body);
      },
    };
  });
}

// Bans: each against a planted violation, and against what only looks like one.
import { checkBans } from './ban-checks.ts';
import { allows, finds } from './planting.ts';

const BANNED: Readonly<Record<string, string>> = {
  'Date.now': 'const a = Date.now();',
  'new Date() without an argument': 'const a = new Date();',
  'new Date without brackets': 'const a = new Date;',
  'performance.now': 'const a = performance.now();',
  'process.hrtime': 'const a = process.hrtime.bigint();',
  setTimeout: 'setTimeout(() => {}, 1);',
  setInterval: 'globalThis.setInterval(run, 1);',
  'a timer module': "import { setTimeout as delay } from 'node:timers/promises';",
  'Math.random': 'const a = Math.random();',
  randomBytes: "import { randomBytes } from 'node:crypto';\nconst a = randomBytes(8);",
  'crypto.randomUUID': 'const a = crypto.randomUUID();',
  'node:net': "import { connect } from 'node:net';",
  'http without its prefix': "import { request } from 'http';",
  fetch: "const a = await fetch('x');",
  'node:fs': "import { readFileSync } from 'node:fs';",
  'node:fs/promises, dynamically': "const fs = await import('node:fs/promises');",
  'node:child_process': "import { spawn } from 'node:child_process';",
  'process.env': 'const a = process.env.HOME;',
  'process.exit': 'process.exit(1);',
  'console.log': "console.log('x');",
  'a device word': 'const imeiLength = 15; const enmon = 1;',
  'an async listener': "emitter.on('x', async () => {});",
  'Date.now inside a template': `const a = \`at \${Date.now()}\`;`,
  'Date.now after a regular expression with a quote': "const a = /'/.test(b);\nconst c = Date.now();",
};
for (const [title, text] of Object.entries(BANNED))
  finds(`${title} in the engine`, checkBans, { 'engine/window/a.ts': text }, /^engine\/window\/a\.ts:\d+ {2}\S/);

allows('what looks like a banned name and is none', checkBans, {
  'engine/window/a.ts': [
    "// Date.now() and Math.random() are banned; see console.log('x')",
    'const text = \'Date.now()\' + "Math.random()" + `setTimeout(`;',
    'const date = new Date(clock.nowMs());',
    'clock.setTimeout(run, 5); this.#console.log(1);',
    'interface Port { fetch(count: number): void; }',
    "emitter.on('x', () => {});",
    'const half = a / 2 / b; // Date.now',
  ].join('\n'),
});
allows('time, chance and files at home', checkBans, {
  'engine/base/clock.ts': 'export const now = () => Date.now();',
  'engine/base/random.ts': 'export const random = () => Math.random();',
  'engine/log/embedded/a.ts': "import { readFileSync } from 'node:fs';",
  'bridges/http/index.ts': "import { createServer } from 'node:http';",
  'cli/main.ts': 'console.log(process.env.HOME);',
});
finds(
  'a test that sleeps',
  checkBans,
  { 'test/a.test.ts': 'await new Promise((resolve) => setTimeout(resolve, 100));' },
  /sleeping tests/,
);
finds('a test that sleeps by a module', checkBans, { 'test/a.test.ts': 'await delay(100);' }, /sleeping tests/);

const FLOATING: Readonly<Record<string, string>> = {
  'a named one': "import { rm } from 'node:fs/promises';\nexport function f() {\n  rm('x');\n}",
  'one of a namespace': "import * as fs from 'node:fs/promises';\nexport const f = () => { fs.rm('x'); };",
  'one renamed': "import { setTimeout as delay } from 'node:timers/promises';\nif (a) {\n  delay(5);\n}",
  once: "import { once } from 'node:events';\nrun();\nonce(process, 'exit');",
};
for (const [title, text] of Object.entries(FLOATING))
  finds(`a floating promise of a built-in module, ${title}`, checkBans, { 'cli/a.ts': text }, /floating promise/);
allows('promises of built-in modules that are awaited, returned, passed on or void', checkBans, {
  'cli/a.ts': [
    "import { rm } from 'node:fs/promises';",
    "import { once } from 'node:events';",
    "await rm('x');",
    "const a = rm('x');",
    'const b = await Promise.all([',
    "  rm('x'),",
    "  once(process, 'exit'),",
    ']);',
    "const c = () => rm('x');",
    "export const d = () =>\n  rm('x');",
    "void rm('x');",
    'const e =\n  rm(a);',
    "store.rm('x');",
  ].join('\n'),
});

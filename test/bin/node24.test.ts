// The launcher: it finds a Node that is new enough, and puts no process between the caller and the program.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { repositoryRoot } from '../support/needs.ts';

const launcher = join(repositoryRoot, 'bin', 'node24');
const PRINT_MAJOR = ['-p', 'Number(process.versions.node.split(".")[0]) >= 24'];

function run(
  file: string,
  path = process.env.PATH,
): { readonly status: number | null; readonly out: string; readonly err: string } {
  const result = spawnSync(file, PRINT_MAJOR, { encoding: 'utf8', env: { ...process.env, PATH: path } });
  return { status: result.status, out: result.stdout.trim(), err: result.stderr };
}

/** A folder with the shell's own tools and no node. */
function pathWithoutNode(folder: string): string {
  const tools = join(folder, 'tools');
  mkdirSync(tools);
  for (const tool of ['sh', 'dirname', 'readlink', 'uname']) {
    const found = spawnSync('sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).stdout.trim();
    symlinkSync(found, join(tools, tool));
  }
  return tools;
}

/** A copy of bin/ in a folder whose name has blanks. */
function copyOfBin(folder: string): string {
  const clone = join(folder, 'a clone with blanks');
  mkdirSync(clone);
  cpSync(join(repositoryRoot, 'bin'), join(clone, 'bin'), { recursive: true });
  return clone;
}

t.test('it runs a Node that is new enough, whatever the machine has', async (t) => {
  t.same(run(launcher), { status: 0, out: 'true', err: '' });
});

t.test('it finds its clone through a symbolic link, as npx makes them', async (t) => {
  const link = join(t.testdir({}), 'linked');
  symlinkSync(launcher, link);
  t.same(run(link), { status: 0, out: 'true', err: '' });
});

t.test('a clone whose path has blanks works, also without a node on PATH', async (t) => {
  const folder = t.testdir({});
  const clone = copyOfBin(folder);
  symlinkSync(join(repositoryRoot, 'node_modules'), join(clone, 'node_modules'));
  t.same(run(join(clone, 'bin', 'node24'), pathWithoutNode(folder)), { status: 0, out: 'true', err: '' });
});

t.test('msec runs the sources of its clone, through a link and a path with blanks, from anywhere', async (t) => {
  const folder = t.testdir({});
  const clone = copyOfBin(folder);
  symlinkSync(join(repositoryRoot, 'node_modules'), join(clone, 'node_modules'));
  mkdirSync(join(clone, 'cli'));
  writeFileSync(
    join(clone, 'cli', 'main.ts'),
    'const rest: string[] = process.argv.slice(2);\nconsole.log(rest.join());\n',
  );
  symlinkSync(join(clone, 'bin', 'msec'), join(folder, 'msec'));
  const result = spawnSync(join(folder, 'msec'), ['up', '--rate', '5'], { cwd: '/', encoding: 'utf8' });
  t.equal(result.stdout, 'up,--rate,5\n', result.stderr);
  t.equal(result.stderr, '');
});

t.test('where there is none, it says what to do and ends with 69', async (t) => {
  const folder = t.testdir({});
  const { status, out, err } = run(join(copyOfBin(folder), 'bin', 'node24'), pathWithoutNode(folder));
  t.equal(status, 69);
  t.equal(out, '');
  t.match(err, /needs Node 24 or newer.*none.*npm ci/s);
});

t.test('the program is the process that was started, and gets each signal once', async (t) => {
  const program = `
    let count = 0;
    process.on('SIGINT', () => { count += 1; console.log('signal ' + count); if (count === 2) process.exit(7); });
    setInterval(() => {}, 1000);
    console.log('pid ' + process.pid);`;
  const child = spawn(launcher, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.teardown(() => child.kill('SIGKILL'));
  const lines = linesOf(child);
  t.equal(await lines.next(), `pid ${child.pid}`);
  child.kill('SIGINT');
  t.equal(await lines.next(), 'signal 1');
  child.kill('SIGINT');
  t.equal(await lines.next(), 'signal 2');
  t.same(await once(child, 'exit'), [7, null]);
});

t.test('arguments arrive as they are', async (t) => {
  const args = ['a b', '', '$HOME', '"quoted"', '*'];
  const result = spawnSync(launcher, ['-p', 'JSON.stringify(process.argv.slice(1))', '--', ...args], {
    encoding: 'utf8',
  });
  t.same(JSON.parse(result.stdout), args);
});

function linesOf(child: ChildProcess): { next(): Promise<string | undefined> } {
  const lines = child.stdout?.setEncoding('utf8').iterator();
  let pending = '';
  return {
    async next() {
      while (!pending.includes('\n')) {
        const chunk = await lines?.next();
        if (chunk === undefined || chunk.done === true) return undefined;
        pending += String(chunk.value);
      }
      const line = pending.slice(0, pending.indexOf('\n'));
      pending = pending.slice(line.length + 1);
      return line;
    },
  };
}

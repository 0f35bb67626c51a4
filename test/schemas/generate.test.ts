import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { execPath } from 'node:process';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { generatedFiles, staleFiles } from '../../schemas/generate.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

t.test('what is committed equals a fresh generation', async (t) => {
  t.same(staleFiles(root, generatedFiles(root)), []);
});

t.test('a file that was edited by hand or is missing is named', async (t) => {
  const copy = t.testdir();
  const files = generatedFiles(root);
  for (const [path, text] of files) {
    if (path === 'schemas/avro/enmon-reading.avsc') continue;
    mkdirSync(dirname(join(copy, path)), { recursive: true });
    writeFileSync(join(copy, path), path.endsWith('crowd.ts') ? `${text}// mine\n` : text);
  }
  t.same(staleFiles(copy, files).sort(), ['schemas/avro/enmon-reading.avsc', 'schemas/generated/crowd.ts']);
});

t.test('the command with --check exits 0 where nothing differs, and 1 where a description has changed', async (t) => {
  const copy = t.testdir();
  for (const folder of ['schemas', 'docs/reference/frames', 'engine/base', 'firmware/device/core/generated']) {
    cpSync(join(root, folder), join(copy, folder), { recursive: true });
  }
  writeFileSync(join(copy, 'package.json'), '{"type":"module"}');
  mkdirSync(join(copy, 'node_modules'));
  cpSync(join(root, 'node_modules/yaml'), join(copy, 'node_modules/yaml'), { recursive: true });
  const run = (...args: string[]) =>
    spawnSync(execPath, [join(copy, 'schemas/generate.ts'), ...args], { encoding: 'utf8' });
  t.match(run('--check'), { status: 0, stderr: '' });
  const description = join(copy, 'schemas/frames/enmon.yaml');
  writeFileSync(description, readFileSync(description, 'utf8').replace('max: 85', 'max: 84'));
  t.match(run('--check'), { status: 1, stderr: /schemas\/generated\/enmon\.ts differs.*\n.*enmon\.md differs/s });
  t.match(run(), { status: 0, stdout: /wrote schemas\/generated\/enmon\.ts/ });
  t.equal(run('--check').status, 0);
});

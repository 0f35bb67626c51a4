import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { generatedFiles } from '../../../../../tools/generate-kafka-protocol.ts';
import { needs, repositoryRoot } from '../../../../support/needs.ts';
import { kafkaClientsJar, messages } from './definitions.ts';

const folder = join(repositoryRoot, 'engine', 'log', 'kafka', 'protocol', 'generated');

t.test('the codecs are what their definitions give: `npm run generate`', async (t) => {
  if (!needs(t, 'java', 'mvn')) return;
  const files = generatedFiles(await kafkaClientsJar());
  t.same(readdirSync(folder).toSorted(), [...files.keys()].toSorted());
  const stale = [...files].filter(([name, text]) => readFileSync(join(folder, name), 'utf8') !== text);
  t.same(
    stale.map(([name]) => name),
    [],
  );
});

t.test('no two messages have the same key, and each has versions', async (t) => {
  t.equal(new Set(messages.map(({ apiKey }) => apiKey)).size, messages.length);
  t.equal(messages.length, 31);
  for (const { name, versions } of messages) t.ok(versions.min <= versions.max, name);
});

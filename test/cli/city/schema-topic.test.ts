import fc from 'fast-check';
import t from 'tap';
import { loadSchemas, SCHEMAS_TOPIC, topicSchemaLog } from '../../../cli/city/schema-topic.ts';
import { systemClock } from '../../../engine/base/index.ts';
import { SchemaRegistry } from '../../../engine/registry/index.ts';
import { memoryLog } from '../../services/memory-log.ts';

const schemaOf = (name: string) => JSON.stringify({ type: 'record', name, fields: [] });

async function registries(t: { teardown(handle: () => Promise<void>): void }, count: number) {
  const log = await memoryLog();
  t.teardown(() => log.close());
  await log.createTopics([SCHEMAS_TOPIC]);
  const open = () => SchemaRegistry.open(topicSchemaLog(log, log.openReader(), systemClock));
  return { log, open, all: await Promise.all(Array.from({ length: count }, open)) };
}

t.test('processes that register the same schemas at once give each the same id', async (t) => {
  const { all, open } = await registries(t, 3);
  const names = ['A', 'B', 'C', 'D'];
  const ids = await Promise.all(
    all.map(async (registry, i) => {
      const given: Record<string, number> = {};
      // Each begins with another one.
      for (const name of [...names.slice(i), ...names.slice(0, i)])
        given[name] = (await registry.register(`${name}-value`, { schema: schemaOf(name) })).id;
      return names.map((name) => given[name]);
    }),
  );
  t.same(ids[1], ids[0]);
  t.same(ids[2], ids[0]);
  t.equal(new Set(ids[0]).size, names.length, 'and different ones different ids');
  const later = await open();
  t.same(
    names.map((name) => later.version(`${name}-value`, 'latest').id),
    ids[0],
  );
});

t.test('what another process has registered is known after a refresh', async (t) => {
  const {
    all: [one, other],
  } = await registries(t, 2);
  const { id } = await one!.register('a', { schema: schemaOf('A') });
  t.throws(() => other!.byId(id), { code: 'SCHEMA_UNKNOWN' });
  await Promise.all([other!.refresh(), other!.refresh()]);
  t.equal(other!.byId(id).subject, 'a');
  await other!.setLevel('a', 'FULL');
  await one!.refresh();
  t.equal(one!.level('a'), 'FULL');
});

t.test('a version that another process has added is the one that a change has to follow', async (t) => {
  const {
    all: [one, other],
  } = await registries(t, 2);
  const withField = (type: string) => JSON.stringify({ type: 'record', name: 'R', fields: [{ name: 'f', type }] });
  await one!.register('r', { schema: withField('int') });
  await t.rejects(other!.register('r', { schema: withField('string') }), { code: 'SCHEMA_INCOMPATIBLE' });
});

t.test('whoever registers what and when, no id stands for two schemas and no version is taken twice', async (t) => {
  const step = fc.record({
    by: fc.nat(2),
    subject: fc.constantFrom('x', 'y'),
    name: fc.constantFrom('A', 'B', 'C', 'D'),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 15 }), async (steps) => {
      const { log, all } = await registries(t, 3);
      for (const registry of all) await registry.setLevel(null, 'NONE');
      await Promise.all(steps.map(({ by, subject, name }) => all[by]!.register(subject, { schema: schemaOf(name) })));
      const schemas = new Map<number, string>();
      const versions = new Set<string>();
      for await (const { key, value } of loadSchemas(log.openReader())) {
        if (!key.includes('"SCHEMA"')) continue;
        const { subject, version, id, schema } = JSON.parse(value!) as Record<string, string | number>;
        const known = schemas.get(id as number) ?? schema;
        const place = `${subject} ${version}`;
        if (known !== schema || versions.has(place)) return false;
        schemas.set(id as number, schema as string);
        versions.add(place);
      }
      return true;
    }),
    { numRuns: 40 },
  );
});

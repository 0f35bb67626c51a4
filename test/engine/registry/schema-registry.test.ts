import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { memorySchemaLog, type SchemaLogRecord, SchemaRegistry } from '../../../engine/registry/index.ts';

const record = (...fields: object[]) => JSON.stringify({ type: 'record', name: 'Reading', namespace: 'test', fields });
const A = { name: 'a', type: 'int' };
const B = { name: 'b', type: 'int' };
const B0 = { name: 'b', type: 'int', default: 0 };

async function fresh(records: SchemaLogRecord[] = []) {
  const log = memorySchemaLog(records);
  return { log, registry: await SchemaRegistry.open(log) };
}

t.test('ids are global: one schema has one id, whatever its subject, white space and order of keys', async (t) => {
  const { registry } = await fresh();
  const first = await registry.register('one', { schema: record(A) });
  t.match(first, { subject: 'one', version: 1, id: 1 });
  t.match(await registry.register('two', { schema: record(A, B) }), { version: 1, id: 2 });
  const reordered =
    '{ "fields": [{"type": {"type": "int"}, "name": "a"}],\n "namespace": "test", "name": "Reading", "type": "record" }';
  t.match(await registry.register('two', { schema: reordered }), { version: 2, id: 1 });
  t.match(await registry.register('two', { schema: record(A) }), { version: 2, id: 1 }, 'and none twice in a subject');
  t.same(registry.versions('two'), [1, 2]);
  t.same(registry.subjects(), ['one', 'two']);
  t.equal(registry.byId(1).schema, record(A));
});

t.test('defaults and logical types make another schema', async (t) => {
  const { registry } = await fresh();
  await registry.register('s', { schema: record(A, B0) });
  t.match(await registry.register('s', { schema: record(A, { ...B0, default: 1 }) }), { version: 2, id: 2 });
  const time = (logicalType: string) => record({ name: 'a', type: { type: 'long', logicalType } });
  t.equal((await registry.register('t', { schema: time('timestamp-millis') })).id, 3);
  t.equal((await registry.register('t', { schema: time('timestamp-micros') })).id, 4);
});

t.test('each level compares what its name says', async (t) => {
  const widen = [record({ ...A, type: 'int' }), record({ ...A, type: 'long' })] as const;
  const drop = [record(A, B), record(A)] as const;
  const add = [record(A), record(A, B)] as const;
  const free = [record(A), record(A, B0)] as const;
  const allowed: [string, (readonly [string, string])[]][] = [
    ['NONE', [widen, drop, add, free]],
    ['BACKWARD', [widen, drop, free]],
    ['FORWARD', [add, free]],
    ['FULL', [free]],
  ];
  for (const [level, pairs] of allowed) {
    for (const pair of [widen, drop, add, free]) {
      const { registry } = await fresh();
      await registry.setLevel('s', level);
      await registry.register('s', { schema: pair[0] });
      const second = registry.register('s', { schema: pair[1] });
      if (pairs.includes(pair)) t.match(await second, { version: 2 }, level);
      else await t.rejects(second, { code: 'SCHEMA_INCOMPATIBLE' }, level);
    }
  }
});

t.test('transitive levels look at every version, the others at the latest', async (t) => {
  const { registry } = await fresh();
  await registry.register('s', { schema: record(A, B) });
  await registry.register('s', { schema: record(A) });
  const again = { schema: record(A, { name: 'b', type: 'string', default: '' }) };
  t.same(registry.test('s', 'latest', again), []);
  await registry.setLevel('s', 'BACKWARD_TRANSITIVE');
  await t.rejects(registry.register('s', again), { code: 'SCHEMA_INCOMPATIBLE', message: /what version 1 wrote/ });
  await registry.setLevel('s', 'BACKWARD');
  t.match(await registry.register('s', again), { version: 3 });
});

t.test('a refusal says where, why and what to do', async (t) => {
  const { registry } = await fresh();
  await registry.register('s', { schema: record(A) });
  await t.rejects(registry.register('s', { schema: record({ ...A, type: 'string' }, B) }), {
    code: 'SCHEMA_INCOMPATIBLE',
    message:
      "the schema cannot follow the earlier ones of 's' (BACKWARD): " +
      'it cannot read what version 1 wrote: at fields.a, int is written and cannot be read as string; ' +
      'keep int, or put the new type in a new field with a default. ' +
      'it cannot read what version 1 wrote: at fields.b, it is read, not written, and has no default; give it a default',
  });
  t.same(registry.versions('s'), [1], 'and nothing is registered');
  await registry.setLevel('s', 'FORWARD');
  await t.rejects(registry.register('s', { schema: record() }), {
    message: /version 1 cannot read what it writes: at fields\.a, .* keep the field$/,
  });
});

t.test('a subject without a level of its own follows the common one', async (t) => {
  const { registry } = await fresh();
  t.equal(registry.level(), 'BACKWARD');
  t.equal(registry.level('s'), null);
  t.equal(registry.effectiveLevel('s'), 'BACKWARD');
  await registry.setLevel(null, 'FULL');
  t.equal(registry.effectiveLevel('s'), 'FULL');
  await t.rejects(registry.setLevel('s', 'SIDEWARD'), { code: 'SCHEMA_INVALID', field: 'compatibility' });
});

t.test('what is not there is named by kind', async (t) => {
  const { registry } = await fresh();
  await registry.register('s', { schema: record(A) });
  t.throws(() => registry.versions('no'), { code: 'SCHEMA_UNKNOWN', field: 'subject' });
  t.throws(() => registry.version('s', 2), { code: 'SCHEMA_UNKNOWN', field: 'version' });
  t.throws(() => registry.lookup('s', { schema: record(B) }), { code: 'SCHEMA_UNKNOWN', field: 'schema' });
  t.throws(() => registry.byId(9), { code: 'SCHEMA_UNKNOWN', field: 'schema' });
  t.match(registry.lookup('s', { schema: record(A) }), { version: 1, id: 1 });
});

t.test('what is no schema is refused with the reason', async (t) => {
  const { registry } = await fresh();
  const deep = `${'{"type":"array","items":'.repeat(300)}"int"${'}'.repeat(300)}`;
  const deepest = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
  for (const schema of [
    '',
    '{',
    'null',
    '3',
    '"nothing"',
    '{"type":"record"}',
    record(A, A),
    record({ ...A, default: 'x' }),
    deep,
    deepest,
  ]) {
    await t.rejects(
      registry.register('s', { schema }),
      { code: 'SCHEMA_INVALID', field: 'schema' },
      schema.slice(0, 40),
    );
  }
  for (const subject of ['', 'x'.repeat(256), 'a\nb']) {
    await t.rejects(registry.register(subject, { schema: record(A) }), { code: 'SCHEMA_INVALID', field: 'subject' });
  }
  t.same(registry.subjects(), []);
});

t.test('schemas may refer to others by subject and version', async (t) => {
  const { registry, log } = await fresh();
  const name = (schema: object) => ({ schema: JSON.stringify(schema) });
  await registry.register('unit', name({ type: 'enum', name: 'test.Unit', symbols: ['PPM', 'PPB'] }));
  const unit = { name: 'test.Unit', subject: 'unit', version: 1 };
  await registry.register('value', {
    ...name({ type: 'record', name: 'test.Value', fields: [{ name: 'unit', type: 'test.Unit' }] }),
    references: [unit],
  });
  const air = {
    ...name({ type: 'record', name: 'test.Air', fields: [{ name: 'co2', type: 'test.Value' }] }),
    references: [{ name: 'test.Value', subject: 'value', version: 1 }],
  };
  t.match(await registry.register('air', air), { version: 1, references: [{ subject: 'value' }] });
  await t.rejects(registry.register('air', { ...air, references: [] }), {
    code: 'SCHEMA_INVALID',
    message: /test\.Value/,
  });
  await t.rejects(registry.register('air', { ...air, references: [{ ...unit, version: 7 }] }), {
    code: 'SCHEMA_UNKNOWN',
  });
  const again = await fresh(log.records);
  t.match(again.registry.lookup('air', air), { id: 3 }, 'after a restart too');
});

t.test('the state is what the log holds, in Confluent’s form', async (t) => {
  const { registry, log } = await fresh();
  await registry.register('s', { schema: record(A) });
  await registry.setLevel('s', 'FULL');
  await registry.setLevel(null, 'NONE');
  t.same(log.records, [
    {
      key: '{"keytype":"SCHEMA","subject":"s","version":1,"magic":1}',
      value: `{"subject":"s","version":1,"id":1,"schema":${JSON.stringify(record(A))},"deleted":false}`,
    },
    { key: '{"keytype":"CONFIG","subject":"s","magic":0}', value: '{"compatibilityLevel":"FULL"}' },
    { key: '{"keytype":"CONFIG","subject":null,"magic":0}', value: '{"compatibilityLevel":"NONE"}' },
  ]);
  const again = await fresh(log.records);
  t.same(again.registry.version('s', 'latest'), registry.version('s', 'latest'));
  t.equal(again.registry.level('s'), 'FULL');
  t.equal(again.registry.level(), 'NONE');
});

t.test('a log that Confluent’s registry wrote is understood, deletions and gaps too', async (t) => {
  const version = (subject: string, number: number, id: number, more = {}) => ({
    key: JSON.stringify({ keytype: 'SCHEMA', subject, version: number, magic: 1 }),
    value: JSON.stringify({
      subject,
      version: number,
      id,
      md5: 'x',
      ts: 1,
      schema: record(A),
      deleted: false,
      ...more,
    }),
  });
  const { registry } = await fresh([
    { key: '{"keytype":"NOOP","magic":0}', value: null },
    version('s', 2, 7),
    version('s', 3, 8, { schema: record(A, B0) }),
    version('s', 3, 8, { schema: record(A, B0), deleted: true }),
    version('gone', 1, 7),
    { key: '{"keytype":"DELETE_SUBJECT","subject":"gone","magic":0}', value: '{"subject":"gone","version":1}' },
    { key: '{"keytype":"CONFIG","subject":"s","magic":0}', value: '{"compatibilityLevel":"FULL"}' },
    { key: '{"keytype":"CONFIG","subject":"s","magic":0}', value: null },
  ]);
  t.same(registry.subjects(), ['s']);
  t.same(registry.versions('s'), [2]);
  t.equal(registry.level('s'), null);
  t.match(registry.byId(8), { schema: record(A, B0) }, 'data of a deleted version is still readable');
  t.match(await registry.register('s', { schema: record(A, { name: 'c', type: 'int', default: 1 }) }), {
    version: 4,
    id: 9,
  });
});

t.test('a record of the log that is not understood stops the start and names its key', async (t) => {
  for (const [key, value] of [
    ['{"keytype":"OTHER"}', '{}'],
    ['[', '{}'],
    ['{"keytype":"SCHEMA","subject":"s","version":1}', '{"id":1}'],
    ['{"keytype":"SCHEMA","subject":"s","version":1}', '{"version":1,"id":1,"schema":"{"}'],
    ['{"keytype":"SCHEMA","subject":"s","version":1}', '{"version":1,"id":1,"schema":"x","schemaType":"PROTOBUF"}'],
    ['{"keytype":"CONFIG","subject":"s"}', '{"compatibilityLevel":"SOMETIMES"}'],
  ] as const) {
    await t.rejects(fresh([{ key, value }]), { code: 'SCHEMA_INVALID' }, key + value);
  }
});

t.test('what the log did not take is not there', async (t) => {
  const log = memorySchemaLog();
  let isBroken = true;
  const registry = await SchemaRegistry.open({
    load: log.load,
    append: async (key, value) => {
      if (isBroken) throw new Error('disk');
      await log.append(key, value);
    },
  });
  await t.rejects(registry.register('s', { schema: record(A) }), { message: 'disk' });
  await t.rejects(registry.setLevel('s', 'FULL'), { message: 'disk' });
  t.same(registry.subjects(), []);
  t.equal(registry.level('s'), null);
  isBroken = false;
  t.match(await registry.register('s', { schema: record(A) }), { id: 1 });
});

t.test('changes at once come one after another, and a stuck log refuses in the end', async (t) => {
  const { registry, log } = await fresh();
  const schema = record(A);
  const ids = await Promise.all(['x', 'y', 'x', 'z'].map((subject) => registry.register(subject, { schema })));
  t.same(
    ids.map(({ id, version }) => [id, version]),
    [
      [1, 1],
      [1, 1],
      [1, 1],
      [1, 1],
    ],
  );
  t.equal(log.records.length, 3);
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const stuck = await SchemaRegistry.open({ load: memorySchemaLog().load, append: () => held });
  const waiting = Array.from({ length: 256 }, (_, i) => stuck.register(`s${i}`, { schema }));
  await t.rejects(stuck.register('more', { schema }), { code: 'DEPENDENCY_DOWN' });
  release();
  t.equal((await Promise.all(waiting)).length, 256);
});

t.test('whatever is registered in whatever order, a restart gives the same registry', async () => {
  const schema = fc
    .subarray([{ ...A, default: 0 }, B0, { name: 'c', type: 'string', default: '' }])
    .map((fields) => record(...fields));
  const step = fc.oneof(
    fc.record({ subject: fc.constantFrom('x', 'y'), schema }),
    fc.record({ subject: fc.constantFrom('x', 'y', null), level: fc.constantFrom('NONE', 'FULL', 'BACKWARD') }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const { registry, log } = await fresh();
      for (const item of steps) {
        if ('schema' in item) await registry.register(item.subject, item);
        else await registry.setLevel(item.subject, item.level);
      }
      const shape = (of: SchemaRegistry) => ({
        levels: [of.level(), of.level('x'), of.level('y')],
        versions: of.subjects().map((subject) => of.versions(subject).map((version) => of.version(subject, version))),
      });
      assert.deepEqual(shape((await fresh(log.records)).registry), shape(registry));
      const newest = new Map(log.records.map(({ key, value }) => [key, value]));
      const compacted = [...newest].map(([key, value]) => ({ key, value }));
      assert.deepEqual(shape((await fresh(compacted)).registry), shape(registry), 'after compaction too');
    }),
    { numRuns: 60 },
  );
});

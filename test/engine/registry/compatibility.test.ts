import assert from 'node:assert/strict';
import avsc, { type Schema } from 'avsc';
import fc from 'fast-check';
import t from 'tap';
import { incompatibilities, parseSchema } from '../../../engine/registry/index.ts';

const parse = (schema: unknown) => parseSchema(JSON.stringify(schema)).type;
const record = (fields: unknown[], name = 'R', more = {}) => ({ type: 'record', name, fields, ...more });
const check = (reader: unknown, writer: unknown, isReaderNew = true) =>
  incompatibilities(parse(reader), parse(writer), isReaderNew);

t.test('what may be promoted is read, what may not is refused with its place and a way out', async (t) => {
  t.same(check('double', 'int'), []);
  t.same(check('bytes', 'string'), []);
  t.same(check(record([{ name: 'a', type: 'int' }]), record([{ name: 'a', type: 'long' }])), [
    {
      path: 'fields.a',
      reason: 'long is written and cannot be read as int',
      remedy: 'keep long, or put the new type in a new field with a default',
    },
  ]);
});

t.test('a new field needs a default', async (t) => {
  const old = record([{ name: 'a', type: 'int' }]);
  const added = (field: object) =>
    record([
      { name: 'a', type: 'int' },
      { name: 'b', ...field },
    ]);
  t.same(check(added({ type: 'int', default: 0 }), old), []);
  t.same(check(added({ type: ['null', 'int'], default: null }), old), []);
  t.same(check(added({ type: 'int' }), old), [
    { path: 'fields.b', reason: 'it is read, not written, and has no default', remedy: 'give it a default' },
  ]);
  t.match(check(added({ type: 'int' }), old, false), [{ remedy: 'keep the field' }]);
});

t.test('an alias finds the renamed field and the renamed type', async (t) => {
  const old = record([{ name: 'a', type: 'int' }], 'Old');
  t.same(check(record([{ name: 'b', type: 'int', aliases: ['a'] }], 'New', { aliases: ['Old'] }), old), []);
  t.match(check(record([{ name: 'a', type: 'int' }], 'New'), old), [
    { path: '(root)', reason: 'Old is written, New is read', remedy: 'keep the name, or give New the alias Old' },
  ]);
  const both = record(
    [
      { name: 'a', type: 'int' },
      { name: 'c', type: 'int' },
    ],
    'Old',
  );
  const unclear = record([{ name: 'b', type: 'int', aliases: ['a', 'c'] }], 'Old');
  t.match(check(unclear, both), [{ path: 'fields.b', reason: 'its aliases fit several written fields: a, c' }]);
});

t.test('unions, enums, fixed, arrays and maps are walked through', async (t) => {
  const color = (symbols: string[], more = {}) => ({ type: 'enum', name: 'Color', symbols, ...more });
  t.same(check(color(['RED', 'BLUE'], { default: 'RED' }), color(['RED', 'GREEN'])), []);
  t.match(check(color(['RED']), color(['RED', 'GREEN'])), [{ path: 'symbols', reason: /lacks GREEN/ }]);
  t.same(check(['null', 'long'], 'int'), []);
  t.match(check(['null', 'int'], 'string'), [{ path: '(root)', remedy: 'add string to the union' }]);
  t.match(check('int', ['null', 'int']), [{ reason: /branch null cannot be read as int/ }]);
  t.match(check({ type: 'fixed', name: 'F', size: 4 }, { type: 'fixed', name: 'F', size: 8 }), [{ path: 'size' }]);
  t.match(
    check(
      { type: 'array', items: { type: 'map', values: 'int' } },
      { type: 'array', items: { type: 'map', values: 'long' } },
    ),
    [{ path: 'items.values' }],
  );
});

t.test('every place is named, not the first alone', async (t) => {
  const found = check(
    record([
      { name: 'a', type: 'int' },
      { name: 'b', type: record([{ name: 'c', type: 'int' }], 'Inner') },
    ]),
    record([
      { name: 'a', type: 'string' },
      { name: 'b', type: record([], 'Inner') },
    ]),
  );
  t.same(
    found.map(({ path }) => path),
    ['fields.a', 'fields.b.fields.c'],
  );
});

t.test('recursive schemas are compared, and end', async (t) => {
  const list = (value: unknown, more: unknown[] = []) =>
    record([{ name: 'value', type: value }, { name: 'next', type: ['null', 'List'] }, ...more], 'List');
  t.same(check(list('long'), list('int')), []);
  t.match(check(list('int'), list('long')), [{ path: 'fields.value' }]);
  t.match(check(list('int', [{ name: 'x', type: 'int' }]), list('int')), [{ path: 'fields.x' }]);
});

t.test('a schema made to grow with powers of two is refused', async (t) => {
  const levels = Array.from({ length: 24 }, (_, i) =>
    record(
      [
        { name: 'a', type: i === 0 ? 'int' : `L${i - 1}` },
        { name: 'b', type: i === 0 ? 'int' : `L${i - 1}` },
      ],
      `L${i}`,
    ),
  );
  const type = (text: string) =>
    parseSchema(
      text,
      [],
      levels.map((level) => JSON.stringify(level)),
    ).type;
  t.throws(() => incompatibilities(type('"L23"'), type('"L23"'), true), {
    code: 'SCHEMA_INVALID',
    message: /entangled/,
  });
});

/** Schemas without names used twice; `make` numbers the names so that they are unique within one schema. */
type Make = (next: () => number) => Schema;
const { schema: schemas } = fc.letrec<{ schema: Make; leaf: Make; flat: Make }>((tie) => ({
  leaf: fc
    .constantFrom('null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string')
    .map((name) => () => name as Schema),
  flat: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    { weight: 5, arbitrary: tie('leaf') },
    tie('schema').map(
      (items): Make =>
        (next) => ({ type: 'array', items: items(next) }),
    ),
    tie('schema').map(
      (values): Make =>
        (next) => ({ type: 'map', values: values(next) }),
    ),
    fc.record({ name: fc.nat(1), size: fc.integer({ min: 1, max: 2 }) }).map(
      ({ name, size }): Make =>
        (next) => ({ type: 'fixed', name: `F${name}_${next()}`, size }),
    ),
    fc.record({ symbols: fc.subarray(['A', 'B', 'C'], { minLength: 1 }), hasDefault: fc.boolean() }).map(
      ({ symbols, hasDefault }): Make =>
        (next) => ({
          type: 'enum',
          name: `E_${next()}`,
          symbols,
          ...(hasDefault ? { default: symbols[0] } : {}),
        }),
    ),
    fc
      .uniqueArray(fc.tuple(fc.constantFrom('a', 'b', 'c'), tie('schema'), fc.boolean(), fc.boolean()), {
        maxLength: 3,
        selector: ([name]) => name,
      })
      .map(
        (fields): Make =>
          (next) =>
            asSchema({
              type: 'record',
              name: `R_${next()}`,
              fields: fields.map(([name, type, isOptional, hasAlias]) => ({
                name,
                ...(hasAlias ? { aliases: [`${name}x`, name === 'a' ? 'b' : 'a'] } : {}),
                ...(isOptional ? { type: ['null', nonNull(type(next))], default: null } : { type: type(next) }),
              })),
            }),
      ),
  ),
  schema: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    { weight: 4, arbitrary: tie('flat') },
    fc.uniqueArray(tie('leaf'), { minLength: 1, maxLength: 3, selector: (make) => make(() => 0) }).map(
      (branches): Make =>
        (next) =>
          branches.map((branch) => branch(next)) as Schema,
    ),
  ),
}));

function nonNull(schema: Schema): Schema {
  return schema === 'null' || Array.isArray(schema) ? 'int' : schema;
}

function asSchema(schema: object): Schema {
  return schema as Schema;
}

function build(make: Make): Schema {
  let count = 0;
  return make(() => count++);
}

t.test('the verdict is avsc’s, for arbitrary pairs of schemas', async (t) => {
  let compatible = 0;
  const known = new Set<string>();
  fc.assert(
    fc.property(
      fc.oneof(
        fc.tuple(schemas, schemas),
        schemas.map((make) => [make, make] as const),
      ),
      ([readers, writers]) => {
        const reader = parse(build(readers));
        const writer = parse(build(writers));
        let judged = true;
        try {
          reader.createResolver(writer);
        } catch {
          judged = false;
        }
        const found = incompatibilities(reader, writer, true);
        if (judged) compatible++;
        for (const { reason } of found) known.add(reason.replaceAll(/[A-Z]\w*_\d+|\d+/g, 'X'));
        assert.equal(found.length === 0, judged, `${reader}\n${writer}\n${JSON.stringify(found)}`);
      },
    ),
    { numRuns: 3000 },
  );
  t.ok(compatible > 200, 'many are compatible');
  t.ok(known.size > 20, 'and many reasons were met');
});

t.test('what is called compatible can be read: a value of the writer’s resolves', async () => {
  fc.assert(
    fc.property(schemas, schemas, (readers, writers) => {
      const reader = parse(build(readers));
      const writer = parse(build(writers));
      if (incompatibilities(reader, writer, true).length > 0) return;
      const value: unknown = writer.random();
      assert.doesNotThrow(() => reader.fromBuffer(writer.toBuffer(value), reader.createResolver(writer)));
    }),
    { numRuns: 1000 },
  );
  assert.ok(avsc.Type.isType(parse('int')));
});

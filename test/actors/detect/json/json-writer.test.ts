import fc from 'fast-check';
import t from 'tap';
import { fixed, ITEM, JsonWriter, key } from '../../../../actors/detect/json/index.ts';
import { textOf } from '../../../../actors/detect/protocols/index.ts';

type Value = string | number | boolean | null | Uint8Array | readonly Value[] | { readonly [name: string]: Value };

function add(into: JsonWriter, name: Uint8Array, value: Value): void {
  if (typeof value === 'string') into.string(name, value);
  else if (typeof value === 'number') into.number(name, value);
  else if (typeof value === 'boolean') into.flag(name, value);
  else if (value === null) into.value(name, value);
  else if (value instanceof Uint8Array) into.text(name, value, textOf);
  else if (Array.isArray(value)) {
    into.openList(name);
    for (const one of value) add(into, ITEM, one);
    into.closeList();
  } else {
    into.open(name);
    for (const [field, one] of Object.entries(value)) add(into, key(field), one);
    into.close();
  }
}

const textIn = (into: JsonWriter): string => Buffer.from(into.bytes.subarray(0, into.length)).toString();
const plain = (_name: string, value: unknown): unknown => (value instanceof Uint8Array ? textOf(value) : value);

const { value: values } = fc.letrec<{ value: Value; list: Value; object: Value }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.string({ unit: 'binary' }),
    fc.string({ unit: 'grapheme-ascii', maxLength: 400 }),
    fc.double(),
    fc.maxSafeNat(),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.uint8Array({ maxLength: 300 }),
    fc.uint8Array({ max: 127, maxLength: 300 }),
    tie('list'),
    tie('object'),
  ),
  list: fc.array(tie('value')),
  object: fc.dictionary(fc.string(), tie('value')),
}));

t.test('the text is that of JSON.stringify, however often the writer was used before', async (t) => {
  const into = new JsonWriter();
  fc.assert(
    fc.property(fc.dictionary(fc.string(), values), (fields) => {
      into.begin();
      for (const [name, value] of Object.entries(fields)) add(into, key(name), value as Value);
      into.close();
      return textIn(into) === JSON.stringify(fields, plain);
    }),
    { numRuns: 2000 },
  );
  t.pass();
});

t.test('fields that are made beforehand, or come as an object, stand beside others', async (t) => {
  for (const spread of [{}, { b: 'ü' }, { b: 1, c: ['x'] }]) {
    const into = new JsonWriter();
    into.begin();
    into.spread(spread);
    into.fixed(fixed({ d: true }));
    into.open(key('e'));
    into.spread(spread);
    into.close();
    into.spread(spread);
    into.close();
    t.equal(textIn(into), textOfAll(spread));
  }

  function textOfAll(spread: object): string {
    const inner = JSON.stringify(spread).slice(1, -1);
    const parts = [inner, '"d":true', `"e":${JSON.stringify(spread)}`, inner].filter((part) => part !== '');
    return `{${parts.join(',')}}`;
  }
});

t.test('addresses, and numbers with zeros before them', async (t) => {
  const into = new JsonWriter();
  into.begin();
  into.address(key('a'), 0x0a00_ff01);
  into.address(key('b'), -1);
  into.numbered(key('c'), Buffer.from('12.'), 345, 6, Buffer.from('+0000'));
  into.close();
  t.equal(textIn(into), '{"a":"10.0.255.1","b":"255.255.255.255","c":"12.000345+0000"}');
});

t.test('room that one large record has taken is given back', async (t) => {
  const into = new JsonWriter();
  into.begin();
  into.text(key('a'), new Uint8Array(1_000_000), textOf);
  into.close();
  t.equal(into.length, '{"a":""}'.length + 6_000_000);
  into.begin();
  t.ok(into.bytes.length < 100_000);
});

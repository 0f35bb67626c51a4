/** The half of a codec that deals with the published reading: flyweight class, Avro out and in, measures. */
import type { FrameDescription } from '../frame-model.ts';
import { comment, type Dialect, indent, quote } from './dialect.ts';
import { flagNames, type PublishedField, publishedFields } from './published.ts';

export interface ReadingNames {
  readonly reading: string;
  readonly hasSightings: boolean;
  readonly suppressBelow: number;
}

/** `FLAG_…` of the flag's bit, as the source names it. */
export function flagConstant(name: string): string {
  return `FLAG_${name
    .replace(':', '_')
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toUpperCase()}`;
}

export function flagConstants(frame: FrameDescription): string {
  return flagNames(frame)
    .map((name, bit) => `const ${flagConstant(name)} = ${1 << bit};`)
    .join('\n');
}

function flyweightFields(frame: FrameDescription): { name: string; doc: string }[] {
  const fields: { name: string; doc: string }[] = [];
  for (const field of frame.fields) {
    if (field.role === 'measure') {
      const unit = field.unit ?? 'its unit';
      fields.push({ name: field.name, doc: field.scale === 1 ? `In ${unit}.` : `In ${unit} × ${field.scale}.` });
    } else if (field.role === 'counter') fields.push({ name: field.name, doc: field.doc });
    else if (field.role === 'date') fields.push({ name: field.name, doc: 'Unix time in milliseconds.' });
    else if (field.role === 'count') fields.push({ name: field.name, doc: `${field.doc} Not published.` });
  }
  return fields;
}

export function flyweightSource(frame: FrameDescription, names: ReadingNames, { t, isTypeScript }: Dialect): string {
  const lines: string[] = [];
  for (const { name, doc } of flyweightFields(frame)) {
    if (doc !== '') lines.push(`/** ${comment(doc)} */`);
    lines.push(`${name} = 0;`);
  }
  lines.push(
    "/** One bit for each of the codec's flagNames. */",
    'flags = 0;',
    'identityStart = 0;',
    'identityEnd = 0;',
  );
  if (names.hasSightings) {
    lines.push('/** Different addresses; of a published reading 0 where suppressed. */', 'distinct = 0;');
    lines.push('/** How many of them are locally administered. */', 'randomised = 0;');
    lines.push('/** Rows in use below; none in a published reading. */', 'sightings = 0;');
    lines.push(`pseudonyms${t(': Uint8Array')} = new Uint8Array(0);`, `rssi${t(': Int16Array')} = new Int16Array(0);`);
    lines.push(`isRandomised${t(': Uint8Array')} = new Uint8Array(0);`);
  }
  const contract = names.hasSightings ? 'SightingsReading' : 'Reading';
  const head = isTypeScript ? `export class ${names.reading} implements ${contract} {` : `class ${names.reading} {`;
  return `/** One reading, reused; integers in the wire's units. */\n${head}\n${indent(lines, 1)}\n}`;
}

function encodeField(field: PublishedField, below: number): string[] {
  const value = `reading.${field.name}`;
  switch (field.kind) {
    case 'date':
    case 'counter':
      return [`at = putLong(bytes, at, ${value});`];
    case 'measure': {
      const real = field.scale === 1 ? value : `${value} / ${field.scale}`;
      return [
        `if ((flags & ${flagConstant(`outOfRange:${field.name}`)}) === 0) {`,
        '  bytes[at++] = 2;',
        `  view.setFloat64(at, ${real}, true);`,
        '  at += 8;',
        '} else bytes[at++] = 0;',
      ];
    }
    case 'heard':
    case 'distinct':
    case 'randomised':
      return [
        `if (${shownCondition(field, below)}) {`,
        '  bytes[at++] = 2;',
        `  at = putLong(bytes, at, reading.${memberOf(field)});`,
        '} else bytes[at++] = 0;',
      ];
  }
}

const isSuppressible = ({ kind }: PublishedField) => kind === 'heard' || kind === 'distinct' || kind === 'randomised';

/** The reading's member that holds the field. */
const memberOf = ({ kind, name }: PublishedField) => (kind === 'heard' ? name : kind);

/** The rest of a difference tells as much as the count itself: both sides must be large enough. */
function shownCondition(field: PublishedField, below: number): string {
  const isEnough = `reading.${memberOf(field)} >= ${below}`;
  return field.kind === 'randomised' ? `${isEnough} && reading.distinct - reading.randomised >= ${below}` : isEnough;
}

export function encodeReadingSource(frame: FrameDescription, names: ReadingNames, { t }: Dialect): string {
  const fields = publishedFields(frame);
  const encoder = new TextEncoder();
  const flagBytes = flagNames(frame).reduce((sum, name) => sum + encoder.encode(name).length + 2, 8);
  const hasMeasures = fields.some((field) => field.kind === 'measure');
  const room = fields.length * 9 + flagBytes;
  const body = [
    `writer.ensure(HEAD_BYTES_MAX + ${room} + head.deviceEnd - head.deviceStart);`,
    'const bytes = writer.bytes;',
    ...(hasMeasures ? ['const view = writer.view;'] : []),
    ...(names.hasSightings
      ? [
          'let flags = reading.flags;',
          ...fields
            .filter(isSuppressible)
            .map((field) => `if (!(${shownCondition(field, names.suppressBelow)})) flags |= FLAG_SUPPRESSED;`),
        ]
      : ['const flags = reading.flags;']),
    'let at = putHead(writer, schemaId, head);',
    ...fields.flatMap((field) => encodeField(field, names.suppressBelow)),
    'writer.position = putFlags(bytes, at, flags, FLAG_STRINGS);',
  ];
  const signature = `writer${t(': ByteWriter')}, schemaId${t(': number')}, head${t(': ReadingHead')}, reading${t(`: ${names.reading}`)}`;
  return `function encodeReading(${signature})${t(': void')} {\n${indent(body, 1)}\n}`;
}

export function publishSource(frame: FrameDescription, names: ReadingNames, { t }: Dialect): string {
  const fields = publishedFields(frame);
  const measures = fields.filter((field) => field.kind === 'measure');
  // The number of randomised addresses is judged beside the whole, so it goes first.
  const counts = fields.filter(isSuppressible).toSorted((a, b) => order(a) - order(b));
  const body = [
    ...(measures.length === 0
      ? []
      : [
          'if (reading.flags !== 0) {',
          ...measures.map(
            ({ name }) => `  if ((reading.flags & ${flagConstant(`outOfRange:${name}`)}) !== 0) reading.${name} = 0;`,
          ),
          '}',
        ]),
    ...counts.flatMap((field) => [
      `if (!(${shownCondition(field, names.suppressBelow)})) {`,
      '  reading.flags |= FLAG_SUPPRESSED;',
      `  reading.${memberOf(field)} = 0;`,
      '}',
    ]),
    ...frame.fields.flatMap((field) => (field.role === 'count' ? [`reading.${field.name} = 0;`] : [])),
    ...(names.hasSightings ? ['reading.sightings = 0;'] : []),
    'reading.identityStart = 0;',
    'reading.identityEnd = 0;',
  ];
  return `function publish(reading${t(`: ${names.reading}`)})${t(': void')} {\n${indent(body, 1)}\n}`;
}

const order = ({ kind }: PublishedField) => (kind === 'randomised' ? 0 : 1);

function decodeField(field: PublishedField): string[] {
  const name = quote(field.name);
  switch (field.kind) {
    case 'date':
      return [`into.${field.name} = avro.long(${name});`];
    case 'counter':
      return [`into.${field.name} = readCount(avro, ${name}, ${field.wireMax});`];
    case 'measure':
      return [
        `if (avro.isPresent(${name})) {`,
        `  into.${field.name} = readScaled(avro, ${name}, ${field.scale}, ${field.wireMin}, ${field.wireMax});`,
        '} else {',
        `  into.${field.name} = 0;`,
        `  flags |= ${flagConstant(`outOfRange:${field.name}`)};`,
        '}',
      ];
    case 'heard':
    case 'distinct':
    case 'randomised':
      return [`into.${memberOf(field)} = avro.isPresent(${name}) ? readCount(avro, ${name}, ${field.wireMax}) : 0;`];
  }
}

export function decodeReadingSource(frame: FrameDescription, names: ReadingNames, { t }: Dialect): string {
  const fields = publishedFields(frame);
  const hasFlags = fields.some((field) => field.kind === 'measure');
  const body = [
    'const schemaId = avro.open(bytes, start, end);',
    'readHead(avro, head);',
    `${hasFlags ? 'let' : 'const'} flags = 0;`,
    ...fields.flatMap(decodeField),
    "into.flags = flags | avro.flags('flags', FLAG_STRINGS);",
    'into.identityStart = 0;',
    'into.identityEnd = 0;',
    ...frame.fields.flatMap((field) => (field.role === 'count' ? [`into.${field.name} = 0;`] : [])),
    ...(names.hasSightings ? ['into.sightings = 0;'] : []),
    'avro.close();',
    'return schemaId;',
  ];
  const signature =
    `bytes${t(': Uint8Array')}, start${t(': number')}, end${t(': number')}, ` +
    `head${t(': ReadingHead')}, into${t(`: ${names.reading}`)}`;
  return `function decodeReading(${signature})${t(': number')} {\n${indent(body, 1)}\n}`;
}

export function copyMeasuresSource(frame: FrameDescription, names: ReadingNames, { t }: Dialect): string {
  const measures = publishedFields(frame).filter((field) => field.kind === 'measure');
  const body = [
    ...(measures.length === 0 ? [] : ['const flags = reading.flags;']),
    ...measures.map(
      ({ name }, index) =>
        `into[${index}] = (flags & ${flagConstant(`outOfRange:${name}`)}) === 0 ? reading.${name} : Number.NaN;`,
    ),
  ];
  const signature = `reading${t(`: ${names.reading}`)}, into${t(': Float64Array')}`;
  return `function copyMeasures(${signature})${t(': void')} {\n${indent(body, 1)}\n}`;
}

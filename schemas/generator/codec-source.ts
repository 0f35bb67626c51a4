/** The whole source of a frame codec, as the TypeScript file that is committed or the JavaScript that is loaded. */
import type { FrameDescription, TextField } from '../frame-model.ts';
import { avroSchema } from './avro-schema.ts';
import { binaryCodecSource, binaryValuesSource } from './binary-source.ts';
import { type Dialect, indent, JAVASCRIPT, quote, TYPESCRIPT } from './dialect.ts';
import { flagNames, publishedFields } from './published.ts';
import {
  copyMeasuresSource,
  decodeReadingSource,
  encodeReadingSource,
  flagConstants,
  flyweightSource,
  publishSource,
  type ReadingNames,
} from './reading-source.ts';
import { textCodecSource, textValuesSource } from './text-source.ts';

/** The name of the exported codec: kebab-case to camelCase. */
export function codecName(frame: FrameDescription): string {
  return frame.name.replaceAll(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

function namesOf(frame: FrameDescription): ReadingNames {
  return {
    reading: `${frame.record}Reading`,
    hasSightings: frame.format === 'text' && frame.lines !== null,
    suppressBelow: frame.format === 'text' ? frame.suppressBelow : 0,
  };
}

function identityForm(frame: FrameDescription): string {
  if (frame.format === 'text') {
    const { charsMax } = frame.fields[0] as TextField;
    return `{ pattern: '^[0-9A-Za-z]{1,${charsMax}}$', says: 'must be 1 to ${charsMax} ASCII letters or digits' }`;
  }
  const field = frame.fields.find(({ role }) => role === 'identity');
  if (field === undefined) return 'null';
  return `{ pattern: '^[0-9]{${field.digits}}$', says: 'must be ${field.digits} decimal digits' }`;
}

function objectSource(frame: FrameDescription, names: ReadingNames): string {
  const measures = publishedFields(frame).filter((field) => field.kind === 'measure');
  const spans =
    frame.format === 'text'
      ? []
      : frame.fields.map(({ name, label, offset, sizeBytes }) => {
          return `  { name: ${quote(name)}, label: ${quote(label)}, offset: ${offset}, sizeBytes: ${sizeBytes} },`;
        });
  const lines = [
    `name: ${quote(frame.name)},`,
    `title: ${quote(frame.title)},`,
    `format: ${quote(frame.format)},`,
    `typeByte: ${frame.format === 'binary' ? frame.fields[0]?.value : null},`,
    `sizeBytes: ${frame.format === 'binary' ? frame.sizeBytes : frame.bytesMax},`,
    'spans: [',
    ...spans,
    '],',
    `identity: ${identityForm(frame)},`,
    'measures: [',
    ...measures.map(({ name, unit, scale }) => `  { name: ${quote(name)}, unit: ${quote(unit)}, scale: ${scale} },`),
    '],',
    'flagNames: FLAG_NAMES,',
    'avroSchema: AVRO_SCHEMA,',
    `hasSightings: ${names.hasSightings},`,
    `distinctName: ${frame.format === 'text' && frame.lines !== null ? quote(frame.lines.name) : null},`,
    `suppressBelow: ${names.suppressBelow},`,
    `create: () => new ${names.reading}(),`,
    'matches,',
    'frameBytes,',
    'decode,',
    'encode,',
    'identityEquals: (bytes, reading, expected) =>',
    '  asciiEquals(bytes, reading.identityStart, reading.identityEnd, expected),',
    'copyMeasures,',
    'publish,',
    'encodeReading,',
    'decodeReading,',
    'toJson,',
  ];
  return indent(lines, 1);
}

function codecParts(frame: FrameDescription, dialect: Dialect): string[] {
  const names = namesOf(frame);
  const { t, isTypeScript } = dialect;
  return [
    ...(isTypeScript ? [frame.format === 'binary' ? binaryValuesSource(frame) : textValuesSource(frame)] : []),
    flyweightSource(frame, names, dialect),
    flagConstants(frame),
    `const FLAG_NAMES${t(': readonly string[]')} = [${flagNames(frame).map(quote).join(', ')}];\n` +
      'const FLAG_STRINGS = avroStrings(FLAG_NAMES);\n' +
      `const AVRO_SCHEMA = ${quote(JSON.stringify(avroSchema(frame)))};\n` +
      'const avro = new AvroReader();',
    ...(frame.format === 'binary'
      ? binaryCodecSource(frame, names.reading, dialect)
      : textCodecSource(frame, names.reading, dialect)),
    copyMeasuresSource(frame, names, dialect),
    publishSource(frame, names, dialect),
    encodeReadingSource(frame, names, dialect),
    decodeReadingSource(frame, names, dialect),
  ];
}

/** The names of `available` that occur in the source as words. */
function used(source: string, available: readonly string[]): string[] {
  return available.filter((name) => new RegExp(`(?<![.\\w'])${name}\\b`).test(source)).sort();
}

const TYPE_HOMES = {
  '../frame-codec.ts': ['FrameCodec', 'FrameContext', 'JsonView', 'Reading', 'ReadingHead', 'SightingsReading'],
  '../base.ts': ['ByteWriter'],
  '../zone.ts': ['Zone'],
} as const;

/** `runtimeNames` are the exports of runtime.ts. */
export function typescriptSource(frame: FrameDescription, runtimeNames: readonly string[]): string {
  const names = namesOf(frame);
  const body = [
    ...codecParts(frame, TYPESCRIPT),
    `export const ${codecName(frame)}: FrameCodec<${names.reading}, ${frame.record}Values> = {\n${objectSource(frame, names)}\n};`,
  ].join('\n\n');
  const imports = Object.entries(TYPE_HOMES).flatMap(([home, types]) => {
    const found = used(body, types);
    return found.length === 0 ? [] : [`import type { ${found.join(', ')} } from '${home}';`];
  });
  imports.push(
    `import {\n${indent(
      used(body, runtimeNames).map((name) => `${name},`),
      1,
    )}\n} from '../runtime.ts';`,
  );
  const head = `// Generated from schemas/frames/${frame.name}.yaml by \`npm run generate\`; never edited by hand.`;
  return `${head}\n${imports.join('\n')}\n\n${body}\n`;
}

/** The body of a function of `runtime` that returns the codec. */
export function javascriptSource(frame: FrameDescription, runtimeNames: readonly string[]): string {
  const body = [...codecParts(frame, JAVASCRIPT), `return {\n${objectSource(frame, namesOf(frame))}\n};`].join('\n\n');
  return `'use strict';\nconst { ${used(body, runtimeNames).join(', ')} } = runtime;\n\n${body}\n`;
}

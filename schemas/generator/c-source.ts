/**
 * The encoder of a binary frame in C11, for firmware: a struct of the wire's integers and a function that writes them. No
 * heap and no floating point; what a type in C cannot hold, the wire cannot either, so that only digits can be wrong.
 */
import type { BinaryField, BinaryFrame } from '../frame-model.ts';
import { comment } from './dialect.ts';

const C_TYPES = {
  u8: 'uint8_t',
  u16: 'uint16_t',
  u32: 'uint32_t',
  i8: 'int8_t',
  i16: 'int16_t',
  i32: 'int32_t',
} as const;

/** Keywords that a field's name may be; the others have an underscore or a capital. */
const KEYWORDS = new Set(
  (
    'auto break case char const continue default do double else enum extern float for goto if inline int long register ' +
    'restrict return short signed sizeof static struct switch typedef union unsigned void volatile while bool'
  ).split(' '),
);

/** camelCase or kebab-case to snake_case. */
function snake(name: string): string {
  const text = name.replaceAll('-', '_').replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return KEYWORDS.has(text) ? `${text}_` : text;
}

const head = (frame: BinaryFrame) =>
  `/* Generated from schemas/frames/${frame.name}.yaml by \`npm run generate\`; never edited by hand. */`;

const given = (frame: BinaryFrame): BinaryField[] => frame.fields.filter(({ value }) => value === null);

function member(field: BinaryField): string[] {
  const { name, as, digits, unit, scale, doc } = field;
  if (as === 'ascii') return [`/* ${digits} decimal digits; no NUL is needed. */`, `char ${snake(name)}[${digits}];`];
  const text = unit === null ? comment(doc) : `In ${unit}${scale === 1 ? '' : ` x ${scale}`}.`;
  return [`/* ${text} */`, `${C_TYPES[as]} ${snake(name)};`];
}

export function cHeader(frame: BinaryFrame): string {
  const name = snake(frame.name);
  const guard = `MSEC_GENERATED_${name.toUpperCase()}_FRAME_H`;
  return `${[
    head(frame),
    `#ifndef ${guard}`,
    `#define ${guard}`,
    '',
    '#include <stdbool.h>',
    '#include <stdint.h>',
    '',
    `#define ${name.toUpperCase()}_FRAME_BYTES ${frame.sizeBytes}`,
    '',
    `struct ${name}_frame {`,
    ...given(frame)
      .flatMap(member)
      .map((line) => `  ${line}`),
    '};',
    '',
    '/* False where a digit is none; `out` is of no use then. */',
    `bool ${name}_frame_encode(const struct ${name}_frame *frame, uint8_t out[${name.toUpperCase()}_FRAME_BYTES]);`,
    '',
    '#endif',
  ].join('\n')}\n`;
}

function writeInteger(frame: BinaryFrame, field: BinaryField): string[] {
  const { name, offset, sizeBytes, value } = field;
  const wire = `wire_${snake(name)}`;
  const bytes = Array.from({ length: sizeBytes }, (_, byte) => {
    const shift = (frame.isLittleEndian ? byte : sizeBytes - 1 - byte) * 8;
    if (value !== null) return `out[${offset + byte}] = ${(value >>> shift) & 0xff};`;
    return `out[${offset + byte}] = (uint8_t)${shift === 0 ? wire : `(${wire} >> ${shift})`};`;
  });
  if (value !== null) return bytes;
  // A shift of a negative number is not C's to say.
  return [`const uint32_t ${wire} = (uint32_t)frame->${snake(name)};`, ...bytes];
}

function writeDigits({ name, offset, digits, hasNul }: BinaryField): string[] {
  return [
    `for (int i = 0; i < ${digits}; i++) {`,
    `  const char digit = frame->${snake(name)}[i];`,
    "  if (digit < '0' || digit > '9') return false;",
    `  out[${offset} + i] = (uint8_t)digit;`,
    '}',
    ...(hasNul ? [`out[${offset + digits}] = 0;`] : []),
  ];
}

export function cSource(frame: BinaryFrame): string {
  const name = snake(frame.name);
  const body = frame.fields.flatMap((field) =>
    field.as === 'ascii' ? writeDigits(field) : writeInteger(frame, field),
  );
  return `${[
    head(frame),
    `#include "core/generated/${name}_frame.h"`,
    '',
    `bool ${name}_frame_encode(const struct ${name}_frame *frame, uint8_t out[${name.toUpperCase()}_FRAME_BYTES]) {`,
    ...body.map((line) => `  ${line}`),
    '  return true;',
    '}',
  ].join('\n')}\n`;
}

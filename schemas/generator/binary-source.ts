/** Decoder, encoder and JSON view of a binary frame of fixed size. */
import { type BinaryField, type BinaryFrame, integerRange, wireLimits } from '../frame-model.ts';
import { comment, type Dialect, indent, quote } from './dialect.ts';
import { flagConstant } from './reading-source.ts';

const SPAN = ({ t }: Dialect) => `bytes${t(': Uint8Array')}, start${t(': number')}, end${t(': number')}`;

/** An expression that reads the field's integer at `base`, through `view`. */
function readExpression(frame: BinaryFrame, field: BinaryField, base: string): string {
  const { sizeBytes, offset } = field;
  const order = frame.isLittleEndian && sizeBytes > 1 ? ', true' : '';
  const kind = field.as === 'i8' || field.as === 'i16' ? 'Int' : 'Uint';
  return `view.get${kind}${8 * sizeBytes}(${base}${offset === 0 ? '' : ` + ${offset}`}${order})`;
}

const WORD_BYTES = 4;

/**
 * The condition that some of the digits is none. Four at a time: a digit's upper half is 3, and still is when 6 is added.
 * The last word overlaps the one before it.
 */
function wrongDigits({ offset, digits }: BinaryField): string[] {
  if (digits < WORD_BYTES) return [`if (!areDigits(bytes, start + ${offset}, start + ${offset + digits}))`];
  const words: string[] = [];
  for (let at = 0; at < digits; at += WORD_BYTES)
    words.push(`view.getInt32(start + ${offset + Math.min(at, digits - WORD_BYTES)})`);
  const names = words.map((_, i) => `digits${i}`);
  const wrong = names.flatMap((name) => [`(${name} ^ 0x30303030)`, `((${name} + 0x06060606) ^ 0x30303030)`]);
  return [
    ...words.map((word, i) => `const digits${i} = ${word};`),
    'if (',
    `  ((${wrong.join(' | ')}) & 0xf0f0f0f0) !== 0`,
    ')',
  ];
}

function writeLines(frame: BinaryFrame, field: BinaryField, value: string): string[] {
  return Array.from({ length: field.sizeBytes }, (_, byte) => {
    const shift = (frame.isLittleEndian ? byte : field.sizeBytes - 1 - byte) * 8;
    return `bytes[at + ${field.offset + byte}] = ${shift === 0 ? value : `${value} >>> ${shift}`};`;
  });
}

/** The condition under which a wire value is out of its physical range; null where it cannot be. */
function outOfRange(field: BinaryField): string | null {
  if (field.as === 'ascii') return null;
  const range = integerRange(field.as);
  const { min, max } = wireLimits(field, range.min, range.max);
  const low = min === null ? null : `$${field.name} < ${min}`;
  const high = max === null ? null : `$${field.name} > ${max}`;
  return low !== null && high !== null ? `${low} || ${high}` : (low ?? high);
}

function decodeField(frame: BinaryFrame, field: BinaryField): string[] {
  const { name, offset, role } = field;
  if (role === 'type' || role === 'length') return [];
  if (role === 'identity') {
    const after = offset + field.digits;
    return [
      ...wrongDigits(field),
      `  wrongDigit(${quote(name)}, bytes, start, ${offset});`,
      ...(field.hasNul
        ? [
            `if (view.getUint8(start + ${after}) !== 0) frameInvalid(${quote(name)}, ${after}, 'a NUL is expected after the digits');`,
          ]
        : []),
      `into.identityStart = start + ${offset};`,
      `into.identityEnd = start + ${after};`,
    ];
  }
  const lines = [`const $${name} = ${readExpression(frame, field, 'start')};`, `into.${name} = $${name};`];
  const condition = role === 'measure' ? outOfRange(field) : null;
  if (condition !== null) lines.push(`if (${condition}) flags |= ${flagConstant(`outOfRange:${name}`)};`);
  return lines;
}

/** What stands in for a frame must not carry other text where its digits belong. */
function identityMatch({ role, offset, digits, hasNul }: BinaryField): string {
  if (role !== 'identity') return '';
  const after = offset + digits;
  const nul = hasNul ? ` && bytes[start + ${after}] === 0` : '';
  return ` && areDigits(bytes, start + ${offset}, start + ${after})${nul}`;
}

export function binaryCodecSource(frame: BinaryFrame, reading: string, dialect: Dialect): string[] {
  const { t } = dialect;
  const [type, length] = frame.fields as [BinaryField, BinaryField];
  const lengthEnd = length.offset + length.sizeBytes;
  const hasIdentity = frame.fields.some((field) => field.role === 'identity');
  const hasLimits = frame.fields.some((field) => field.role === 'measure' && outOfRange(field) !== null);
  const matches = [
    `if (end - start !== ${frame.sizeBytes} || bytes[start] !== ${type.value}) return false;`,
    'const view = viewOf(bytes);',
    `return ${readExpression(frame, length, 'start')} === ${length.value}${frame.fields.map(identityMatch).join('')};`,
  ];
  const decode = [
    `if (end - start !== ${frame.sizeBytes}) wrongSize(${quote(frame.title)}, end - start, ${frame.sizeBytes}, ${lengthEnd});`,
    'const view = viewOf(bytes);',
    `if (view.getUint8(start) !== ${type.value}) frameInvalid(${quote(type.name)}, 0, \`\${bytes[start]} is not the type ${type.value}\`);`,
    `if (${readExpression(frame, length, 'start')} !== ${length.value}) {`,
    `  frameInvalid(${quote(length.name)}, ${length.offset}, 'must be ${length.value}, the number of bytes after it');`,
    '}',
    `${hasLimits ? 'let' : 'const'} flags = 0;`,
    ...frame.fields.flatMap((field) => decodeField(frame, field)),
    'into.flags = flags;',
    ...(hasIdentity ? [] : ['into.identityStart = start;', 'into.identityEnd = start;']),
  ];
  const frameBytes = [
    `if (end - start < ${lengthEnd}) frameInvalid(${quote(length.name)}, end - start, 'the bytes end before the length does');`,
    'const view = viewOf(bytes);',
    `const bytesInFrame = ${lengthEnd} + (${readExpression(frame, length, 'start')});`,
    'if (bytesInFrame > end - start) {',
    `  frameInvalid(${quote(length.name)}, ${length.offset}, \`\${bytesInFrame} bytes are announced, \${end - start} are here\`);`,
    '}',
    'return bytesInFrame;',
  ];
  const span = SPAN(dialect);
  return [
    `function matches(${span})${t(': boolean')} {\n${indent(matches, 1)}\n}`,
    `function frameBytes(${span})${t(': number')} {\n${indent(frameBytes, 1)}\n}`,
    `function decode(${span}, into${t(`: ${reading}`)})${t(': void')} {\n${indent(decode, 1)}\n}`,
    encodeSource(frame, dialect),
    jsonSource(frame, reading, dialect),
    ...identitySource(frame, dialect),
  ];
}

function encodeSource(frame: BinaryFrame, { t }: Dialect): string {
  const body = [`writer.ensure(${frame.sizeBytes});`, 'const at = writer.position;', 'const bytes = writer.bytes;'];
  for (const field of frame.fields) {
    const { name, offset } = field;
    if (field.as === 'ascii') {
      body.push(`putDigits(${quote(name)}, ${offset}, bytes, at + ${offset}, values.${name}, ${field.digits});`);
      if (field.hasNul) body.push(`bytes[at + ${offset + field.digits}] = 0;`);
    } else if (field.value !== null) body.push(...writeLines(frame, field, String(field.value)));
    else {
      const { min, max } = integerRange(field.as);
      body.push(`const $${name} = wireInteger(${quote(name)}, ${offset}, values.${name}, ${min}, ${max});`);
      body.push(...writeLines(frame, field, `$${name}`));
    }
  }
  body.push(`writer.position = at + ${frame.sizeBytes};`);
  return `function encode(writer${t(': ByteWriter')}, values${t(`: ${frame.record}Values`)})${t(': void')} {\n${indent(body, 1)}\n}`;
}

export function binaryValuesSource(frame: BinaryFrame): string {
  const lines = frame.fields.flatMap((field) => {
    if (field.role === 'type' || field.role === 'length') return [];
    if (field.role === 'identity') return [`/** ${field.digits} decimal digits. */`, `readonly ${field.name}: string;`];
    const unit = field.unit === null ? field.doc : `In ${field.unit}${field.scale === 1 ? '' : ` × ${field.scale}`}.`;
    return [`/** ${comment(unit)} */`, `readonly ${field.name}: number;`];
  });
  return `/** What the encoder takes; integers in the wire's units. */\nexport interface ${frame.record}Values {\n${indent(lines, 1)}\n}`;
}

function jsonSource(frame: BinaryFrame, reading: string, { t }: Dialect): string {
  const entries = frame.fields.flatMap((field) => {
    const { name, role } = field;
    if (role === 'identity') return [`${name}: asciiText(bytes, reading.identityStart, reading.identityEnd),`];
    if (role === 'counter') return [`${name}: reading.${name},`];
    if (role !== 'measure') return [];
    const flag = `(reading.flags & ${flagConstant(`outOfRange:${name}`)}) !== 0`;
    return [`${name}: quantityView(reading.${name}, ${field.scale}, ${quote(field.unit ?? '')}, ${flag}),`];
  });
  const lines = [`type: ${quote(frame.name)},`, ...entries, 'flags: flagList(reading.flags, FLAG_NAMES),'];
  const signature = `bytes${t(': Uint8Array')}, reading${t(`: ${reading}`)}`;
  return `function toJson(${signature})${t(': JsonView')} {\n  return {\n${indent(lines, 2)}\n  };\n}`;
}

function identitySource(frame: BinaryFrame, { t, isTypeScript }: Dialect): string[] {
  const identity = frame.fields.find((field) => field.role === 'identity');
  if (identity === undefined || !isTypeScript) return [];
  const signature = `bytes${t(': Uint8Array')}, start${t(': number')}, expected${t(': Uint8Array')}`;
  return [
    `/** Whether the frame at \`start\` carries this ${identity.label}, given as ${identity.digits} ASCII bytes; compared in place. */\n` +
      `export function ${identity.name}Equals(${signature})${t(': boolean')} {\n` +
      `  return asciiEquals(bytes, start + ${identity.offset}, start + ${identity.offset + identity.digits}, expected);\n}`,
  ];
}

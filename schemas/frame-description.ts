/**
 * Reads the description of a device frame, such as schemas/frames/*.yaml. Whatever passes here can be generated and
 * loaded: names are safe as identifiers, and widths, roles and limits agree. Errors carry their lines.
 */
import { parseDateLayout } from './date-layout.ts';
import {
  type BinaryField,
  type BinaryFrame,
  type FieldTexts,
  type FrameDescription,
  type FrameTexts,
  integerRange,
  type Quantity,
  type TextField,
  type TextFrame,
  type TextLines,
  type TextRole,
} from './frame-model.ts';
import { YamlReader, type YamlTable } from './yaml-reader.ts';

const NAME = { pattern: /^[a-z][A-Za-z0-9]{0,39}$/, says: 'must be a camelCase name' };
/** Names that the flyweight, the published record's head or JavaScript itself already give a meaning. */
const RESERVED = new Set(
  (
    'device eventTime receivedAt bootEpoch sequence verified suspect flags identityStart identityEnd distinct randomised type ' +
    'pseudonyms rssi isRandomised sightings constructor prototype'
  ).split(' '),
);
const FLAGS_MAX = 26;

/** Throws CONFIG_INVALID with one line for each mistake, `file:line: path: what is wrong`. */
export function parseFrameDescription(text: string, file = 'frame.yaml'): FrameDescription {
  const reader = new YamlReader(file);
  const root = reader.root(text);
  const description = root === null ? null : readFrame(root);
  reader.finish();
  return description as FrameDescription;
}

function readFrame(root: YamlTable): FrameDescription {
  const texts = {
    name: root.text('name', { pattern: /^[a-z][a-z0-9-]{0,39}$/, says: 'must be a kebab-case name' }),
    record: root.text('record', { pattern: /^[A-Z][A-Za-z0-9]{0,39}$/, says: 'must be a PascalCase name' }),
    title: root.text('title'),
    source: root.text('source', { or: '' }),
    doc: root.text('doc', { or: '' }),
  };
  const format = root.choice('format', ['binary', 'text']);
  const frame = format === 'binary' ? readBinary(root, texts) : readText(root, texts);
  root.close();
  return frame;
}

type Texts = Pick<FrameTexts, 'name' | 'record' | 'title' | 'source' | 'doc'>;

function readExamples(root: YamlTable, format: 'binary' | 'text'): Pick<FrameTexts, 'examples' | 'refused'> {
  const key = format === 'binary' ? 'hex' : 'text';
  const shape = format === 'binary' ? { pattern: /^[0-9a-fA-F\s]+$/, says: 'must be hexadecimal digits' } : {};
  const read = (list: string, isRefused: boolean) =>
    root.tables(list).map((table) => {
      const example = {
        doc: table.text('doc', { or: '' }),
        frame: table.text(key, shape),
        reads: isRefused ? {} : table.values('reads'),
        field: isRefused ? table.text('field', NAME) : '',
      };
      table.close();
      return example;
    });
  return { examples: read('examples', false), refused: read('refused', true) };
}

/** Refuses names that occur twice or are taken. */
function checkNames(
  tables: readonly (YamlTable | null)[],
  names: readonly string[],
  reserved: ReadonlySet<string>,
): void {
  const seen = new Set<string>();
  for (const [index, name] of names.entries()) {
    if (reserved.has(name)) tables[index]?.report('name', `"${name}" is taken by the reading itself`);
    if (seen.has(name.toLowerCase())) tables[index]?.report('name', `"${name}" occurs twice, up to case`);
    seen.add(name.toLowerCase());
  }
}

function readQuantity(table: YamlTable): Quantity {
  const quantity = {
    unit: table.has('unit') ? table.text('unit') : null,
    scale: table.number('scale', { min: 1, max: 1_000_000, integer: true, or: 1 }),
    min: table.has('min') ? table.number('min') : null,
    max: table.has('max') ? table.number('max') : null,
  };
  if (!/^10*$/.test(String(quantity.scale))) table.report('scale', 'must be a power of ten');
  if (quantity.min !== null && quantity.max !== null && quantity.min > quantity.max) {
    table.report('max', 'lies below min');
  }
  return quantity;
}

const NO_QUANTITY: Quantity = { unit: null, scale: 1, min: null, max: null };

function readTexts(table: YamlTable): FieldTexts {
  const name = table.text('name', NAME);
  return { name, label: table.text('label', { or: name }), doc: table.text('doc', { or: '' }) };
}

function readBinary(root: YamlTable, texts: Texts): BinaryFrame {
  const isLittleEndian = root.choice('byteOrder', ['big-endian', 'little-endian'], 'big-endian') === 'little-endian';
  const tables = root.tables('fields');
  const fields: BinaryField[] = [];
  let offset = 0;
  for (const table of tables) {
    const field = readBinaryField(table, offset);
    fields.push(field);
    offset += field.sizeBytes;
  }
  const reserved = new Set(RESERVED);
  reserved.delete('type');
  checkNames(
    tables,
    fields.map((field) => field.name),
    reserved,
  );
  if (fields[0]?.role !== 'type' || fields[0].as !== 'u8') root.report('fields', 'the first must be the type, a u8');
  if (fields[1]?.role !== 'length') root.report('fields', 'the second must be the length');
  for (const role of ['type', 'length', 'identity'] as const) {
    const count = fields.filter((field) => field.role === role).length;
    if (count > 1) root.report('fields', `only one may have the role ${role}`);
  }
  const afterLength = offset - (fields[1] === undefined ? 0 : fields[1].offset + fields[1].sizeBytes);
  const sized = fields.map((field) => (field.role === 'length' ? { ...field, value: afterLength } : field));
  checkFlags(root, fields.filter((field) => field.role === 'measure').length);
  return {
    ...texts,
    format: 'binary',
    isLittleEndian,
    sizeBytes: offset,
    fields: sized,
    ...readExamples(root, 'binary'),
  };
}

function readBinaryField(table: YamlTable, offset: number): BinaryField {
  const texts = readTexts(table);
  const as = table.choice('as', ['u8', 'u16', 'u32', 'i8', 'i16', 'i32', 'ascii']);
  const role = table.choice('role', ['measure', 'type', 'length', 'identity', 'counter'], 'measure');
  if ((as === 'ascii') !== (role === 'identity')) table.report('as', 'an identity is ascii, and nothing else is');
  const digits = as === 'ascii' ? table.number('digits', { min: 1, max: 64, integer: true }) : 0;
  const hasNul = as === 'ascii' && table.choice('terminator', ['none', 'nul'], 'none') === 'nul';
  const sizeBytes = as === 'ascii' ? digits + (hasNul ? 1 : 0) : integerRange(as).sizeBytes;
  const value = role === 'type' ? table.number('value', { min: 0, max: 255, integer: true }) : null;
  const quantity = role === 'measure' ? readQuantity(table) : NO_QUANTITY;
  if (as !== 'ascii' && role === 'measure') checkReach(table, quantity, integerRange(as));
  if ((role === 'length' || role === 'counter') && as.startsWith('i')) table.report('as', `a ${role} is unsigned`);
  table.close();
  return { ...texts, ...quantity, as, role, offset, sizeBytes, value, digits, hasNul };
}

/** A limit that no wire value can reach is a mistake in scale or width. */
function checkReach(table: YamlTable, quantity: Quantity, { min, max }: { min: number; max: number }): void {
  if (quantity.max !== null && quantity.max * quantity.scale < min) table.report('max', 'lies below all wire values');
  if (quantity.min !== null && quantity.min * quantity.scale > max) table.report('min', 'lies above all wire values');
}

function checkFlags(root: YamlTable, measures: number): void {
  if (measures > FLAGS_MAX) root.report('fields', `at most ${FLAGS_MAX} may be measures`);
}

const TEXT_ROLES: Record<TextField['as'], readonly [TextRole, ...TextRole[]]> = {
  alphanumeric: ['identity'],
  literal: ['tag'],
  'date-time': ['date'],
  decimal: ['measure'],
  integer: ['measure', 'counter', 'count'],
};

function readText(root: YamlTable, texts: Texts): TextFrame {
  const separator = root.text('separator', { pattern: /^[!-/:-@[-`{-~]$/, says: 'must be one ASCII punctuation mark' });
  const tables = root.tables('fields');
  const fields = tables.map(readTextField);
  const lines = readLines(root.table('lines'));
  checkNames(
    tables,
    fields.map((field) => field.name),
    RESERVED,
  );
  const only = (role: TextRole) => fields.filter((field) => field.role === role).length;
  if (fields[0]?.role !== 'identity') root.report('fields', 'the first must be the identity');
  if (fields[1]?.role !== 'tag') root.report('fields', 'the second must be the literal that tells the type');
  if (only('identity') > 1 || only('date') > 1 || only('count') > 1) {
    root.report('fields', 'only one may be the identity, the date, the count');
  }
  if (only('count') > 0 && lines === null) root.report('lines', 'is missing, though a field counts them');
  checkFlags(root, only('measure'));
  return {
    ...texts,
    format: 'text',
    separator,
    bytesMax: root.number('bytesMax', { min: 16, max: 1_048_576, integer: true, or: 65_536 }),
    clockSkewMsMax: root.number('clockSkewMsMax', { min: 0, max: 86_400_000, integer: true, or: 300_000 }),
    suppressBelow: root.number('suppressBelow', { min: 0, max: 1000, integer: true, or: 5 }),
    fields,
    lines,
    ...readExamples(root, 'text'),
  };
}

function readTextField(table: YamlTable): TextField {
  const texts = readTexts(table);
  const as = table.choice('as', ['alphanumeric', 'literal', 'date-time', 'decimal', 'integer']);
  const roles = TEXT_ROLES[as];
  const role = table.choice('role', roles, roles[0]);
  const quantity = role === 'measure' ? readQuantity(table) : NO_QUANTITY;
  if (as === 'integer' && quantity.scale !== 1) table.report('scale', 'an integer has none');
  const layout = as === 'date-time' ? table.text('layout') : '';
  if (as === 'date-time' && parseDateLayout(layout) === null) {
    table.report('layout', 'must hold YYYY, MM, DD, hh, mm and ss once each, with punctuation between');
  }
  const field = {
    ...texts,
    ...quantity,
    as,
    role,
    layout,
    charsMax: as === 'alphanumeric' ? table.number('charsMax', { min: 1, max: 64, integer: true, or: 32 }) : 0,
    value:
      as === 'literal'
        ? table.text('value', { pattern: /^[A-Za-z0-9]{1,32}$/, says: 'must be ASCII letters or digits' })
        : '',
  };
  table.close();
  return field;
}

function readLines(table: YamlTable | null): TextLines | null {
  if (table === null) return null;
  const address = table.table('address');
  const strength = table.table('strength');
  const none = { name: '', label: '', doc: '' };
  if (address === null) table.report('address', 'is missing');
  if (strength === null) table.report('strength', 'is missing');
  const name = table.text('name', NAME);
  if (RESERVED.has(name)) table.report('name', `"${name}" is taken by the reading itself`);
  if (strength?.has('scale') === true) strength.report('scale', 'an integer has none');
  const lines = {
    name,
    doc: table.text('doc', { or: '' }),
    linesMax: table.number('linesMax', { min: 1, max: 65_536, integer: true, or: 4096 }),
    address: address === null ? none : readTexts(address),
    strength: strength === null ? { ...none, ...NO_QUANTITY } : { ...readTexts(strength), ...readQuantity(strength) },
  };
  address?.close();
  strength?.close();
  table.close();
  return lines;
}

/** The documentation page of a frame, for device makers and analysts. */
import type { BinaryField, BinaryFrame, FrameDescription, FrameExample, Quantity, TextFrame } from '../frame-model.ts';
import { flagMeaning, flagNames, publishedFields } from './published.ts';

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}

function unitText({ unit, scale }: Quantity): string {
  if (unit === null) return '';
  return scale === 1 ? unit : `${unit} × ${scale}`;
}

function limitText({ unit, min, max }: Quantity): string {
  if (min === null && max === null) return '';
  const suffix = unit === null ? '' : ` ${unit}`;
  if (min !== null && max !== null) return `${min} to ${max}${suffix}`;
  return min !== null ? `from ${min}${suffix}` : `up to ${max}${suffix}`;
}

function binaryType(field: BinaryField): string {
  if (field.as === 'ascii') return `${field.digits} ASCII digits${field.hasNul ? ', NUL' : ''}`;
  return field.value === null
    ? field.as
    : `${field.as} = 0x${field.value.toString(16).padStart(field.sizeBytes * 2, '0')}`;
}

function binaryLayout(frame: BinaryFrame): string {
  const order = frame.isLittleEndian ? 'little-endian' : 'big-endian';
  const rows = frame.fields.map((field) => [
    String(field.offset),
    String(field.sizeBytes),
    field.label,
    `\`${field.name}\``,
    binaryType(field),
    unitText(field),
    limitText(field),
    field.doc,
  ]);
  return [
    `A binary frame of ${frame.sizeBytes} bytes, integers ${order}. Several frames in one message stand one after another; ` +
      'each is as long as its LENGTH says.',
    table(['offset', 'bytes', 'field', 'name', 'type', 'unit', 'physical limits', 'meaning'], rows),
  ].join('\n\n');
}

function textLayout(frame: TextFrame): string {
  const mark = frame.separator;
  const head = frame.fields.map((field) => (field.as === 'literal' ? field.value : field.label)).join(mark);
  const grammar = ['```', head];
  const rows = frame.fields.map((field) => {
    const types = {
      alphanumeric: `1 to ${field.charsMax} ASCII letters or digits`,
      literal: `the text \`${field.value}\``,
      'date-time': `\`${field.layout}\``,
      decimal: `a number with at most ${String(field.scale).length - 1} decimals`,
      integer: 'a whole number of at most 9 digits',
    };
    return [field.label, `\`${field.name}\``, types[field.as], field.unit ?? '', limitText(field), field.doc];
  });
  const after: string[] = [];
  if (frame.lines !== null) {
    const { address, strength, linesMax, doc } = frame.lines;
    grammar.push(`${address.label}${mark}${strength.label}`, '…');
    rows.push([
      address.label,
      `\`${address.name}\``,
      'six pairs of hexadecimal digits with colons',
      '',
      '',
      address.doc,
    ]);
    const limits = limitText(strength);
    rows.push([strength.label, `\`${strength.name}\``, 'a whole number', strength.unit ?? '', limits, strength.doc]);
    after.push(
      `${doc} At most ${linesMax} lines. An address that occurs again counts once, with its greatest strength. ` +
        'Addresses never leave the decoder: it hands out pseudonyms of 8 bytes, made with the key of the day. ' +
        'An address whose second-lowest bit of the first byte is set is locally administered and counted as randomised.',
    );
  }
  grammar.push('```');
  return [
    `A text frame in ASCII of at most ${frame.bytesMax} bytes. Lines end with LF or CR LF; line ends after the last one are ignored.`,
    grammar.join('\n'),
    table(['field', 'name', 'type', 'unit', 'physical limits', 'meaning'], rows),
    ...after,
  ].join('\n\n');
}

function rangeRule(frame: FrameDescription): string {
  const rule =
    'A value outside its physical limits does not condemn the frame. In the published reading the measure is `null`, ' +
    'and `flags` names it; the other measures stand. No value is reserved as a mark for "not measured": a sensor that ' +
    'reports one reports a value out of range.';
  if (frame.format === 'binary' || frame.lines === null) return rule;
  return `${rule} Counts below ${frame.suppressBelow} are null too, with the flag \`suppressed\`.`;
}

function published(frame: FrameDescription): string {
  const kinds = {
    measure: 'double or null',
    counter: 'long',
    heard: 'long or null',
    date: 'timestamp-millis',
    distinct: 'long or null',
    randomised: 'long or null',
  };
  const rows = publishedFields(frame).map((field) => [`\`${field.name}\``, kinds[field.kind], field.unit, field.doc]);
  const flags = flagNames(frame).map((name) => [`\`${name}\``, flagMeaning(name, frame)]);
  return [
    `Avro record \`msec.readings.${frame.record}\` (\`schemas/avro/${frame.name}-reading.avsc\`). Before these fields stand ` +
      '`device`, `eventTime`, `receivedAt`, `bootEpoch`, `sequence`, `verified` and `suspect`, after them `flags`.',
    table(['field', 'type', 'unit', 'meaning'], rows),
    rangeRule(frame),
    ...(flags.length === 0 ? [] : [table(['flag', 'meaning'], flags)]),
  ].join('\n\n');
}

/** The frame cut into its fields, with what each part says. */
function worked(frame: BinaryFrame, example: FrameExample): string {
  const digits = example.frame.replaceAll(/\s/g, '');
  const rows = frame.fields.map((field) => {
    const raw = digits.slice(field.offset * 2, (field.offset + field.sizeBytes) * 2);
    const reads = example.reads[field.name];
    const unit = field.unit === null ? '' : ` ${field.unit}`;
    return [field.label, `\`${raw}\``, reads === undefined ? String(Number(`0x${raw}`)) : `${reads}${unit}`];
  });
  return table(['field', 'bytes', 'says'], rows);
}

function example(frame: FrameDescription, item: FrameExample): string {
  const parts = [item.doc, ['```', item.frame, '```'].join('\n')];
  if (frame.format === 'binary') parts.push(worked(frame, item));
  else
    parts.push(
      table(
        ['field', 'says'],
        Object.entries(item.reads).map(([name, value]) => [`\`${name}\``, String(value)]),
      ),
    );
  return parts.join('\n\n');
}

function refused(item: FrameExample): string {
  return [item.doc, ['```', item.frame, '```'].join('\n'), `The error names the field \`${item.field}\`.`].join('\n\n');
}

export function framePage(frame: FrameDescription): string {
  const sections = [
    `<!-- Generated from schemas/frames/${frame.name}.yaml by \`npm run generate\`; never edited by hand. -->`,
    `# ${frame.title}`,
    frame.doc,
    ...(frame.source === '' ? [] : [`Source: ${frame.source}.`]),
    '## Layout',
    frame.format === 'binary' ? binaryLayout(frame) : textLayout(frame),
    '## What is published',
    published(frame),
    ...(frame.examples.length === 0
      ? []
      : ['## Worked example', ...frame.examples.map((item) => example(frame, item))]),
    ...(frame.refused.length === 0 ? [] : ['## Refused', ...frame.refused.map(refused)]),
  ];
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`;
}

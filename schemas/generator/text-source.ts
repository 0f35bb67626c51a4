/** Decoder, encoder and JSON view of a text frame: a line of fields, then a line for each address heard. */
import { parseDateLayout } from '../date-layout.ts';
import { type TextField, type TextFrame, type TextLines, wireLimits } from '../frame-model.ts';
import { comment, type Dialect, indent, quote } from './dialect.ts';
import { TEXT_INTEGER_MAX } from './published.ts';
import { flagConstant } from './reading-source.ts';

const STRENGTH_MAX = 0x7fff;

function placesOf(field: TextField): number {
  return String(field.scale).length - 1;
}

/** `if (… < min || … > max) flags |= …`, or nothing where there are no limits. */
function limitLines(value: string, limits: { min: number | null; max: number | null }, flag: string): string[] {
  const checks: string[] = [];
  if (limits.min !== null) checks.push(`${value} < ${limits.min}`);
  if (limits.max !== null) checks.push(`${value} > ${limits.max}`);
  return checks.length === 0 ? [] : [`if (${checks.join(' || ')}) flags |= ${flagConstant(flag)};`];
}

function decodeField(frame: TextFrame, field: TextField, index: number): string[] {
  const name = quote(field.name);
  const lines = index === 0 ? [] : [`scan.literal(${name}, ${quote(frame.separator)});`];
  switch (field.as) {
    case 'alphanumeric':
      return [
        ...lines,
        `into.identityStart = scan.alphanumeric(${name}, ${field.charsMax});`,
        'into.identityEnd = scan.at;',
      ];
    case 'literal':
      return [...lines, `scan.literal(${name}, ${quote(field.value)});`];
    case 'date-time':
      return [...lines, ...dateLines(frame, field)];
    case 'decimal':
    case 'integer': {
      const read =
        field.as === 'decimal'
          ? `scan.decimal(${name}, ${placesOf(field)})`
          : `scan.integer(${name}, ${field.role === 'measure'})`;
      const wireMax = TEXT_INTEGER_MAX * field.scale;
      const limits = field.role === 'measure' ? wireLimits(field, -wireMax, wireMax) : { min: null, max: null };
      return [
        ...lines,
        `into.${field.name} = ${read};`,
        ...limitLines(`into.${field.name}`, limits, `outOfRange:${field.name}`),
      ];
    }
  }
}

function dateLines(frame: TextFrame, field: TextField): string[] {
  const name = quote(field.name);
  const order = ['YYYY', 'MM', 'DD', 'hh', 'mm', 'ss'] as const;
  const variables = { YYYY: 'year', MM: 'month', DD: 'day', hh: 'hour', mm: 'minute', ss: 'second' } as const;
  const pieces = parseDateLayout(field.layout) ?? [];
  return [
    'const dateFrom = scan.at;',
    ...pieces.map((piece) =>
      piece.part === null
        ? `scan.literal(${name}, ${quote(piece.text)});`
        : `const ${variables[piece.part]} = scan.digits(${name}, ${piece.text.length});`,
    ),
    `const local = readDate(scan, ${name}, dateFrom, [${order.map((part) => variables[part]).join(', ')}]);`,
    `into.${field.name} = context.zone.toUnixMs(local);`,
    `if (isSkewed(into.${field.name}, context, ${frame.clockSkewMsMax})) flags |= FLAG_CLOCK_SKEW;`,
  ];
}

function sightingLines(frame: TextFrame, lines: TextLines): string[] {
  const address = quote(lines.address.name);
  const strength = quote(lines.strength.name);
  const limits = wireLimits(lines.strength, -STRENGTH_MAX, STRENGTH_MAX);
  const count = frame.fields.find((field) => field.role === 'count');
  return [
    'into.sightings = 0;',
    'into.randomised = 0;',
    `for (let line = 0; !scan.isAtEnd; line++) {`,
    `  scan.lineEnd(${quote(lines.name)});`,
    `  if (line === ${lines.linesMax}) scan.fail(${quote(lines.name)}, 'more than ${lines.linesMax} lines');`,
    `  scan.address(${address}, mac);`,
    `  scan.literal(${strength}, ${quote(frame.separator)});`,
    '  const strengthFrom = scan.at;',
    `  const rssi = scan.integer(${strength}, true);`,
    `  if (rssi < -${STRENGTH_MAX} || rssi > ${STRENGTH_MAX}) scan.fail(${strength}, 'no strength is this large', strengthFrom);`,
    ...limitLines('rssi', limits, `outOfRange:${lines.strength.name}`).map((line) => `  ${line}`),
    '  const row = addresses.rowOf(mac);',
    '  if (row < into.sightings) {',
    '    if (rssi > into.rssi[row]) into.rssi[row] = rssi;',
    '    continue;',
    '  }',
    '  if (row === into.rssi.length) growSightings(into);',
    '  into.rssi[row] = rssi;',
    '  into.isRandomised[row] = (mac[0] >> 1) & 1;',
    '  into.randomised += (mac[0] >> 1) & 1;',
    '  context.pseudonymise(mac, into.pseudonyms, row * 8);',
    '  into.sightings = row + 1;',
    '}',
    'into.distinct = into.sightings;',
    `if (into.distinct < ${frame.suppressBelow}) flags |= FLAG_SUPPRESSED;`,
    ...(count === undefined ? [] : [`if (into.${count.name} !== into.distinct) flags |= FLAG_COUNT_MISMATCH;`]),
  ];
}

export function textCodecSource(frame: TextFrame, reading: string, dialect: Dialect): string[] {
  const { t } = dialect;
  const span = `bytes${t(': Uint8Array')}, start${t(': number')}, end${t(': number')}`;
  const [identity, tag] = frame.fields as [TextField, TextField];
  const hasMore = frame.fields.length > 2;
  const mark = quote(`${frame.separator}${tag.value}${hasMore ? frame.separator : ''}`);
  const fields = [
    `scan.open(bytes, start, end, ${frame.bytesMax});`,
    'let flags = 0;',
    ...frame.fields.flatMap((field, index) => decodeField(frame, field, index)),
    ...(frame.lines === null
      ? ["if (!scan.isAtEnd) scan.fail('end', 'the frame should end here');"]
      : sightingLines(frame, frame.lines)),
    'into.flags = flags;',
  ];
  const wipe = frame.lines === null ? [] : ['  addresses.clear();', '  mac.fill(0);'];
  const body = ['try {', ...fields.map((line) => `  ${line}`), '} finally {', '  scan.close();', ...wipe, '}'];
  const state = ['const scan = new TextScan();'];
  if (frame.lines !== null) state.push('const addresses = new AddressSet();', 'const mac = new Uint8Array(6);');
  return [
    state.join('\n'),
    `function matches(${span})${t(': boolean')} {\n  return hasTag(bytes, start, end, ${identity.charsMax}, ${mark});\n}`,
    `function frameBytes(_bytes${t(': Uint8Array')}, start${t(': number')}, end${t(': number')})${t(': number')} {\n  return end - start;\n}`,
    `function decode(${span}, into${t(`: ${reading}`)}, context${t(': FrameContext')})${t(': void')} {\n${indent(body, 1)}\n}`,
    encodeSource(frame, dialect),
    jsonSource(frame, reading, dialect),
  ];
}

function encodeSource(frame: TextFrame, { t }: Dialect): string {
  const parts = frame.fields.map((field) => {
    const value = `values.${field.name}`;
    const name = quote(field.name);
    const wireMax = TEXT_INTEGER_MAX * field.scale;
    const integer = `wireInteger(${name}, 0, ${value}, ${field.role === 'measure' ? -wireMax : 0}, ${wireMax})`;
    switch (field.as) {
      case 'alphanumeric':
        return `alphanumericText(${name}, ${value}, ${field.charsMax})`;
      case 'literal':
        return quote(field.value);
      case 'date-time':
        return `dateText((values.zone ?? UTC).toLocalMs(${value}), ${quote(field.layout)})`;
      default:
        return `decimalText(${integer}, ${placesOf(field)})`;
    }
  });
  const body = [`let text = [`, ...parts.map((part) => `  ${part},`), `].join(${quote(frame.separator)});`];
  if (frame.lines !== null) {
    const { address, strength } = frame.lines;
    body.push(
      'for (const sighting of values.sightings) {',
      `  const rssi = wireInteger(${quote(strength.name)}, 0, sighting.${strength.name}, -${STRENGTH_MAX}, ${STRENGTH_MAX});`,
      `  text += '\\n' + addressText(${quote(address.name)}, sighting.${address.name}) + ${quote(frame.separator)} + rssi;`,
      '}',
    );
  }
  body.push(
    'writer.ensure(text.length);',
    'for (let i = 0; i < text.length; i++) writer.bytes[writer.position + i] = text.charCodeAt(i);',
    'writer.position += text.length;',
  );
  return `function encode(writer${t(': ByteWriter')}, values${t(`: ${frame.record}Values`)})${t(': void')} {\n${indent(body, 1)}\n}`;
}

export function textValuesSource(frame: TextFrame): string {
  const lines: string[] = [];
  for (const field of frame.fields) {
    if (field.as === 'literal') continue;
    if (field.as === 'alphanumeric') lines.push(`readonly ${field.name}: string;`);
    else if (field.as === 'date-time') {
      lines.push('/** Unix time in milliseconds; the frame keeps whole seconds. */', `readonly ${field.name}: number;`);
      lines.push('/** The zone that the device writes its date in; UTC unless given. */', 'readonly zone?: Zone;');
    } else {
      const unit = field.unit === null ? field.doc : `In ${field.unit}${field.scale === 1 ? '' : ` × ${field.scale}`}.`;
      lines.push(`/** ${comment(unit)} */`, `readonly ${field.name}: number;`);
    }
  }
  if (frame.lines !== null) {
    const { address, strength } = frame.lines;
    lines.push(
      `readonly sightings: readonly { readonly ${address.name}: string; readonly ${strength.name}: number }[];`,
    );
  }
  return `/** What the encoder takes; integers in the wire's units. */\nexport interface ${frame.record}Values {\n${indent(lines, 1)}\n}`;
}

function jsonSource(frame: TextFrame, reading: string, { t }: Dialect): string {
  const entries = frame.fields.flatMap((field) => {
    const value = `reading.${field.name}`;
    if (field.as === 'alphanumeric')
      return [`${field.name}: asciiText(bytes, reading.identityStart, reading.identityEnd),`];
    if (field.as === 'literal') return [];
    if (field.as === 'date-time') return [`${field.name}: new Date(${value}).toISOString(),`];
    if (field.role !== 'measure') return [`${field.name}: ${value},`];
    const flag = `(reading.flags & ${flagConstant(`outOfRange:${field.name}`)}) !== 0`;
    return [`${field.name}: quantityView(${value}, ${field.scale}, ${quote(field.unit ?? '')}, ${flag}),`];
  });
  if (frame.lines !== null) {
    const { name, address, strength } = frame.lines;
    const views = [quote(address.name), quote(strength.name), quote(strength.unit ?? '')].join(', ');
    entries.push(
      `${name}: reading.distinct,`,
      'randomised: reading.randomised,',
      `sightings: sightingViews(reading, ${views}),`,
    );
  }
  const lines = [`type: ${quote(frame.name)},`, ...entries, 'flags: flagList(reading.flags, FLAG_NAMES),'];
  const signature = `bytes${t(': Uint8Array')}, reading${t(`: ${reading}`)}`;
  return `function toJson(${signature})${t(': JsonView')} {\n  return {\n${indent(lines, 2)}\n  };\n}`;
}

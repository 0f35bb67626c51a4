/**
 * What of a frame is published, and how: the one list that the Avro schema, the codec and the page are made from.
 */
import { type BinaryField, type FrameDescription, integerRange, type TextField, wireLimits } from '../frame-model.ts';

export interface PublishedField {
  readonly name: string;
  readonly doc: string;
  /** 'heard' is a counter beside addresses: a small one says how few there can be, so it is suppressed like theirs. */
  readonly kind: 'measure' | 'counter' | 'heard' | 'date' | 'distinct' | 'randomised';
  readonly unit: string;
  readonly scale: number;
  /** What the wire can carry. */
  readonly wireMin: number;
  readonly wireMax: number;
  /** Limits in wire units; null where the wire itself keeps them. */
  readonly limitMin: number | null;
  readonly limitMax: number | null;
}

/** The largest number of the text grammar, before scaling. */
export const TEXT_INTEGER_MAX = 999_999_999;

export function publishedFields(frame: FrameDescription): PublishedField[] {
  const fields: PublishedField[] = [];
  const none = { unit: '', scale: 1, limitMin: null, limitMax: null };
  const suppressBelow = frame.format === 'text' && frame.lines !== null ? frame.suppressBelow : 0;
  for (const field of frame.fields) {
    const { name, doc, role } = field;
    if (role === 'date') {
      fields.push({ ...none, name, doc: `${field.label} as an instant.`, kind: 'date', wireMin: 0, wireMax: 0 });
    }
    if (role !== 'measure' && role !== 'counter') continue;
    const [wireMin, wireMax] = wireRange(field);
    const { min, max } = wireLimits(field, wireMin, wireMax);
    const { scale } = field;
    const common = { name, unit: field.unit ?? '', scale, wireMin, wireMax, limitMin: min, limitMax: max };
    if (role === 'counter' && suppressBelow > 0) {
      fields.push({ ...common, kind: 'heard', doc: `${doc} Null where fewer than ${suppressBelow}.`.trim() });
    } else fields.push({ ...common, kind: role, doc });
  }
  if (frame.format === 'text' && frame.lines !== null) {
    const wire = { wireMin: 0, wireMax: frame.lines.linesMax };
    const doc = `${frame.lines.doc} Null where fewer than ${frame.suppressBelow}.`;
    fields.push({
      ...none,
      ...wire,
      name: frame.lines.name,
      doc: `Different addresses heard. ${doc}`,
      kind: 'distinct',
    });
    fields.push({
      ...none,
      ...wire,
      name: 'randomised',
      doc:
        'How many of the addresses are locally administered, thus most likely randomised. ' +
        `Null where these or the others are fewer than ${frame.suppressBelow}.`,
      kind: 'randomised',
    });
  }
  return fields;
}

function wireRange(field: BinaryField | TextField): readonly [number, number] {
  switch (field.as) {
    case 'decimal':
    case 'integer':
      return [field.role === 'measure' ? -TEXT_INTEGER_MAX * field.scale : 0, TEXT_INTEGER_MAX * field.scale];
    case 'ascii':
    case 'alphanumeric':
    case 'literal':
    case 'date-time':
      return [0, 0];
    default: {
      const { min, max } = integerRange(field.as);
      return [min, max];
    }
  }
}

/** The flags a reading may carry, by bit. Stable order: measures first, as in the description. */
export function flagNames(frame: FrameDescription): string[] {
  const names = publishedFields(frame)
    .filter((field) => field.kind === 'measure')
    .map((field) => `outOfRange:${field.name}`);
  if (frame.format === 'binary') return names;
  if (frame.lines !== null) names.push(`outOfRange:${frame.lines.strength.name}`);
  if (frame.fields.some((field) => field.role === 'count')) names.push('countMismatch');
  if (frame.fields.some((field) => field.role === 'date')) names.push('clockSkew');
  if (frame.lines !== null) names.push('suppressed');
  return names;
}

/** What each flag means, for the page. */
export function flagMeaning(name: string, frame: FrameDescription): string {
  const [kind, field] = name.split(':');
  if (kind === 'outOfRange') {
    return frame.format === 'text' && field === frame.lines?.strength.name
      ? 'The strength of at least one address lies outside its physical limits; the address counts all the same.'
      : `\`${field}\` lies outside its physical limits and is null.`;
  }
  if (kind === 'countMismatch') return 'The frame lists another number of different addresses than it says.';
  if (kind === 'clockSkew') return "The frame's date lies too far from when the bridge received it.";
  return 'A count is too small to be published and null.';
}

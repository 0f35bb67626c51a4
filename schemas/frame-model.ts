/**
 * A device frame, described: what the generator works from. An object of these types comes only from the reader of
 * descriptions, so that names are safe as identifiers, and widths, roles and limits agree.
 */

export type IntegerKind = 'u8' | 'u16' | 'u32' | 'i8' | 'i16' | 'i32';

/** What a field means to the path: only counters and measures are published; the identity must match the envelope. */
export type BinaryRole = 'type' | 'length' | 'identity' | 'counter' | 'measure';
export type TextRole = 'identity' | 'tag' | 'date' | 'count' | 'counter' | 'measure';

export interface FieldTexts {
  readonly name: string;
  /** The name in the device maker's document. */
  readonly label: string;
  readonly doc: string;
}

/** A physical quantity: wire integer = value in `unit` × `scale`. Limits are in `unit`; null is no limit. */
export interface Quantity {
  readonly unit: string | null;
  readonly scale: number;
  readonly min: number | null;
  readonly max: number | null;
}

export interface BinaryField extends FieldTexts, Quantity {
  readonly as: IntegerKind | 'ascii';
  readonly role: BinaryRole;
  readonly offset: number;
  readonly sizeBytes: number;
  /** The only value allowed; of `type` and `length`. */
  readonly value: number | null;
  /** Decimal digits of an ascii identity, before the NUL where there is one. */
  readonly digits: number;
  readonly hasNul: boolean;
}

export interface TextField extends FieldTexts, Quantity {
  readonly as: 'alphanumeric' | 'literal' | 'date-time' | 'decimal' | 'integer';
  readonly role: TextRole;
  readonly charsMax: number;
  readonly value: string;
  readonly layout: string;
}

export interface TextLines {
  /** The name under which the number of different addresses is published. */
  readonly name: string;
  readonly doc: string;
  readonly linesMax: number;
  readonly address: FieldTexts;
  readonly strength: FieldTexts & Quantity;
}

export interface FrameExample {
  readonly doc: string;
  /** Hex digits of a binary frame, or the text of a text frame. */
  readonly frame: string;
  readonly reads: Readonly<Record<string, string | number>>;
  /** Of a refused frame: the field that the error names. */
  readonly field: string;
}

export interface FrameTexts {
  readonly name: string;
  readonly record: string;
  readonly title: string;
  readonly source: string;
  readonly doc: string;
  readonly examples: readonly FrameExample[];
  readonly refused: readonly FrameExample[];
}

export interface BinaryFrame extends FrameTexts {
  readonly format: 'binary';
  readonly isLittleEndian: boolean;
  readonly sizeBytes: number;
  readonly fields: readonly BinaryField[];
}

export interface TextFrame extends FrameTexts {
  readonly format: 'text';
  readonly separator: string;
  readonly bytesMax: number;
  readonly clockSkewMsMax: number;
  /** Counts of people's devices below this are not published. */
  readonly suppressBelow: number;
  readonly fields: readonly TextField[];
  readonly lines: TextLines | null;
}

export type FrameDescription = BinaryFrame | TextFrame;

const INTEGERS: Record<IntegerKind, { sizeBytes: number; min: number; max: number }> = {
  u8: { sizeBytes: 1, min: 0, max: 0xff },
  u16: { sizeBytes: 2, min: 0, max: 0xffff },
  u32: { sizeBytes: 4, min: 0, max: 0xffffffff },
  i8: { sizeBytes: 1, min: -0x80, max: 0x7f },
  i16: { sizeBytes: 2, min: -0x8000, max: 0x7fff },
  i32: { sizeBytes: 4, min: -0x80000000, max: 0x7fffffff },
};

/** The range of a wire integer, in wire units. */
export function integerRange(kind: IntegerKind): { sizeBytes: number; min: number; max: number } {
  return INTEGERS[kind];
}

/** Limits in wire units, narrowed to what the wire can carry; null where the wire itself keeps the limit. */
export function wireLimits(
  field: Quantity,
  wireMin: number,
  wireMax: number,
): { min: number | null; max: number | null } {
  const min = field.min === null ? null : Math.ceil(field.min * field.scale - 1e-9);
  const max = field.max === null ? null : Math.floor(field.max * field.scale + 1e-9);
  return { min: min !== null && min > wireMin ? min : null, max: max !== null && max < wireMax ? max : null };
}

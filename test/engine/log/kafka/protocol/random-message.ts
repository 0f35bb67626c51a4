/** Messages with random contents, made from the model of their definition: every field that the version has. */
import type { Random } from '../../../../../engine/base/index.ts';
import { randomBelow } from '../../../../../engine/base/index.ts';
import type { Field, Schema, Struct, Type } from '../../../../../tools/kafka-protocol/schema.ts';

const TEXTS = ['', 'a', 'topic-1', 'größer', '水', 'x'.repeat(200)];
const NUMBERS: Readonly<Record<string, readonly number[]>> = {
  int8: [0, 1, -1, 127, -128],
  int16: [0, 1, -1, 32_767, -32_768],
  uint16: [0, 1, 65_535],
  int32: [0, 1, -1, 2 ** 31 - 1, -(2 ** 31), 300],
  int64: [0, 1, -1, 2 ** 32, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 2 ** 31],
  float64: [0, 1.5, -2.25],
};

export type Value = { [name: string]: unknown };

export function randomMessage(schema: Schema, version: number, random: Random): Value {
  const structs = new Map(schema.structs.map((struct) => [struct.name, struct]));
  const pick = <T>(items: readonly T[]): T => items[randomBelow(random, items.length)]!;
  const has = (range: { min: number; max: number } | undefined) =>
    range !== undefined && range.min <= version && version <= range.max;

  const ofType = (type: Type): unknown => {
    if (type.kind === 'array') return Array.from({ length: pick([0, 1, 2, 3]) }, () => ofType(type.of));
    if (type.kind === 'struct') return ofStruct(structs.get(type.name)!);
    if (type.name === 'bool') return pick([true, false]);
    if (type.name === 'string') return pick(TEXTS);
    const bytes = (length: number) => Uint8Array.from({ length }, () => randomBelow(random, 256));
    if (type.name === 'uuid') return Buffer.from(bytes(16)).toString('base64url');
    if (type.name === 'bytes' || type.name === 'records') return bytes(pick([0, 1, 17, 600]));
    return pick(NUMBERS[type.name]!);
  };
  const ofField = ({ type, nullable }: Field): unknown =>
    has(nullable) && pick([1, 2, 3]) === 1 ? null : ofType(type);
  const ofStruct = ({ fields }: Struct): Value => {
    const value: Value = {};
    for (const field of fields) {
      if (!has(field.versions) || (field.tag !== undefined && pick([1, 2]) === 1)) continue;
      value[field.name] = ofField(field);
    }
    return value;
  };
  return ofStruct(schema.root);
}

/**
 * Schema texts: parsed by avsc, and compared by a normal form. Two texts have one id when they differ in white space,
 * in the order of keys or in `{"type": "string"}` for "string" alone. Avro's parsing canonical form would be too
 * coarse: it drops defaults and logical types, which decide how data is read.
 */
import avsc, { type Schema, type Type } from 'avsc';
import { MsecError } from '../base/index.ts';

export interface SchemaReference {
  /** The full name by which the schema uses it. */
  readonly name: string;
  readonly subject: string;
  readonly version: number;
}

export interface ParsedSchema {
  /** As registered, without white space. */
  readonly text: string;
  readonly normal: string;
  readonly references: readonly SchemaReference[];
  readonly type: Type;
}

/** Objects and arrays within each other; what walks a schema later need not fear for its stack. */
const DEPTH_MAX = 200;

/** `named` are the texts of the references, each after those that it needs. Throws SCHEMA_INVALID. */
export function parseSchema(
  text: string,
  references: readonly SchemaReference[] = [],
  named: readonly string[] = [],
): ParsedSchema {
  try {
    const schema: unknown = JSON.parse(text);
    const registry: Record<string, Type> = {};
    for (const referenced of named) avsc.Type.forSchema(asSchema(JSON.parse(referenced)), { registry });
    const type = avsc.Type.forSchema(asSchema(schema), { registry });
    const normal = JSON.stringify([
      normalForm(schema),
      references.map(({ name, subject, version }) => [name, subject, version]),
    ]);
    return { text: JSON.stringify(schema), normal, references, type };
  } catch (cause) {
    // avsc throws plain errors, and a RangeError where the nesting is deeper than the stack.
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new MsecError('SCHEMA_INVALID', `this is no Avro schema: ${reason}`, { field: 'schema', cause });
  }
}

function asSchema(value: unknown): Schema {
  if (typeof value === 'string' || (typeof value === 'object' && value !== null)) return value as Schema;
  throw new Error('a name, an object or an array is expected');
}

function normalForm(value: unknown, depth = 0): unknown {
  if (depth > DEPTH_MAX) throw new Error(`it is nested more than ${DEPTH_MAX} deep`);
  if (Array.isArray(value)) return value.map((item) => normalForm(item, depth + 1));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  const [only] = entries;
  if (entries.length === 1 && only?.[0] === 'type' && typeof only[1] === 'string') return only[1];
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.map(([key, item]) => [key, normalForm(item, depth + 1)]);
}

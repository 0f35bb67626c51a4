/**
 * The records of the registry's log, as Confluent's registry writes them: keys SCHEMA and CONFIG, the order of their
 * members fixed, since compaction compares keys by bytes. Of what only Confluent's writes, deletions are understood
 * and NOOP is passed over.
 */
import { MsecError } from '../base/index.ts';
import { type CompatibilityLevel, isLevel } from './levels.ts';
import type { SchemaReference } from './parsed-schema.ts';
import type { SchemaLogRecord } from './schema-log.ts';

export interface StoredVersion {
  readonly subject: string;
  readonly version: number;
  readonly id: number;
  readonly schema: string;
  readonly references: readonly SchemaReference[];
  readonly isDeleted: boolean;
}

export type RegistryRecord =
  | { readonly kind: 'schema'; readonly stored: StoredVersion }
  | { readonly kind: 'level'; readonly subject: string | null; readonly level: CompatibilityLevel | null }
  | { readonly kind: 'deleted'; readonly subject: string; readonly version: number | null; readonly upTo: number };

type Written = SchemaLogRecord & { readonly value: string };

export function schemaRecord({ subject, version, id, schema, references }: Omit<StoredVersion, 'isDeleted'>): Written {
  const key = JSON.stringify({ keytype: 'SCHEMA', subject, version, magic: 1 });
  const list = references.length === 0 ? {} : { references };
  return { key, value: JSON.stringify({ subject, version, id, ...list, schema, deleted: false }) };
}

export function configRecord(subject: string | null, compatibilityLevel: CompatibilityLevel): Written {
  return {
    key: JSON.stringify({ keytype: 'CONFIG', subject, magic: 0 }),
    value: JSON.stringify({ compatibilityLevel }),
  };
}

/** Null where the record changes nothing. Throws SCHEMA_INVALID where it is not understood. */
export function readRegistryRecord(key: string, value: string | null): RegistryRecord | null {
  const place = members(key, key);
  const content = value === null ? null : members(value, key);
  const subject = typeof place.subject === 'string' ? place.subject : null;
  switch (place.keytype) {
    case 'SCHEMA':
      if (subject === null) break;
      if (content === null) return { kind: 'deleted', subject, version: integer(place, 'version', key), upTo: 0 };
      return { kind: 'schema', stored: readStored(subject, content, key) };
    case 'CONFIG': {
      const level = content?.compatibilityLevel;
      if (content === null || level === undefined || level === null) return { kind: 'level', subject, level: null };
      if (typeof level === 'string' && isLevel(level)) return { kind: 'level', subject, level };
      break;
    }
    case 'DELETE_SUBJECT':
      if (subject === null) break;
      return content === null
        ? null
        : { kind: 'deleted', subject, version: null, upTo: integer(content, 'version', key) };
    case 'CLEAR_SUBJECT':
    case 'NOOP':
    case 'MODE':
      return null;
  }
  throw notUnderstood(key);
}

function readStored(subject: string, content: Members, key: string): StoredVersion {
  const { schema, schemaType, references } = content;
  if (typeof schema !== 'string' || (schemaType !== undefined && schemaType !== 'AVRO')) throw notUnderstood(key);
  return {
    subject,
    version: integer(content, 'version', key),
    id: integer(content, 'id', key),
    schema,
    references: isReferences(references) ? references : [],
    isDeleted: content.deleted === true,
  };
}

type Members = { readonly [name: string]: unknown };

export function isReferences(value: unknown): value is readonly SchemaReference[] {
  if (!Array.isArray(value)) return false;
  return value.every((item: unknown) => {
    if (typeof item !== 'object' || item === null) return false;
    const { name, subject, version } = item as Members;
    return typeof name === 'string' && typeof subject === 'string' && Number.isSafeInteger(version);
  });
}

function members(text: string, key: string): Members {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw notUnderstood(key);
  }
  if (typeof value !== 'object' || value === null) throw notUnderstood(key);
  return value as Members;
}

function integer(content: Members, name: string, key: string): number {
  const value = content[name];
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return value;
  throw notUnderstood(key);
}

function notUnderstood(key: string): MsecError {
  return new MsecError('SCHEMA_INVALID', `a record of the registry's log is not understood: ${key.slice(0, 200)}`);
}

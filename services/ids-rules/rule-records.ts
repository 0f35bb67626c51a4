/**
 * The records of ids.rules. Parts come before their bundle, and a bundle before the turn that puts it in force.
 *
 *   part/DIGEST/INDEX   bytes of a bundle
 *   bundle/DIGEST       what it is, in JSON: it is whole
 *   turn/SEQUENCE       in JSON; the one with the highest sequence is in force
 *   refused/PLACE       in JSON: what was pushed and not taken; a ring
 */
import { MsecError } from '../../engine/index.ts';

export interface BundleRecord {
  readonly digest: string;
  readonly name: string;
  readonly version: number;
  readonly bytes: number;
  readonly parts: number;
  /** Rules that are loaded from it. */
  readonly loaded: number;
  readonly by: string;
  readonly at: number;
}

export interface TurnRecord {
  readonly sequence: number;
  readonly kind: 'push' | 'roll-back';
  readonly digest: string;
  readonly name: string;
  readonly version: number;
  /** The highest version that was ever in force: what is pushed has a higher one. */
  readonly highest: number;
  readonly by: string;
  readonly why: string;
  readonly at: number;
  /** Of a roll-back that somebody has signed who may sign bundles; base64. */
  readonly signature?: string;
}

export interface RefusalRecord {
  readonly number: number;
  /** As far as could be read. */
  readonly name: string | null;
  readonly version: number | null;
  readonly code: string;
  readonly says: string;
  readonly by: string;
  readonly at: number;
}

export type RuleKey =
  | { readonly kind: 'part'; readonly digest: string; readonly index: number }
  | { readonly kind: 'bundle'; readonly digest: string }
  | { readonly kind: 'turn'; readonly sequence: number }
  | { readonly kind: 'refused'; readonly place: number };

/** Fits a broker's default limit for a record. */
export const PART_BYTES = 768 * 1024;
const DIGEST = /^[0-9a-f]{64}$/;
const NUMBER = /^(?:0|[1-9]\d{0,9})$/;

export const isDigest = (text: string): boolean => DIGEST.test(text);

export function keyText(key: RuleKey): string {
  switch (key.kind) {
    case 'part':
      return `part/${key.digest}/${key.index}`;
    case 'bundle':
      return `bundle/${key.digest}`;
    case 'turn':
      return `turn/${key.sequence}`;
    case 'refused':
      return `refused/${key.place}`;
  }
}

/** VALUE_INVALID. */
export function keyOf(text: string): RuleKey {
  const [kind, name = '', index = ''] = text.split('/');
  if (kind === 'part' && isDigest(name) && NUMBER.test(index)) return { kind, digest: name, index: Number(index) };
  if (index === '') {
    if (kind === 'bundle' && isDigest(name)) return { kind, digest: name };
    if (kind === 'turn' && NUMBER.test(name)) return { kind, sequence: Number(name) };
    if (kind === 'refused' && NUMBER.test(name)) return { kind, place: Number(name) };
  }
  throw new MsecError('VALUE_INVALID', `ids.rules: a key that is none: ${text.slice(0, 100)}`, { field: 'key' });
}

const isWhole = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const isText = (value: unknown): boolean => typeof value === 'string';
const isTextOrNull = (value: unknown): boolean => value === null || typeof value === 'string';
const isWholeOrNull = (value: unknown): boolean => value === null || isWhole(value);

type Form<T> = { readonly [K in keyof T]-?: (value: unknown) => boolean };

const BUNDLE: Form<BundleRecord> = {
  digest: (value) => typeof value === 'string' && isDigest(value),
  name: isText,
  version: isWhole,
  bytes: isWhole,
  parts: isWhole,
  loaded: isWhole,
  by: isText,
  at: isWhole,
};
const TURN: Form<TurnRecord> = {
  sequence: isWhole,
  kind: (value) => value === 'push' || value === 'roll-back',
  digest: BUNDLE.digest,
  name: isText,
  version: isWhole,
  highest: isWhole,
  by: isText,
  why: isText,
  at: isWhole,
  signature: (value) => value === undefined || isText(value),
};
const REFUSAL: Form<RefusalRecord> = {
  number: isWhole,
  name: isTextOrNull,
  version: isWholeOrNull,
  code: isText,
  says: isText,
  by: isText,
  at: isWhole,
};

export const bundleRecordOf = (value: Uint8Array): BundleRecord => read(value, BUNDLE);
export const turnRecordOf = (value: Uint8Array): TurnRecord => read(value, TURN);
export const refusalRecordOf = (value: Uint8Array): RefusalRecord => read(value, REFUSAL);

/** VALUE_INVALID names the field. */
function read<T>(value: Uint8Array, form: Form<T>): T {
  let fields: unknown;
  try {
    fields = JSON.parse(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('utf8'));
  } catch {
    throw new MsecError('VALUE_INVALID', 'ids.rules: a value that is no JSON');
  }
  if (typeof fields !== 'object' || fields === null) throw new MsecError('VALUE_INVALID', 'ids.rules: no object');
  for (const [field, isRight] of Object.entries<(value: unknown) => boolean>(form))
    if (!isRight((fields as Record<string, unknown>)[field]))
      throw new MsecError('VALUE_INVALID', `ids.rules: ${field} does not have the form of one`, { field });
  return fields as T;
}

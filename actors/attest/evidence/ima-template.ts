/**
 * Templates of Linux' Integrity Measurement Architecture (security/integrity/ima/ima_template.c and
 * ima_template_lib.c): which fields an entry has, and the bytes that are hashed for it, its template data.
 *
 *   data of ima     = digest 20 · path, filled with zeros to 256 bytes
 *   data of others  = (length u32 · bytes)*
 *   d-ng            = algorithm ":\0" digest
 *   d-ngv2          = ("ima" | "verity") ":" algorithm ":\0" digest
 *   n-ng            = path "\0"
 */
export type ImaField = 'd-ng' | 'd-ngv2' | 'n-ng' | 'bytes';

export interface ImaTemplate {
  readonly name: string;
  /** Of `ima`, which is older than fields: null. */
  readonly fields: readonly ImaField[] | null;
  /** Whether all of it can be told from a line of the ASCII list. */
  readonly isAscii: boolean;
}

const template = (name: string, fields: readonly ImaField[] | null, isAscii = true): ImaTemplate => ({
  name,
  fields,
  isAscii,
});

const TEMPLATES: readonly ImaTemplate[] = [
  template('ima', null),
  template('ima-ng', ['d-ng', 'n-ng']),
  template('ima-sig', ['d-ng', 'n-ng', 'bytes']),
  template('ima-buf', ['d-ng', 'n-ng', 'bytes']),
  template('ima-ngv2', ['d-ngv2', 'n-ng']),
  template('ima-sigv2', ['d-ngv2', 'n-ng', 'bytes']),
  template('ima-modsig', ['d-ng', 'n-ng', 'bytes', 'bytes', 'bytes'], false),
  template('evm-sig', ['d-ng', 'n-ng', 'bytes', 'bytes', 'bytes', 'bytes', 'bytes', 'bytes', 'bytes'], false),
];

const BY_NAME: ReadonlyMap<string, ImaTemplate> = new Map(TEMPLATES.map((row) => [row.name, row]));

export function imaTemplate(name: string): ImaTemplate | undefined {
  return BY_NAME.get(name);
}

export const IMA_TEMPLATES: string = TEMPLATES.map(({ name }) => name).join(', ');
export const IMA_NAME_BYTES = 256;
export const IMA_DIGEST_BYTES = 20;

/** Bytes of a file's digest, by the kernel's name of the algorithm. */
export const FILE_DIGESTS: ReadonlyMap<string, number> = new Map([
  ['md5', 16],
  ['sha1', 20],
  ['sha224', 28],
  ['sha256', 32],
  ['sha384', 48],
  ['sha512', 64],
  ['sm3', 32],
  ['sha3-256', 32],
  ['sha3-384', 48],
  ['sha3-512', 64],
]);

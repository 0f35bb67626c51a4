/** Files of evidence, and reference values with their signature, as the flags of several commands name them. */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { openReferences, REFERENCES_BYTES_MAX, type References } from '../actors/attest/index.ts';
import { NoInputError, UsageError } from './terminal.ts';

export interface ReferenceFlags {
  readonly references?: string;
  readonly referencesSignature?: string;
  readonly referencesKey?: string;
}

/** Of a structure of the TPM, a signature or a key. */
export const STRUCTURE_BYTES_MAX = 65_536;

export function readReferences({ references, referencesSignature, referencesKey }: ReferenceFlags): References | null {
  if (references === undefined) return null;
  if (referencesKey === undefined)
    throw new UsageError('--references needs --references-key: unsigned values count for nothing');
  const signature = readFileOf(referencesSignature ?? `${references}.sig`, STRUCTURE_BYTES_MAX);
  return openReferences(
    readFileOf(references, REFERENCES_BYTES_MAX),
    signature,
    [publicKey(referencesKey)],
    references,
  );
}

function publicKey(path: string): KeyObject {
  const text = readFileOf(path, STRUCTURE_BYTES_MAX);
  try {
    return createPublicKey(text);
  } catch {
    throw new UsageError(`${path} is no public key in PEM`);
  }
}

export function readFileOf(path: string, bytesMax: number): Buffer {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch {
    throw new NoInputError(`${path} cannot be read`);
  }
  if (bytes.length > bytesMax)
    throw new NoInputError(`${path} has ${bytes.length} bytes, at most ${bytesMax} are read`);
  return bytes;
}

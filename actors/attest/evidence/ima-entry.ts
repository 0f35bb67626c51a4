/** One entry of an IMA measurement list, and what its template data say of a file. */
import { FILE_DIGESTS, IMA_DIGEST_BYTES, IMA_NAME_BYTES, type ImaField, type ImaTemplate } from './ima-template.ts';

export interface ImaEntry {
  /** Counted from the start of the device's list, not of what was sent; the first is 1. */
  readonly number: number;
  readonly pcr: number;
  readonly template: ImaTemplate;
  /** As the list has it; zeros mark a violation. */
  readonly templateDigest: Uint8Array;
  /** The bytes that are hashed. */
  readonly data: Uint8Array;
  /** `sha256`, or `verity:sha256` for a digest of fs-verity. */
  readonly algorithm: string;
  readonly fileDigest: Buffer;
  readonly path: string;
  /** A file was read while it was written to, or the like: what was measured may not be what was used. */
  readonly isViolation: boolean;
}

/** What template data say of a file. */
export interface ImaFile {
  readonly algorithm: string;
  readonly fileDigest: Buffer;
  readonly path: string;
}

/** The place and reason where template data are wrong. */
export interface ImaFault {
  readonly field: string;
  readonly says: string;
}

const COLON = 0x3a;
const ALGORITHM_BYTES_MAX = 24;
const PATH_BYTES_MAX = 4096;
const FIELD_BYTES_MAX = 1024 * 1024;

const fault = (field: string, says: string): ImaFault => ({ field, says });
export const isFault = (value: object): value is ImaFault => 'says' in value;

export function readTemplateData(template: ImaTemplate, data: Buffer): ImaFile | ImaFault {
  if (template.fields === null) return readOldest(data);
  let [at, digest, path]: [number, Pick<ImaFile, 'algorithm' | 'fileDigest'> | null, string] = [0, null, ''];
  for (const kind of template.fields) {
    if (data.length - at < 4) return fault(kind, 'the template data end before this field does');
    const length = data.readUInt32LE(at);
    if (length > FIELD_BYTES_MAX) return fault(kind, `has ${length} bytes, at most ${FIELD_BYTES_MAX} are allowed`);
    if (length > data.length - at - 4) return fault(kind, 'the template data end before this field does');
    const from = at + 4;
    at = from + length;
    if (kind === 'bytes') continue;
    if (kind === 'n-ng') {
      const read = readPath(data, from, at);
      if (typeof read !== 'string') return read;
      path = read;
    } else {
      const read = readDigest(kind, data.subarray(from, at));
      if (isFault(read)) return read;
      digest = read;
    }
  }
  if (at !== data.length) return fault('template data', `are followed by ${data.length - at} bytes`);
  return { ...digest!, path };
}

/** The list has the path without the zeros that the hash sees. */
function readOldest(data: Buffer): ImaFile | ImaFault {
  const end = data.indexOf(0, IMA_DIGEST_BYTES);
  if (end < 0 || data.length !== IMA_DIGEST_BYTES + IMA_NAME_BYTES) return fault('path', 'must end with a zero byte');
  if (end === IMA_DIGEST_BYTES) return fault('path', 'is empty');
  const path = data.toString('utf8', IMA_DIGEST_BYTES, end);
  return { algorithm: 'sha1', fileDigest: data.subarray(0, IMA_DIGEST_BYTES), path };
}

function readPath(data: Buffer, from: number, end: number): string | ImaFault {
  if (end - from < 2) return fault('path', 'is empty');
  if (end - from > PATH_BYTES_MAX) return fault('path', `has more than ${PATH_BYTES_MAX} bytes`);
  if (data.indexOf(0, from) !== end - 1) return fault('path', 'must end with its only zero byte');
  return data.toString('utf8', from, end - 1);
}

function readDigest(kind: ImaField, bytes: Buffer): Pick<ImaFile, 'algorithm' | 'fileDigest'> | ImaFault {
  const end = bytes.subarray(0, ALGORITHM_BYTES_MAX).indexOf(0);
  if (end < 2 || bytes[end - 1] !== COLON)
    return fault('digest', 'must begin with its algorithm, a colon and a zero byte');
  const named = algorithmOf(bytes.toString('latin1', 0, end - 1), kind);
  if (named === undefined) return fault('digest', 'has an algorithm that is not known');
  const fileDigest = bytes.subarray(end + 1);
  if (fileDigest.length !== named.bytes)
    return fault('digest', `${named.algorithm} has ${named.bytes} bytes, there are ${fileDigest.length}`);
  return { algorithm: named.algorithm, fileDigest };
}

/** The algorithm by which policies know it, of a d-ng or d-ngv2 prefix without its last colon. */
export function algorithmOf(prefix: string, kind: ImaField): { algorithm: string; bytes: number } | undefined {
  if (kind === 'd-ngv2') {
    const [type, name = '', ...rest] = prefix.split(':');
    const bytes = FILE_DIGESTS.get(name);
    if (bytes === undefined || rest.length > 0) return undefined;
    if (type === 'ima') return { algorithm: name, bytes };
    return type === 'verity' ? { algorithm: prefix, bytes } : undefined;
  }
  const bytes = FILE_DIGESTS.get(prefix);
  return bytes === undefined ? undefined : { algorithm: prefix, bytes };
}

/** Whether the list marks a violation: its digest is zeros. */
export function isZeros(bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== 0) return false;
  return true;
}

export function describeEntry({ number, path }: Pick<ImaEntry, 'number' | 'path'>): string {
  return `IMA entry ${number}, ${path}`;
}

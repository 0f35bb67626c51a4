/**
 * A bundle: rule files with the groups, thresholds and classes that they are read with, as one signed file. Nothing of it
 * is read, and nothing unpacked, before a signature of a trusted key holds over every byte of its content.
 *
 *   bundle    = content · signatures
 *   content   = "MSECRULES" · layout u8 1 · content length u32 · manifest length u32 · manifest (JSON, UTF-8) · files (gzip)
 *   signatures = count u8 · { length u16 · signature }
 */
import { createHash, type KeyObject, sign } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { MsecError } from '../../../engine/index.ts';
import { isSignedBy } from '../../../schemas/index.ts';
import { type BundleFileKind, type BundleManifest, manifestOf, wrong } from './bundle-manifest.ts';

export const BUNDLE_BYTES_MAX: number = 16 * 1024 * 1024;
const MAGIC = Buffer.from('MSECRULES');
const LAYOUT = 1;
const LENGTH_AT = MAGIC.length + 1;
const HEAD_BYTES = LENGTH_AT + 8;
const MANIFEST_BYTES_MAX = 4 * 1024 * 1024;
const SIGNATURES_MAX = 8;
const SIGNATURE_BYTES_MAX = 1_024;

export interface BundleFile {
  readonly name: string;
  readonly kind: BundleFileKind;
  readonly bytes: Uint8Array;
}

/** A bundle whose content a trusted key has signed. */
export interface OpenedBundle extends BundleManifest {
  /** SHA-256 of the content, in hexadecimal. */
  readonly digest: string;
  readonly content: Uint8Array;
}

interface Split {
  readonly content: Uint8Array;
  readonly signatures: readonly Uint8Array[];
}

/** Without a signature. The same files make the same bytes. RULES_INVALID where they are too much for a bundle. */
export function packBundle(
  head: Omit<BundleManifest, 'files'>,
  files: readonly BundleFile[],
): Uint8Array<ArrayBufferLike> {
  const heads = files.map(({ name, kind, bytes }) => ({ name, kind, bytes: bytes.length }));
  const { name, version, rules, addresses, ports } = head;
  const text = JSON.stringify({ name, version, rules, addresses, ports, files: heads });
  manifestOf(text);
  const manifest = Buffer.from(text);
  if (manifest.length > MANIFEST_BYTES_MAX) wrong('manifest', `has more than ${MANIFEST_BYTES_MAX} bytes`);
  const packed = gzipSync(Buffer.concat(files.map(({ bytes }) => bytes)), { level: 9 });
  const start = Buffer.alloc(HEAD_BYTES);
  start.set(MAGIC);
  start[MAGIC.length] = LAYOUT;
  start.writeUInt32BE(HEAD_BYTES + manifest.length + packed.length, LENGTH_AT);
  start.writeUInt32BE(manifest.length, LENGTH_AT + 4);
  const bundle = Buffer.concat([start, manifest, packed, Buffer.of(0)]);
  if (bundle.length > BUNDLE_BYTES_MAX) wrong('length', `more than ${BUNDLE_BYTES_MAX} bytes`);
  return bundle;
}

/** With one more signature: Ed25519; ECDSA or RSA with SHA-256. */
export function signBundle(bundle: Uint8Array, key: KeyObject): Uint8Array<ArrayBufferLike> {
  const { content, signatures } = splitOf(bundle);
  if (signatures.length >= SIGNATURES_MAX) wrong('signatures', `there are ${SIGNATURES_MAX} already`);
  const all = [...signatures, sign(key.asymmetricKeyType === 'ed25519' ? null : 'sha256', content, key)];
  const parts = all.flatMap((signature) => {
    const length = Buffer.alloc(2);
    length.writeUInt16BE(signature.length);
    return [length, signature];
  });
  return Buffer.concat([content, Buffer.of(all.length), ...parts]);
}

/** SIGNATURE_INVALID where none of the keys has signed it, RULES_INVALID where it is no bundle. */
export function openBundle(bundle: Uint8Array, keys: readonly KeyObject[]): OpenedBundle {
  const { content, signatures } = splitOf(bundle);
  if (!signatures.some((signature) => keys.some((key) => isSignedBy(key, content, signature)))) {
    const says = signatures.length === 0 ? 'nobody has signed it' : 'no key that is trusted has signed it';
    throw new MsecError('SIGNATURE_INVALID', `bundle of rules: ${says}`);
  }
  return openContent(content);
}

/** Of a bundle that was opened with a trusted key before, and is known by its digest. */
export function openKnownBundle(bundle: Uint8Array, digest: string): OpenedBundle {
  const opened = openContent(splitOf(bundle).content);
  if (opened.digest !== digest) wrong('digest', `is ${opened.digest}, not ${digest}`);
  return opened;
}

/** Of anybody's bundle, also of one without a signature: to be shown, never to be used. */
export const peekBundle = (bundle: Uint8Array): OpenedBundle => openContent(splitOf(bundle).content);

/** In the order of the manifest. RULES_INVALID where they do not unpack to what it says. */
export function filesOf({ content, files }: OpenedBundle): readonly BundleFile[] {
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const packed = content.subarray(HEAD_BYTES + manifestBytes(content));
  let text: Buffer;
  try {
    // One byte more, so that what is too long is told from what ends there.
    text = gunzipSync(packed, { maxOutputLength: total + 1 });
  } catch {
    return wrong('files', 'do not unpack to what the manifest says');
  }
  if (text.length !== total) return wrong('files', `unpack to ${text.length} bytes, and the manifest says ${total}`);
  let at = 0;
  return files.map(({ name, kind, bytes }) => {
    const start = at;
    at += bytes;
    return { name, kind, bytes: text.subarray(start, at) };
  });
}

function openContent(content: Uint8Array): OpenedBundle {
  const length = manifestBytes(content);
  const text = Buffer.from(content.buffer, content.byteOffset + HEAD_BYTES, length).toString('utf8');
  return { ...manifestOf(text), content, digest: createHash('sha256').update(content).digest('hex') };
}

const manifestBytes = (content: Uint8Array): number => numberAt(content, LENGTH_AT + 4);

function splitOf(bundle: Uint8Array): Split {
  if (bundle.length > BUNDLE_BYTES_MAX) wrong('length', `more than ${BUNDLE_BYTES_MAX} bytes`);
  if (bundle.length < HEAD_BYTES || MAGIC.compare(bundle, 0, MAGIC.length) !== 0) wrong('head', 'this is no bundle');
  const layout = bundle[MAGIC.length];
  if (layout !== LAYOUT) wrong('layout', `${layout} is not known`);
  const length = numberAt(bundle, LENGTH_AT);
  if (length < HEAD_BYTES || length >= bundle.length) wrong('length', 'it is cut off');
  const manifest = manifestBytes(bundle);
  if (manifest > MANIFEST_BYTES_MAX || HEAD_BYTES + manifest > length) wrong('manifest', 'it is cut off');
  return { content: bundle.subarray(0, length), signatures: signaturesOf(bundle, length) };
}

function signaturesOf(bundle: Uint8Array, start: number): Uint8Array[] {
  const count = bundle[start]!;
  if (count > SIGNATURES_MAX) wrong('signatures', `${count} are more than ${SIGNATURES_MAX}`);
  const signatures: Uint8Array[] = [];
  let at = start + 1;
  for (let i = 0; i < count; i += 1) {
    const length = at + 2 > bundle.length ? 0 : (bundle[at]! << 8) | bundle[at + 1]!;
    const end = at + 2 + length;
    if (length === 0 || length > SIGNATURE_BYTES_MAX || end > bundle.length) wrong('signatures', 'they are cut off');
    signatures.push(bundle.subarray(at + 2, end));
    at = end;
  }
  if (at !== bundle.length) wrong('signatures', 'something stands behind them');
  return signatures;
}

const numberAt = (bytes: Uint8Array, at: number): number =>
  new DataView(bytes.buffer, bytes.byteOffset + at, 4).getUint32(0);

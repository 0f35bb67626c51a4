/** Bundles for tests, and who signs them. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { type BundleFile, type BundleManifest, packBundle, signBundle } from '../../../../actors/detect/index.ts';

export const SIGNER = generateKeyPairSync('ed25519');
export const STRANGER = generateKeyPairSync('ed25519');

export const rulesFile = (...rules: readonly string[]): BundleFile => ({
  ...{ name: 'local.rules', kind: 'rules' },
  bytes: Buffer.from(rules.join('\n'), 'latin1'),
});

export const udpRule = (sid: number, text: string, more = ''): string =>
  `alert udp any any -> any any (msg:"${text}"; content:"${text}"; ${more} sid:${sid};)`;

export type BundleParts = Partial<Omit<BundleManifest, 'files'>>;

export function unsigned(files: readonly BundleFile[], parts: BundleParts = {}): Uint8Array {
  const head = { name: 'city', version: 1, rules: 1, addresses: {}, ports: {} };
  return packBundle({ ...head, ...parts }, files);
}

export const signed = (
  files: readonly BundleFile[],
  parts: BundleParts = {},
  key: KeyObject = SIGNER.privateKey,
): Uint8Array => signBundle(unsigned(files, parts), key);

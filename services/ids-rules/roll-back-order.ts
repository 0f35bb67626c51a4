/** The order to go back to an earlier bundle, as somebody signs it who may sign bundles: it holds once, behind the turn that it names. */
import { type KeyObject, sign } from 'node:crypto';
import { isSignedBy } from '../../schemas/index.ts';

export interface RollBackOrder {
  /** Sequence of the turn that is in force. */
  readonly after: number;
  /** Of the bundle to go back to. */
  readonly digest: string;
  readonly by: string;
  readonly why: string;
}

const bytesOf = ({ after, digest, by, why }: RollBackOrder): Buffer =>
  Buffer.from(JSON.stringify(['msec ids bundle roll-back', after, digest, by, why]));

/** In base64: Ed25519; ECDSA or RSA with SHA-256. */
export function signOrder(order: RollBackOrder, key: KeyObject): string {
  return sign(key.asymmetricKeyType === 'ed25519' ? null : 'sha256', bytesOf(order), key).toString('base64');
}

export function isOrderSigned(order: RollBackOrder, signature: string, keys: readonly KeyObject[]): boolean {
  const bytes = bytesOf(order);
  const signed = Buffer.from(signature, 'base64');
  return keys.some((key) => isSignedBy(key, bytes, signed));
}

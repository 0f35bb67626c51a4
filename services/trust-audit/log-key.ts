/**
 * The key that signs checkpoints of trust.log: Ed25519, in a file beside the day keys (`trust-log.pem`, PKCS #8, mode 0600).
 * Who checks a log needs its public half from a source other than the log's own machine.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { link, mkdir, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { MsecError } from '../../engine/index.ts';

const FILE = 'trust-log.pem';

/** Null where there is none. CONFIG_INVALID where it is no such key. */
export function readLogKey(folder: string): KeyObject | null {
  const path = join(folder, FILE);
  let pem: Buffer;
  try {
    pem = readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new MsecError('DEPENDENCY_DOWN', `${path} cannot be read`, { cause: error });
  }
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch (cause) {
    throw new MsecError('CONFIG_INVALID', `${path} is no private key in PEM`, { cause });
  }
  if (key.asymmetricKeyType !== 'ed25519') throw new MsecError('CONFIG_INVALID', `${path} is no Ed25519 key`);
  return key;
}

export function publicLogKey(folder: string): KeyObject | null {
  const key = readLogKey(folder);
  return key === null ? null : createPublicKey(key);
}

/** The folder's key, made where there is none: of several processes that start at once one makes it. */
export async function ensureLogKey(folder: string): Promise<KeyObject> {
  const known = readLogKey(folder);
  if (known !== null) return known;
  const { privateKey } = generateKeyPairSync('ed25519');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, FILE);
  const fresh = `${path}.${process.pid}`;
  const file = await open(fresh, 'w', 0o600);
  try {
    await file.writeFile(privateKey.export({ format: 'pem', type: 'pkcs8' }));
    await file.sync();
  } finally {
    await file.close();
  }
  try {
    await link(fresh, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await unlink(fresh);
  }
  return readLogKey(folder) ?? privateKey;
}

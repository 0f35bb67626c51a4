/**
 * The receiver's keys for sessions: P-256 key pairs, each in a file of its own beside the day keys (`session-ID.pem`,
 * PKCS #8, mode 0600), where ID is the key id in 16 hex digits. The newest is what devices are told; sessions under the
 * others are taken for as long as their files are there.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdir, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { MsecError } from '../../engine/index.ts';
import { keyIdOf, type ReceiverKeys } from '../../schemas/envelope/index.ts';

const FILE = /^session-([0-9a-f]{16})\.pem$/;
/** Ids that are not there are remembered, as they cost a look at the disk. */
const MISSING_MAX = 1_000;

export interface SessionPublicKey {
  readonly publicKey: KeyObject;
  readonly keyId: Uint8Array;
}

/** For one thread; files are looked at when their key is first asked for. */
export class SessionKeyFiles implements ReceiverKeys {
  readonly #folder: string;
  readonly #keys = new Map<string, KeyObject | null>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  receiverKey(high: number, low: number): KeyObject | null {
    const id = high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0');
    const known = this.#keys.get(id);
    if (known !== undefined) return known;
    const key = readKey(this.#folder, id);
    if (key === null && this.#keys.size >= MISSING_MAX) this.#keys.clear();
    this.#keys.set(id, key);
    return key;
  }
}

function readKey(folder: string, id: string): KeyObject | null {
  const path = join(folder, `session-${id}.pem`);
  let pem: Buffer;
  try {
    pem = readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new MsecError('DEPENDENCY_DOWN', `${path} cannot be read`, { cause: error });
  }
  const key = parseKey(pem);
  if (key === null || Buffer.from(keyIdOf(createPublicKey(key))).toString('hex') !== id) {
    throw new MsecError('CONFIG_INVALID', `${path} is not the P-256 key of its name`);
  }
  return key;
}

function parseKey(pem: Buffer): KeyObject | null {
  try {
    const key = createPrivateKey(pem);
    return key.asymmetricKeyDetails?.namedCurve === 'prime256v1' ? key : null;
  } catch {
    return null;
  }
}

/** The newest key's public half; null where there is none. */
export function newestSessionKey(folder: string): SessionPublicKey | null {
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => FILE.test(name));
  } catch {
    return null;
  }
  const byAge = names.map((name) => ({ name, at: statSync(join(folder, name)).mtimeMs }));
  const newest = byAge.toSorted((a, b) => b.at - a.at || (a.name < b.name ? -1 : 1))[0];
  const id = newest === undefined ? undefined : FILE.exec(newest.name)?.[1];
  if (id === undefined) return null;
  const key = readKey(folder, id);
  return key === null ? null : { publicKey: createPublicKey(key), keyId: Buffer.from(id, 'hex') };
}

/** A new one, from now on the newest. */
export async function makeSessionKey(folder: string): Promise<SessionPublicKey> {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const keyId = keyIdOf(publicKey);
  const path = join(folder, `session-${keyId.toString('hex')}.pem`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const file = await open(`${path}.new`, 'w', 0o600);
  try {
    await file.writeFile(privateKey.export({ format: 'pem', type: 'pkcs8' }));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
  return { publicKey, keyId };
}

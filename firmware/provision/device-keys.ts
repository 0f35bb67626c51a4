/**
 * The keys of a device, made once and kept at handles of their own: a storage key, from the owner hierarchy's seed, and
 * under it one key for each use. None of them can leave the TPM. Where they are bound to PCRs, the TPM refuses to use them
 * as soon as one of the PCRs was extended.
 */
import { MsecError } from '../../engine/base/index.ts';
import {
  agreementKeyTemplate,
  attestationKeyTemplate,
  create,
  createPrimary,
  encodePublic,
  evict,
  HT_PERSISTENT,
  handlesOf,
  load,
  type PcrSelection,
  pcrPolicy,
  permanent,
  persist,
  policyPcr,
  RH_OWNER,
  readObject,
  readPcrs,
  STORAGE_KEY_ECC,
  signingKeyTemplate,
  type Tpm,
  type TpmObject,
  type TpmPublic,
  usingPolicy,
  withPolicy,
} from '../tpm/index.ts';

/** signing: of frames; attestation: of what the TPM itself says; agreement: ECDH. */
export const KEY_KINDS = ['signing', 'attestation', 'agreement'] as const;
export type KeyKind = (typeof KEY_KINDS)[number];

/** The storage key's is that of the TCG's provisioning guidance. */
export const STORAGE_HANDLE = 0x8100_0001;
export const KEY_HANDLES: Readonly<Record<KeyKind, number>> = {
  signing: 0x8100_0010,
  attestation: 0x8100_0011,
  agreement: 0x8100_0012,
};

export const KEY_TEMPLATES: Readonly<Record<KeyKind, (authPolicy?: Uint8Array) => TpmPublic>> = {
  signing: signingKeyTemplate,
  attestation: attestationKeyTemplate,
  agreement: agreementKeyTemplate,
};

export interface DeviceKeys {
  readonly storage: TpmObject;
  readonly signing: TpmObject;
  readonly attestation: TpmObject;
  readonly agreement: TpmObject;
  /** What the three are bound to; null where nothing. */
  readonly boundTo: PcrSelection | null;
  /** Whether anything was made just now. */
  readonly isNew: boolean;
}

/**
 * What is there is taken, what is missing is made, bound to the present values of the PCRs. CONFIG_INVALID where a handle
 * holds something else, or keys that are bound otherwise than asked for.
 */
export async function deviceKeys(tpm: Tpm, boundTo: PcrSelection | null = null): Promise<DeviceKeys> {
  const there = await handlesOf(tpm, HT_PERSISTENT);
  const storage = await storageKey(tpm, there);
  const policy = boundTo === null ? undefined : pcrPolicy([boundTo], await readPcrs(tpm, boundTo));
  const keys = {} as Record<KeyKind, TpmObject>;
  for (const kind of KEY_KINDS) {
    const template = KEY_TEMPLATES[kind](policy);
    const what = `${kind} key${boundTo === null ? '' : ' bound to PCRs'}`;
    keys[kind] = await kept(tpm, there, KEY_HANDLES[kind], what, template, async () =>
      load(tpm, storage, await create(tpm, storage, { template })),
    );
  }
  const isNew = [STORAGE_HANDLE, ...Object.values(KEY_HANDLES)].some((handle) => !there.includes(handle));
  return { storage, ...keys, boundTo, isNew };
}

/** The parent of the others, and of sealed data; made where it is missing. CONFIG_INVALID where its handle holds something else. */
export async function storageKey(tpm: Tpm, persistent?: readonly number[]): Promise<TpmObject> {
  const there = persistent ?? (await handlesOf(tpm, HT_PERSISTENT));
  return await kept(tpm, there, STORAGE_HANDLE, 'storage key', STORAGE_KEY_ECC, () =>
    createPrimary(tpm, permanent(RH_OWNER), { template: STORAGE_KEY_ECC }),
  );
}

async function kept(
  tpm: Tpm,
  there: readonly number[],
  handle: number,
  what: string,
  template: TpmPublic,
  make: () => Promise<TpmObject>,
): Promise<TpmObject> {
  if (!there.includes(handle)) return await persist(tpm, await make(), handle);
  const object = await readObject(tpm, handle);
  if (isLike(object.area, template)) return object;
  throw new MsecError(
    'CONFIG_INVALID',
    `0x${handle.toString(16)} of the TPM holds something else than a ${what}; tpm2_evictcontrol -c 0x${handle.toString(16)} ends it`,
    { field: what },
  );
}

/**
 * The same keys with a new signing key, which is loaded and nowhere kept: once whoever knows the device has taken it,
 * `keepSigningKey` puts it in the place of the old one. Until then the old one stays, whatever happens.
 */
export async function renewedSigningKey(tpm: Tpm, keys: DeviceKeys): Promise<DeviceKeys> {
  const { storage, boundTo } = keys;
  const policy = boundTo === null ? undefined : pcrPolicy([boundTo], await readPcrs(tpm, boundTo));
  const template = KEY_TEMPLATES.signing(policy);
  const signing = await load(tpm, storage, await create(tpm, storage, { template }));
  return { ...keys, signing, isNew: true };
}

export async function keepSigningKey(tpm: Tpm, keys: DeviceKeys): Promise<DeviceKeys> {
  const handle = KEY_HANDLES.signing;
  if ((await handlesOf(tpm, HT_PERSISTENT)).includes(handle)) await evict(tpm, await readObject(tpm, handle));
  return { ...keys, signing: await persist(tpm, keys.signing, handle) };
}

/** Whether the key was made by the template; a policy may be of other values of the PCRs, which the TPM finds out. */
export function isLike(area: TpmPublic, template: TpmPublic): boolean {
  const bare = (given: TpmPublic): Buffer => {
    const authPolicy = Buffer.alloc(given.authPolicy.length);
    if (given.type === STORAGE_KEY_ECC.type)
      return encodePublic({ ...given, authPolicy, x: Buffer.alloc(0), y: Buffer.alloc(0) });
    return encodePublic({ ...given, authPolicy });
  };
  return bare(area).equals(bare(template));
}

/** Gives the key to `use` for one command. POLICY_FAIL where a PCR that it is bound to was extended. */
export async function usingKey<T>(
  tpm: Tpm,
  key: TpmObject,
  boundTo: PcrSelection | null,
  use: (key: TpmObject) => Promise<T>,
): Promise<T> {
  if (boundTo === null) return await use(key);
  return await usingPolicy(tpm, async (session) => {
    await policyPcr(tpm, session, [boundTo]);
    return await use(withPolicy(key, session));
  });
}

/**
 * A key that this TPM alone gives out, and only while its PCRs are in one of the states that it is sealed to: for a disk
 * that opens when the firmware that was started is the one that is trusted. A recovery key opens the same without the TPM.
 * Neither key is in the sealed form in clear, on the TPM's bus, or in an error.
 */
import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';
import { MsecError, type Random } from '../../engine/base/index.ts';
import {
  ALG_SHA256,
  isTpmRefusal,
  load,
  orPolicy,
  type PcrSelection,
  pcrPolicy,
  policyOr,
  policyPcr,
  readPcrs,
  SEALED_BYTES_MAX,
  seal,
  type Tpm,
  type TpmObject,
  unseal,
  using,
  usingPolicy,
  type WrappedObject,
  withPolicy,
} from '../tpm/index.ts';

export interface SealedState {
  /** For people: "at 2026-11-26T09:00:00Z", "firmware 2.2". */
  readonly label: string;
  /** In the order of the selection. */
  readonly values: readonly Buffer[];
}

export interface SealedKey {
  /** Name of the storage key that the object is under; sessions are salted to it. */
  readonly parent: Buffer;
  readonly selection: PcrSelection;
  readonly states: readonly SealedState[];
  readonly object: WrappedObject;
  /** The key again, under the recovery key: AES-256-GCM, its nonce first and its tag last. */
  readonly recovery: Buffer;
}

/** As many as one PolicyOR takes. */
export const SEALED_STATES_MAX = 8;
export const RECOVERY_BYTES = 32;
export const SEALED_KEY_BYTES_MIN = 16;
/** 16 to 23 can be reset, or are not counted when they change. */
export const SEALED_PCR_MAX = 15;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const CIPHER = 'aes-256-gcm';
const PURPOSE = 'msec sealed key 1';

const refused = (says: string): MsecError => new MsecError('UNSEAL_REFUSED', says);

/** What the PCRs are now. */
export async function presentState(tpm: Tpm, selection: PcrSelection, label: string): Promise<SealedState> {
  return { label, values: await readPcrs(tpm, selection) };
}

/** Under the storage key of a TPM whose sessions are salted to it. CONFIG_INVALID. */
export async function sealKey(
  tpm: Tpm,
  storage: TpmObject,
  key: Uint8Array,
  sealing: { readonly selection: PcrSelection; readonly states: readonly SealedState[]; readonly recovery: Buffer },
): Promise<SealedKey> {
  const { selection, states, recovery } = sealing;
  if (key.length < SEALED_KEY_BYTES_MIN || key.length > SEALED_BYTES_MAX)
    throw wrong(
      `a key of ${SEALED_KEY_BYTES_MIN} to ${SEALED_BYTES_MAX} bytes can be sealed, not one of ${key.length}`,
    );
  const { pcrs, bank } = selection;
  if (bank !== ALG_SHA256 || pcrs.length === 0 || pcrs.some((pcr) => pcr > SEALED_PCR_MAX))
    throw wrong(`a key is sealed to PCRs from 0 to ${SEALED_PCR_MAX}: the others can be reset`, 'pcrs');
  if (states.length === 0 || states.length > SEALED_STATES_MAX)
    throw wrong(`a key is sealed to 1 to ${SEALED_STATES_MAX} states, not to ${states.length}`);
  const object = await seal(tpm, storage, { data: key, authPolicy: policyOf(selection, states) });
  return { parent: Buffer.from(storage.name), selection, states, object, recovery };
}

const wrong = (says: string, field?: string): MsecError =>
  new MsecError('CONFIG_INVALID', says, field === undefined ? {} : { field });

/** UNSEAL_REFUSED, with the PCRs that differ, where the machine is in no state that the key is sealed to. */
export async function unsealKey(tpm: Tpm, storage: TpmObject, sealed: SealedKey): Promise<Buffer> {
  const { selection, states, parent, object } = sealed;
  if (!parent.equals(storage.name)) throw refused('the key is sealed to another TPM, or to one that was cleared since');
  const digests = digestsOf(selection, states);
  try {
    return await using(tpm, await load(tpm, storage, object), (loaded) =>
      usingPolicy(tpm, async (session) => {
        await policyPcr(tpm, session, [selection]);
        if (digests.length > 1) await policyOr(tpm, session, digests);
        return await unseal(tpm, withPolicy(loaded, session));
      }),
    );
  } catch (thrown) {
    if (isTpmRefusal(thrown, 'INTEGRITY')) throw refused('the TPM does not take the sealed key: it was changed');
    if (!isTpmRefusal(thrown, 'POLICY_FAIL', 'VALUE', 'PCR_CHANGED')) throw thrown;
    throw refused(await difference(tpm, sealed));
  }
}

/** In words: which PCRs are not what they are in the nearest state. */
async function difference(tpm: Tpm, { selection, states }: SealedKey): Promise<string> {
  const now = await readPcrs(tpm, selection);
  const wrongOf = ({ values }: SealedState) => selection.pcrs.filter((_, i) => !values[i]!.equals(now[i]!));
  const [nearest] = states
    .map((state) => ({ label: state.label, wrong: wrongOf(state) }))
    .sort((a, b) => a.wrong.length - b.wrong.length);
  const { label, wrong: pcrs } = nearest!;
  if (pcrs.length === 0) return 'the TPM refuses the key although the PCRs are as they should be: the file was changed';
  const is = pcrs.length === 1 ? 'is' : 'are';
  return `PCR ${pcrs.join(', ')} ${is} not as in the state that the key is sealed to (${label})`;
}

function digestsOf(selection: PcrSelection, states: readonly SealedState[]): Buffer[] {
  return states.map(({ values }) => pcrPolicy([selection], values));
}

function policyOf(selection: PcrSelection, states: readonly SealedState[]): Buffer {
  const digests = digestsOf(selection, states);
  return digests.length === 1 ? digests[0]! : orPolicy(digests);
}

/** The key under a recovery key of 256 random bits, which need no stretching. */
export function sealForRecovery(key: Uint8Array, recoveryKey: Uint8Array, random: Random): Buffer {
  const nonce = random.bytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, derived(recoveryKey), nonce);
  return Buffer.concat([nonce, cipher.update(key), cipher.final(), cipher.getAuthTag()]);
}

/** UNSEAL_REFUSED where it is another recovery key, or the sealed form was changed. */
export function recoverKey({ recovery }: Pick<SealedKey, 'recovery'>, recoveryKey: Uint8Array): Buffer {
  const nonce = recovery.subarray(0, NONCE_BYTES);
  try {
    const decipher = createDecipheriv(CIPHER, derived(recoveryKey), nonce, { authTagLength: TAG_BYTES });
    decipher.setAuthTag(recovery.subarray(-TAG_BYTES));
    return Buffer.concat([decipher.update(recovery.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
  } catch {
    throw refused('the recovery key is not the one of this sealed key');
  }
}

function derived(recoveryKey: Uint8Array): Buffer {
  return Buffer.from(hkdfSync('sha256', recoveryKey, Buffer.alloc(0), PURPOSE, 32));
}

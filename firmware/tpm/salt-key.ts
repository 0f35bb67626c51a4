/**
 * The key that sessions are salted to where none is named: a P-256 storage key of the null hierarchy. It is made before
 * there is any session, so nothing about it is secret; it is flushed once the sessions have begun.
 */
import {
  ALG_CFB,
  ALG_ECC,
  ALG_SHA256,
  ECC_NIST_P256,
  type EccPublic,
  encodePublic,
  NO_BYTES,
  OBJECT_DECRYPT,
  OBJECT_FIXED_PARENT,
  OBJECT_FIXED_TPM,
  OBJECT_NO_DA,
  OBJECT_RESTRICTED,
  OBJECT_SENSITIVE_DATA_ORIGIN,
  OBJECT_USER_WITH_AUTH,
  RH_NULL,
  RS_PW,
  readPublic,
  type TpmPublic,
  TpmReader,
  written,
} from '../../schemas/tpm/index.ts';
import type { Response } from './response.ts';

export interface SaltKey {
  readonly handle: number;
  readonly name: Uint8Array;
}

/** A storage key: a parent of other keys (TCG provisioning guidance, storage root key H-2 for P-256). */
export const STORAGE_KEY_ECC: EccPublic = {
  type: ALG_ECC,
  nameAlg: ALG_SHA256,
  attributes:
    OBJECT_FIXED_TPM |
    OBJECT_FIXED_PARENT |
    OBJECT_SENSITIVE_DATA_ORIGIN |
    OBJECT_USER_WITH_AUTH |
    OBJECT_NO_DA |
    OBJECT_RESTRICTED |
    OBJECT_DECRYPT,
  authPolicy: NO_BYTES,
  symmetric: { keyBits: 128, mode: ALG_CFB },
  scheme: null,
  curve: ECC_NIST_P256,
  x: NO_BYTES,
  y: NO_BYTES,
};

/** `create` sends TPM2_CreatePrimary with these bytes after the header. */
export async function makeSaltKey(
  create: (body: Uint8Array) => Promise<Response>,
): Promise<{ readonly handle: number; readonly area: TpmPublic }> {
  const { handle, parameters } = await create(
    written((writer) => {
      writer.u32(RH_NULL);
      writer.u32(9);
      writer.u32(RS_PW);
      writer.u16(0);
      writer.u8(0);
      writer.u16(0);
      writer
        .sized(Buffer.of(0, 0, 0, 0))
        .sized(encodePublic(STORAGE_KEY_ECC))
        .sized(NO_BYTES);
      writer.u32(0);
    }),
  );
  const area = new TpmReader(parameters, 'salt key').inside('public', (inner) => readPublic(inner));
  return { handle, area };
}

/** What a TPM says of itself, signed (part 3, 18): quotes of PCRs and certificates of keys. */
import {
  type Attest,
  decodeAttest,
  invalidResponse,
  type PcrSelection,
  readSignature,
  type Scheme,
  type TpmReader,
  type TpmSignature,
  writePcrSelection,
  writeScheme,
  written,
} from '../../../schemas/tpm/index.ts';
import type { Tpm } from '../tpm.ts';
import type { TpmObject } from './objects.ts';

export interface Attestation<T extends Attest['type']> {
  /** TPMS_ATTEST as it was signed. */
  readonly bytes: Buffer;
  readonly attest: Extract<Attest, { readonly type: T }>;
  readonly signature: TpmSignature;
}

const ATTEST_BYTES_MAX = 1024;

function attestation<T extends Attest['type']>(reader: TpmReader, type: T): Attestation<T> {
  const bytes = reader.sized('attestation', ATTEST_BYTES_MAX);
  const signature = readSignature(reader);
  reader.end();
  const attest = decodeAttest(bytes);
  if (attest.type !== type) throw invalidResponse(`the attestation is of the type ${attest.type}, not ${type}`);
  return { bytes, attest: attest as Extract<Attest, { readonly type: T }>, signature };
}

/** `nonce`: at most 64 bytes of the one who asks, so that an old quote is seen as one. */
export async function quote(
  tpm: Tpm,
  key: TpmObject,
  nonce: Uint8Array,
  selections: readonly PcrSelection[],
  scheme: Scheme | null = null,
): Promise<Attestation<'quote'>> {
  const { parameters } = await tpm.execute({
    name: 'Quote',
    handles: [key],
    authCount: 1,
    parameters: written((writer) => {
      writer.sized(nonce);
      writeScheme(writer, scheme);
      writePcrSelection(writer, selections);
    }),
    isFirstSized: true,
    isFirstAnswerSized: true,
  });
  return attestation(parameters, 'quote');
}

/** That `object` is loaded in the TPM of `key`, under its Name. */
export async function certify(
  tpm: Tpm,
  object: TpmObject,
  key: TpmObject,
  nonce: Uint8Array,
  scheme: Scheme | null = null,
): Promise<Attestation<'certify'>> {
  const { parameters } = await tpm.execute({
    name: 'Certify',
    handles: [object, key],
    authCount: 2,
    parameters: written((writer) => {
      writer.sized(nonce);
      writeScheme(writer, scheme);
    }),
    isFirstSized: true,
    isFirstAnswerSized: true,
  });
  return attestation(parameters, 'certify');
}

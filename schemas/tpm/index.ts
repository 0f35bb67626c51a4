/** Structures of the TPM 2.0 library specification, part 2: what a TPM signs, and what proves who signed. No TPM is needed. */
export { type Attest, type CertifyAttest, decodeAttest, type QuoteAttest } from './attest.ts';
export * from './constants.ts';
export { invalidResponse } from './invalid-structure.ts';
export { PCRS, type PcrSelection, pcrDigest, pcrs, readPcrSelection, writePcrSelection } from './pcr-selection.ts';
export * from './public-area.ts';
export { decodeSignature, encodeSignature, isSignatureOf, readSignature, type TpmSignature } from './signature.ts';
export { BUFFER_BYTES_MAX, TpmReader } from './tpm-reader.ts';
export { TpmWriter, written } from './tpm-writer.ts';

/** A TPM 2.0 command client; docs/decisions/0019-a-tpm-client-of-our-own.md says why it is so. */
export * from '../../schemas/tpm/index.ts';
export { type Attestation, certify, quote } from './commands/attestation.ts';
export { getRandom, handlesOf, manufacturer } from './commands/capability.ts';
export { activateCredential, makeCredentialInTpm } from './commands/credentials.ts';
export {
  defineNv,
  NV_ATTRIBUTES,
  NV_BYTES_MAX,
  type NvAccess,
  type NvPublic,
  readNv,
  readNvPublic,
  undefineNv,
  writeNv,
} from './commands/nv.ts';
export {
  create,
  createPrimary,
  evict,
  isPersistent,
  load,
  loadExternal,
  type Making,
  persist,
  readObject,
  type TpmObject,
  using,
  type WrappedObject,
} from './commands/objects.ts';
export { extendPcr, readPcrs, resetPcr } from './commands/pcr.ts';
export { policyDigest, policyOr, policyPcr, policySecret, usingPolicy } from './commands/policies.ts';
export { SEALED_BYTES_MAX, type Sealing, seal, unseal, unsealWithPcrs } from './commands/sealing.ts';
export { ecdhZGen, type HashCheck, hashInTpm, sign, verify } from './commands/signing.ts';
export { makeCredential, type ProtectedCredential } from './credential.ts';
export { openDevice } from './device-transport.ts';
export { type Entity, permanent, trimmedAuth, withPolicy } from './entity.ts';
export { orPolicy, pcrPolicy, secretPolicy } from './policy-digest.ts';
export type { PolicySession } from './policy-session.ts';
export { decodeResponseCode, type ResponseCode } from './response-code.ts';
export { type SaltKey, STORAGE_KEY_ECC } from './salt-key.ts';
export { connectSocket, type SocketOptions, type SocketPlace } from './socket-transport.ts';
export {
  agreementKeyTemplate,
  attestationKeyTemplate,
  rsaSigningKeyTemplate,
  sealTemplate,
  signingKeyTemplate,
  storageKeyTemplate,
} from './templates.ts';
export { type Answer, Tpm, type TpmCommand, type TpmOptions } from './tpm.ts';
export { openTpmAddress } from './tpm-address.ts';
export { isTpmRefusal, TpmError, tpmDown } from './tpm-error.ts';
export type { TpmTransport } from './transport.ts';

/** The proof that two keys live in one TPM (part 3, 12.5 and 12.6); the maker's side needs no TPM: ../credential.ts. */
import { written } from '../../../schemas/tpm/index.ts';
import type { ProtectedCredential } from '../credential.ts';
import type { Tpm } from '../tpm.ts';
import type { TpmObject } from './objects.ts';

const CREDENTIAL_BYTES_MAX = 64;

/** `endorsementKey` is authorized by its policy. INTEGRITY where the credential is for another key or another TPM. */
export async function activateCredential(
  tpm: Tpm,
  key: TpmObject,
  endorsementKey: TpmObject,
  credential: ProtectedCredential,
): Promise<Buffer> {
  const { parameters } = await tpm.execute({
    name: 'ActivateCredential',
    handles: [key, endorsementKey],
    authCount: 2,
    parameters: written((writer) => writer.sized(credential.blob).sized(credential.secret)),
    isFirstSized: true,
    isFirstAnswerSized: true,
  });
  const secret = parameters.sized('credential', CREDENTIAL_BYTES_MAX);
  parameters.end();
  return secret;
}

/** By the TPM: `endorsementKey` needs only its public part loaded. */
export async function makeCredentialInTpm(
  tpm: Tpm,
  endorsementKey: TpmObject,
  name: Uint8Array,
  credential: Uint8Array,
): Promise<ProtectedCredential> {
  const { parameters } = await tpm.execute({
    name: 'MakeCredential',
    handles: [endorsementKey],
    parameters: written((writer) => writer.sized(credential).sized(name)),
    isFirstSized: true,
    isFirstAnswerSized: true,
  });
  const made = { blob: parameters.sized('credential blob', 256), secret: parameters.sized('secret', 1024) };
  parameters.end();
  return made;
}

/** What must be shown to the TPM before a policy session authorizes something (part 3, 23). */
import { type Entity, permanent } from '../entity.ts';
import { type PcrSelection, writePcrSelection } from '../pcr-selection.ts';
import type { PolicySession } from '../policy-session.ts';
import { NO_BYTES } from '../public-area.ts';
import type { Tpm } from '../tpm.ts';
import { written } from '../tpm-writer.ts';
import { skipTicket } from './objects.ts';

/** That the PCRs have these values at this time: `digest` of them all, or whatever they are now. VALUE where not. */
export async function policyPcr(
  tpm: Tpm,
  session: PolicySession,
  selections: readonly PcrSelection[],
  digest: Uint8Array = NO_BYTES,
): Promise<void> {
  const { parameters } = await tpm.execute({
    name: 'PolicyPCR',
    handles: [permanent(session.handle)],
    parameters: written((writer) => {
      writer.sized(digest);
      writePcrSelection(writer, selections);
    }),
    isFirstSized: true,
  });
  parameters.end();
}

/** That the password of `entity` is known. */
export async function policySecret(tpm: Tpm, session: PolicySession, entity: Entity): Promise<void> {
  const { parameters } = await tpm.execute({
    name: 'PolicySecret',
    handles: [entity, permanent(session.handle)],
    authCount: 1,
    parameters: written((writer) => {
      writer.sized(NO_BYTES).sized(NO_BYTES).sized(NO_BYTES);
      writer.u32(0);
    }),
    isFirstSized: true,
    isFirstAnswerSized: true,
  });
  parameters.sized('timeout', 64);
  skipTicket(parameters);
  parameters.end();
}

/** What the session has come to: the policy of an object that it can authorize. */
export async function policyDigest(tpm: Tpm, session: PolicySession): Promise<Buffer> {
  const { parameters } = await tpm.execute({
    name: 'PolicyGetDigest',
    handles: [permanent(session.handle)],
    isFirstAnswerSized: true,
  });
  const digest = parameters.sized('digest', 64);
  parameters.end();
  return digest;
}

/** Gives a fresh policy session to `use`; it is flushed unless a command has used it up. */
export async function usingPolicy<T>(tpm: Tpm, use: (session: PolicySession) => Promise<T>): Promise<T> {
  const session = await tpm.startPolicy();
  try {
    return await use(session);
  } finally {
    await tpm.flush(session);
  }
}

/** Sealed data: kept outside, opened by this TPM alone, and only while a policy or password says so (part 3, 12.7). */
import type { PcrSelection } from '../../../schemas/tpm/index.ts';
import { type Entity, withPolicy } from '../entity.ts';
import { sealTemplate } from '../templates.ts';
import type { Tpm } from '../tpm.ts';
import { create, load, type TpmObject, using, type WrappedObject } from './objects.ts';
import { policyPcr, usingPolicy } from './policies.ts';

/** As much as every TPM takes (part 2, MAX_SYM_DATA). */
export const SEALED_BYTES_MAX = 128;

export interface Sealing {
  readonly data: Uint8Array;
  readonly auth?: Uint8Array | string;
  /** Empty: a password alone opens it. */
  readonly authPolicy?: Uint8Array;
}

export async function seal(tpm: Tpm, parent: Entity, { data, auth, authPolicy }: Sealing): Promise<WrappedObject> {
  if (data.length === 0 || data.length > SEALED_BYTES_MAX)
    throw new RangeError(`1 to ${SEALED_BYTES_MAX} bytes can be sealed`);
  const template = sealTemplate(authPolicy);
  return await create(tpm, parent, { template, data, ...(auth === undefined ? {} : { auth }) });
}

/** AUTH_FAIL or POLICY_FAIL where the object's password or policy is not met. */
export async function unseal(tpm: Tpm, object: TpmObject): Promise<Buffer> {
  const { parameters } = await tpm.execute({
    name: 'Unseal',
    handles: [object],
    authCount: 1,
    isFirstAnswerSized: true,
  });
  const data = parameters.sized('data', SEALED_BYTES_MAX);
  parameters.end();
  return data;
}

/** Of something that `seal` made with the policy of these PCRs. POLICY_FAIL once one of them was extended. */
export async function unsealWithPcrs(
  tpm: Tpm,
  parent: Entity,
  sealed: WrappedObject,
  selections: readonly PcrSelection[],
): Promise<Buffer> {
  return await using(tpm, await load(tpm, parent, sealed), (object) =>
    usingPolicy(tpm, async (session) => {
      await policyPcr(tpm, session, selections);
      return await unseal(tpm, withPolicy(object, session));
    }),
  );
}

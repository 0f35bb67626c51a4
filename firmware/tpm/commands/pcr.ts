/** PCRs: registers that can only be extended, never set (part 3, 22). */
import {
  ALG_SHA256,
  type HashAlgorithm,
  hashOf,
  isHash,
  type PcrSelection,
  readPcrSelection,
  writePcrSelection,
  written,
} from '../../../schemas/tpm/index.ts';
import { permanent } from '../entity.ts';
import type { Tpm } from '../tpm.ts';

/** A TPM gives at most eight at once. */
const DIGESTS_MAX = 8;

/** In the order of the selection. VALUE where the bank is not there. */
export async function readPcrs(tpm: Tpm, selection: PcrSelection): Promise<Buffer[]> {
  const values: Buffer[] = [];
  let left = selection.pcrs;
  while (left.length > 0) {
    const wanted = left.slice(0, DIGESTS_MAX);
    const { parameters } = await tpm.execute({
      name: 'PCR_Read',
      parameters: written((writer) => writePcrSelection(writer, [{ bank: selection.bank, pcrs: wanted }])),
    });
    parameters.u32('update counter');
    const got = readPcrSelection(parameters);
    const at = parameters.position;
    const count = parameters.u32('digests');
    const read = got.length === 1 && got[0]!.bank === selection.bank ? got[0]!.pcrs : [];
    if (count === 0 || count > DIGESTS_MAX || read.length !== count || read.some((pcr, i) => pcr !== wanted[i]))
      throw parameters.wrong('digests', `${count} of them, of other PCRs than were asked for`, at);
    for (let i = 0; i < count; i++) {
      const value = parameters.sized('digest', 64);
      if (value.length !== hashOf(selection.bank)!.bytes) throw parameters.wrong('digest', 'has another length');
      values.push(value);
    }
    parameters.end();
    left = left.slice(count);
  }
  return values;
}

/** New value = H(old value ‖ digest), in the bank of the digest's hash. */
export async function extendPcr(
  tpm: Tpm,
  pcr: number,
  digest: Uint8Array,
  bank: HashAlgorithm = ALG_SHA256,
): Promise<void> {
  if (!isHash(bank) || digest.length !== hashOf(bank)!.bytes) throw new RangeError('the digest is not of the bank');
  const { parameters } = await tpm.execute({
    name: 'PCR_Extend',
    handles: [permanent(pcr)],
    authCount: 1,
    parameters: written((writer) => {
      writer.u32(1);
      writer.u16(bank);
      writer.copy(digest);
    }),
  });
  parameters.end();
}

/** To zeros: only PCRs 16 and 23 of a running system. LOCALITY for the others. */
export async function resetPcr(tpm: Tpm, pcr: number): Promise<void> {
  const { parameters } = await tpm.execute({ name: 'PCR_Reset', handles: [permanent(pcr)], authCount: 1 });
  parameters.end();
}

/**
 * The values that a quote's PCRs have if the logs tell all that happened: for evidence that comes without the values.
 * They are no more than a guess, which the digest under the signature confirms or not.
 */
import { type HashAlgorithm, PCRS, type PcrSelection } from '../../../schemas/tpm/index.ts';
import { type BootLog, replayBootLog } from './boot-log.ts';
import type { ImaEntry } from './ima-entry.ts';
import { bankDigest, type ImaDigests, type ImaState, imaStart } from './ima-replay.ts';
import { extended, PcrBank } from './pcr-bank.ts';

const IMA_PCR = 10;

export function valuesFromLogs(
  selections: readonly PcrSelection[],
  bootLog: BootLog | null,
  entries: readonly ImaEntry[] | null,
  before: ImaState | null,
  digests: ImaDigests,
): Buffer {
  const values: Uint8Array[] = [];
  for (const { bank, pcrs } of selections) {
    const registers = bootLog?.banks.includes(bank) === true ? replayBootLog(bootLog, bank) : new PcrBank(bank);
    for (const pcr of pcrs) {
      // Refused where the values are opened.
      if (pcr >= PCRS) continue;
      const isIma = pcr === IMA_PCR && entries !== null;
      values.push(isIma ? imaValue(bank, entries, before, digests) : registers.value(pcr));
    }
  }
  return Buffer.concat(values);
}

function imaValue(
  bank: HashAlgorithm,
  entries: readonly ImaEntry[],
  before: ImaState | null,
  digests: ImaDigests,
): Uint8Array {
  const from = before?.bank === bank ? before : imaStart(bank);
  return entries.reduce((value, entry) => extended(bank, value, bankDigest(bank, entry, digests)), from.value);
}

/** `msec trust proof`: that one interaction is in the log, for whoever has nothing but the log's public key. */
import { readFileSync } from 'node:fs';
import { partitionForKey } from '../../engine/index.ts';
import { formatProof, parseProof, verifyInclusion } from '../../schemas/trust-log/index.ts';
import { type Proven, proofOf } from '../../services/trust-audit/index.ts';
import type { CommonFlags } from '../common-flags.ts';
import { EXIT } from '../exit-codes.ts';
import { NoInputError, note, paint, print, printJson } from '../terminal.ts';
import { readLog } from './log-access.ts';
import { settingsOf } from './settings.ts';
import { folderKey, keyOf, partitionsOf } from './trust-verify.ts';

export interface ProofMakeFlags extends CommonFlags {
  readonly service?: string;
}

export interface ProofVerifyFlags extends CommonFlags {
  readonly publicKey: string;
}

const MISSING: Readonly<Record<Extract<Proven, { missing: unknown }>['missing'], string>> = {
  entry: 'The log knows of no such interaction that counted.',
  checkpoint: 'No signed checkpoint covers it yet: one comes after a minute, or 1,000 entries.',
  beginning: 'The beginning of the log is gone, and no checkpoint that is left stands for it.',
};

export async function proveInteraction(flags: ProofMakeFlags, args: readonly string[]): Promise<number> {
  const [trustor, trustee, id] = args as readonly [string, string, string];
  const { config } = settingsOf(flags);
  const key = folderKey(config);
  if (key === null) throw new NoInputError('The folder has no key that signs checkpoints (trust-log.pem).');
  const wanted = { trustor, trustee, service: flags.service ?? null };
  const proven = await readLog(config, async (log) => {
    const partitions = await partitionsOf(log);
    const name = Buffer.from(trustee);
    const reader = log.openReader();
    try {
      return await proofOf(reader, partitionForKey(name, 0, name.length, partitions), wanted, id);
    } finally {
      await reader.close();
    }
  });
  if ('missing' in proven) throw new NoInputError(MISSING[proven.missing]);
  process.stdout.write(formatProof(proven.proof, key));
  return EXIT.ok.code;
}

export function verifyInteraction(flags: ProofVerifyFlags, file: string): number {
  const proof = parseProof(textOf(file));
  const { previous: _previous, ...entry } = verifyInclusion(proof, keyOf(flags.publicKey));
  const { partition, size } = proof.checkpoint;
  if (flags.json === true) {
    printJson({ ...entry, partition, size });
    return EXIT.ok.code;
  }
  note(paint('green', `It holds: entry ${entry.index} of the ${size} that were signed.`, process.stderr));
  const { trustor, trustee, service, satisfaction, weight, timeMs, id, reason, isCorrection } = entry;
  const what = isCorrection ? 'corrected its word of' : 'told of';
  print(
    `${trustor} ${what} ${trustee} for ${service}: satisfaction ${satisfaction}, weight ${weight}, at ${new Date(timeMs).toISOString()}, as ${id}`,
  );
  if (reason !== '') print(`because: ${reason}`);
  return EXIT.ok.code;
}

function textOf(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch {
    throw new NoInputError(`${file} cannot be read`);
  }
}

/**
 * Makes evidence: a quote of what the challenge asks for, and the logs as the kernel shows them. The quote comes first and the
 * lists are read behind it, so that a list is ahead of its quote and never behind.
 */
import { readFile } from 'node:fs/promises';
import { MsecError } from '../../engine/base/index.ts';
import {
  type Challenge,
  EVIDENCE_BYTES_MAX,
  type EvidenceMessage,
  encodeEvidence,
} from '../../schemas/attestation/index.ts';
import { KEY_HANDLES, usingKey } from '../provision/index.ts';
import {
  type Attestation,
  encodeSignature,
  isTpmRefusal,
  type PcrSelection,
  pcrDigest,
  quote,
  readObject,
  readPcrs,
  type Tpm,
  type TpmObject,
} from '../tpm/index.ts';
import { type ImaEntries, imaEntriesBehind } from './ima-list.ts';

export interface Shown {
  readonly bytes: Uint8Array;
  /** Entries of the IMA list that have been shown with it; null where there is no list. */
  readonly imaEntries: number | null;
}

export interface EvidenceSource {
  /** TPM_REFUSED, DEPENDENCY_DOWN, EVIDENCE_INVALID. */
  answer(challenge: Challenge): Promise<Shown>;
  /** The entries behind the first `shown` of the IMA list, unasked; null where there are none. */
  notice(shown: number): Promise<Shown | null>;
}

export interface LogFiles {
  /** /sys/kernel/security/tpm0/binary_bios_measurements */
  readonly bootLog: string | null;
  /** /sys/kernel/security/ima/binary_runtime_measurements */
  readonly ima: string | null;
}

/** How often it is quoted anew where a PCR was extended between quote and values. */
const QUOTES_MAX = 3;
const EMPTY = new Uint8Array(0);

export interface TpmEvidenceOptions {
  /** A connection for each piece of evidence, so that others have the TPM in between. */
  readonly connect: () => Promise<Tpm>;
  /** What the attestation key is bound to. */
  readonly boundTo: PcrSelection | null;
  readonly files: LogFiles;
}

export function tpmEvidence({ connect, boundTo, files }: TpmEvidenceOptions): EvidenceSource {
  return {
    async answer(challenge) {
      const tpm = await connect();
      let quoted: Quoted;
      try {
        quoted = await quotedFor(tpm, await attestationKeyOf(tpm), boundTo, challenge);
      } finally {
        await tpm.close();
      }
      const { attestation, pcrs } = quoted;
      const isNewStart = attestation.attest.resetCount !== challenge.resetCount;
      const ima = await imaOf(files.ima, isNewStart ? 0 : challenge.imaEntries);
      const wantsBootLog = challenge.wantsBootLog || isNewStart;
      return shown({
        challengeId: challenge.id,
        quote: attestation.bytes,
        signature: encodeSignature(attestation.signature),
        pcrs,
        bootLog: wantsBootLog && files.bootLog !== null ? await readLog(files.bootLog) : null,
        ima: challenge.wantsIma || isNewStart ? ima : null,
      });
    },
    async notice(after) {
      const ima = await imaOf(files.ima, after);
      if (ima === null || ima.bytes.length === 0 || ima.after !== after) return null;
      return shown({ challengeId: 0, quote: EMPTY, signature: EMPTY, pcrs: null, bootLog: null, ima });
    },
  };
}

function shown(message: Omit<EvidenceMessage, 'ima'> & { readonly ima: ImaEntries | null }): Shown {
  const bytes = encodeEvidence(message);
  if (bytes.length <= EVIDENCE_BYTES_MAX) return { bytes, imaEntries: message.ima?.entries ?? null };
  const { bootLog, ima } = message;
  throw new MsecError(
    'EVIDENCE_INVALID',
    `the evidence has ${bytes.length} bytes (boot log ${bootLog?.length ?? 0}, IMA list ${ima?.bytes.length ?? 0}), at most ${EVIDENCE_BYTES_MAX} are taken: measure less, by a narrower IMA policy`,
    { field: 'length' },
  );
}

interface Quoted {
  readonly attestation: Attestation<'quote'>;
  /** Null where they did not hold still: then they are what the logs replay to. */
  readonly pcrs: Uint8Array | null;
}

async function quotedFor(
  tpm: Tpm,
  key: TpmObject,
  boundTo: PcrSelection | null,
  challenge: Challenge,
): Promise<Quoted> {
  for (let turn = 1; ; turn++) {
    const attestation = await usingKey(tpm, key, boundTo, (used) =>
      quote(tpm, used, challenge.nonce, challenge.selections),
    );
    const values: Uint8Array[] = [];
    for (const selection of attestation.attest.selections) values.push(...(await readPcrs(tpm, selection)));
    if (pcrDigest(values).equals(attestation.attest.pcrDigest)) return { attestation, pcrs: Buffer.concat(values) };
    if (turn === QUOTES_MAX) return { attestation, pcrs: null };
  }
}

async function attestationKeyOf(tpm: Tpm): Promise<TpmObject> {
  try {
    return await readObject(tpm, KEY_HANDLES.attestation);
  } catch (cause) {
    if (!isTpmRefusal(cause)) throw cause;
    const handle = `0x${KEY_HANDLES.attestation.toString(16)}`;
    throw new MsecError(
      'CONFIG_INVALID',
      `The TPM has no attestation key at ${handle}: enrol the device with msec device enrol on this TPM first.`,
      { field: 'tpm', cause },
    );
  }
}

async function imaOf(file: string | null, skip: number): Promise<ImaEntries | null> {
  return file === null ? null : imaEntriesBehind(await readLog(file), skip);
}

/** CONFIG_INVALID. */
async function readLog(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const hint = code === 'EACCES' ? '; logs of the kernel are for root alone' : '';
    throw new MsecError('CONFIG_INVALID', `The log ${file} cannot be read (${code})${hint}.`, { field: 'log', cause });
  }
}

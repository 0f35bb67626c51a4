/**
 * Makes evidence: a quote of what the challenge asks for, and the logs as the kernel shows them. The quote comes first and the
 * lists are read behind it, so that a list is ahead of its quote and never behind. Of a list that is longer than a message the
 * first entries go ahead in parts, and the quote is made anew behind them.
 */
import { readFile } from 'node:fs/promises';
import { MsecError } from '../../engine/base/index.ts';
import { type Challenge, EVIDENCE_BYTES_MAX, encodeEvidence } from '../../schemas/attestation/index.ts';
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
import { imaEntriesBehind } from './ima-list.ts';

export interface Shown {
  readonly bytes: Uint8Array;
  /** Entries of the IMA list that have been shown with it; null where there is no list. */
  readonly imaEntries: number | null;
}

/** Resolves once the verifier has it, or will; rejects where the evidence as a whole is in vain. */
export type SendPart = (bytes: Uint8Array) => Promise<void>;

export interface EvidenceSource {
  /** TPM_REFUSED, DEPENDENCY_DOWN, EVIDENCE_INVALID. */
  answer(challenge: Challenge, sendPart: SendPart): Promise<Shown>;
  /** The entries behind the first `shown` of the IMA list, unasked, as many as one message takes; null where there are none. */
  notice(shown: number): Promise<Shown | null>;
  /** How many there are now; null where there is no list. */
  imaEntries(): Promise<number | null>;
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
/** Before the entries: how many come before them, and how many bytes they have. */
const LIST_HEAD_BYTES = 8;
const PART_BYTES_MAX = EVIDENCE_BYTES_MAX - 64;

export interface TpmEvidenceOptions {
  /** A connection for each piece of evidence, so that others have the TPM in between. */
  readonly connect: () => Promise<Tpm>;
  /** What the attestation key is bound to. */
  readonly boundTo: PcrSelection | null;
  readonly files: LogFiles;
}

export function tpmEvidence({ connect, boundTo, files }: TpmEvidenceOptions): EvidenceSource {
  const quotedNow = async (challenge: Challenge): Promise<Quoted> => {
    const tpm = await connect();
    try {
      return await quotedFor(tpm, await attestationKeyOf(tpm), boundTo, challenge);
    } finally {
      await tpm.close();
    }
  };
  return {
    async answer(challenge, sendPart) {
      // Entries that have gone ahead.
      let sent: number | null = null;
      for (;;) {
        const { attestation, pcrs } = await quotedNow(challenge);
        const isNewStart = attestation.attest.resetCount !== challenge.resetCount;
        const wantsBootLog = challenge.wantsBootLog || isNewStart;
        const message = {
          challengeId: challenge.id,
          quote: attestation.bytes,
          signature: encodeSignature(attestation.signature),
          pcrs,
          bootLog: wantsBootLog && files.bootLog !== null ? await readLog(files.bootLog) : null,
          ima: null,
        };
        const room = EVIDENCE_BYTES_MAX - encodeEvidence(message).length - LIST_HEAD_BYTES;
        if (room < 0) throw tooLarge(message.bootLog, 0);
        const wantsIma = files.ima !== null && (challenge.wantsIma || isNewStart);
        if (!wantsIma) return { bytes: encodeEvidence(message), imaEntries: null };
        const skip: number = sent ?? (isNewStart ? 0 : challenge.imaEntries);
        const list = await readLog(files.ima!);
        const ima = imaEntriesBehind(list, skip, room);
        if (ima.isWhole) return { bytes: encodeEvidence({ ...message, ima }), imaEntries: ima.entries };
        sent = await sendParts(challenge, list, ima.after, sendPart);
      }
    },
    async notice(after) {
      if (files.ima === null) return null;
      const empty = { challengeId: 0, quote: EMPTY, signature: EMPTY, pcrs: null, bootLog: null };
      const ima = imaEntriesBehind(await readLog(files.ima), after, PART_BYTES_MAX);
      if (ima.bytes.length === 0 || ima.after !== after) return null;
      return { bytes: encodeEvidence({ ...empty, ima }), imaEntries: ima.entries };
    },
    imaEntries: async () => (files.ima === null ? null : imaEntriesBehind(await readLog(files.ima), 0).entries),
  };
}

/** All but what fits into one message; gives how many entries were sent. */
async function sendParts(challenge: Challenge, list: Uint8Array, skip: number, sendPart: SendPart): Promise<number> {
  for (let after = skip; ; ) {
    const ima = imaEntriesBehind(list, after, PART_BYTES_MAX);
    // The rest goes with the quote, but for what the boot log leaves no room for.
    if (ima.isWhole && after > skip) return after;
    if (ima.bytes.length === 0) throw tooLarge(null, list.length);
    const empty = { challengeId: challenge.id, quote: EMPTY, signature: EMPTY, pcrs: null, bootLog: null };
    await sendPart(encodeEvidence({ ...empty, ima, isPart: true }));
    if (ima.isWhole) return ima.entries;
    after = ima.entries;
  }
}

function tooLarge(bootLog: Uint8Array | null, imaBytes: number): MsecError {
  const what =
    bootLog === null ? `an entry of the IMA list (${imaBytes} bytes)` : `a boot log of ${bootLog.length} bytes`;
  return new MsecError('EVIDENCE_INVALID', `${what} fits into no message of ${EVIDENCE_BYTES_MAX} bytes`, {
    field: 'length',
  });
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

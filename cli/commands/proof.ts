/** `msec proof`: makes the proof of one frame, from the log or a file, and checks one without either. */
import { readFileSync } from 'node:fs';
import { MsecError } from '../../engine/index.ts';
import {
  EnvelopeView,
  importPublicKey,
  KIND_ENVELOPE,
  makeProof,
  PAYLOAD_BYTES_CEILING,
  verifyProof,
} from '../../schemas/envelope/index.ts';
import { DEVICE_FRAMES } from '../../schemas/topics/index.ts';
import type { CommonFlags } from '../common-flags.ts';
import { NoInputError, note, paint, print, printJson, UsageError } from '../terminal.ts';
import { publicKeyOf, readLog } from './log-access.ts';
import { readRecords } from './record-walk.ts';
import { settingsOf } from './settings.ts';

export interface MakeFlags extends CommonFlags {
  readonly sequence?: number;
  readonly envelope?: string;
}

export interface VerifyFlags extends CommonFlags {
  readonly publicKey: string;
}

export async function makeProofOf(flags: MakeFlags, [partition, offset]: readonly string[]): Promise<number> {
  const envelope =
    flags.envelope === undefined
      ? await envelopeAt(flags, wholeOf(partition, 'partition'), wholeOf(offset, 'offset'))
      : envelopeIn(flags.envelope);
  const view = new EnvelopeView(PAYLOAD_BYTES_CEILING);
  view.parseOnly(envelope, 0, envelope.length);
  print(JSON.stringify(makeProof(envelope, flags.sequence ?? view.sequence)));
  return 0;
}

function wholeOf(text: string | undefined, name: string): number {
  if (text === undefined) throw new UsageError(`the ${name} of the record is missing (or name a file with --envelope)`);
  if (!/^\d{1,15}$/.test(text)) throw new UsageError(`the ${name} must be a whole number`);
  return Number(text);
}

async function envelopeAt(flags: MakeFlags, partition: number, offset: number): Promise<Uint8Array> {
  const { config } = settingsOf(flags);
  return await readLog(config, async (log) => {
    const reader = log.openReader();
    try {
      const { records } = await readRecords(reader, DEVICE_FRAMES, partition, offset, 1);
      const value = records[0]?.offset === offset ? records[0].value : null;
      if (value === null || value === undefined) {
        throw new NoInputError(`${DEVICE_FRAMES} ${partition} has no record at offset ${offset}`);
      }
      if (value[0] !== KIND_ENVELOPE) {
        throw new MsecError('PROOF_INVALID', 'the record holds no envelope in clear: personal frames stay sealed', {
          field: 'kind',
        });
      }
      return value.subarray(1);
    } finally {
      await reader.close();
    }
  });
}

function envelopeIn(path: string): Uint8Array {
  const bytes = readInput(path);
  const text = bytes.toString('latin1').trim();
  return /^(?:[0-9a-fA-F]{2})+$/.test(text) ? Buffer.from(text, 'hex') : bytes;
}

function readInput(path: string): Buffer {
  try {
    return readFileSync(path === '-' ? 0 : path);
  } catch {
    throw new NoInputError(`${path} cannot be read`);
  }
}

export async function verifyProofOf(flags: VerifyFlags, path: string): Promise<number> {
  const key = importPublicKey(Buffer.from(publicKeyOf(flags.publicKey), 'base64'));
  const proven = verifyProof(parsed(readInput(path).toString('utf8')), key);
  const view = {
    device: proven.deviceId,
    keyId: proven.keyId,
    bootEpoch: proven.bootEpoch,
    sequence: proven.sequence,
    deviceTime: proven.deviceTimeMs === null ? null : new Date(proven.deviceTimeMs).toISOString(),
    payload: Buffer.from(proven.payload).toString('hex'),
    hashes: proven.hashes,
  };
  if (flags.json) {
    printJson(view);
    return 0;
  }
  note(paint('green', `The proof holds: one signature and ${view.hashes} hashes.`, process.stderr));
  for (const [name, value] of Object.entries(view)) if (name !== 'hashes') print(`${name}: ${value ?? '-'}`);
  return 0;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new MsecError('PROOF_INVALID', 'proof: not JSON', { field: 'proof' });
  }
}

/**
 * A sealed key as a file; there is no secret in it that the TPM or the recovery key does not keep.
 *
 *   file  = "msec sealed key 1\n" · parent 2B · PCR selection · states u8 · state* · public 2B · private 2B · recovery 2B
 *   state = label 2B · value 2B* (one for each selected PCR)
 */
import { MsecError } from '../../engine/base/index.ts';
import {
  ALG_SHA256,
  encodePublic,
  hashOf,
  readPcrSelection,
  readPublic,
  TpmReader,
  writePcrSelection,
  written,
} from '../tpm/index.ts';
import { SEALED_PCR_MAX, SEALED_STATES_MAX, type SealedKey, type SealedState } from './sealed-key.ts';

const MAGIC = Buffer.from('msec sealed key 1\n', 'latin1');
export const SEALED_FILE_BYTES_MAX = 16_384;
const LABEL_BYTES_MAX = 128;
const NAME_BYTES_MAX = 66;
const PRIVATE_BYTES_MAX = 2048;
const RECOVERY_BYTES_MIN = 12 + 16 + 16;
const RECOVERY_BYTES_MAX = 12 + 128 + 16;

export function encodeSealedKey({ parent, selection, states, object, recovery }: SealedKey): Buffer {
  return written((writer) => {
    writer.copy(MAGIC);
    writer.sized(parent);
    writePcrSelection(writer, [selection]);
    writer.u8(states.length);
    for (const { label, values } of states) {
      writer.sized(Buffer.from(label));
      for (const value of values) writer.sized(value);
    }
    writer.sized(encodePublic(object.area)).sized(object.private).sized(recovery);
  });
}

/** SEALED_KEY_INVALID. */
export function decodeSealedKey(bytes: Uint8Array): SealedKey {
  if (bytes.length > SEALED_FILE_BYTES_MAX || !Buffer.from(bytes.subarray(0, MAGIC.length)).equals(MAGIC))
    throw new MsecError('SEALED_KEY_INVALID', 'this is no sealed key of msec device seal');
  try {
    const sealed = read(new TpmReader(bytes.subarray(MAGIC.length), 'sealed key'));
    if (!encodeSealedKey(sealed).equals(bytes)) throw new Error('sealed key: it is not written as it is read');
    return sealed;
  } catch (cause) {
    throw new MsecError('SEALED_KEY_INVALID', (cause as Error).message, { cause });
  }
}

function read(reader: TpmReader): SealedKey {
  const parent = reader.sized('parent', NAME_BYTES_MAX);
  const selections = readPcrSelection(reader);
  const selection = selections[0];
  if (selections.length !== 1 || selection === undefined || selection.bank !== ALG_SHA256)
    throw reader.wrong('PCR selection', 'must be one, of the SHA-256 bank');
  const { pcrs } = selection;
  if (pcrs.length === 0 || pcrs.some((pcr) => pcr > SEALED_PCR_MAX))
    throw reader.wrong('PCR selection', `must be of PCRs from 0 to ${SEALED_PCR_MAX}`);
  const count = reader.u8('states');
  if (count === 0 || count > SEALED_STATES_MAX) throw reader.wrong('states', `must be 1 to ${SEALED_STATES_MAX}`);
  const states: SealedState[] = [];
  for (let i = 0; i < count; i++) states.push(readState(reader, pcrs.length));
  const area = reader.inside('public', (inner) => readPublic(inner));
  const object = { area, private: reader.sized('private', PRIVATE_BYTES_MAX) };
  const recovery = reader.sized('recovery', RECOVERY_BYTES_MAX);
  if (recovery.length < RECOVERY_BYTES_MIN) throw reader.wrong('recovery', 'is too short');
  reader.end();
  return { parent, selection, states, object, recovery };
}

function readState(reader: TpmReader, pcrs: number): SealedState {
  const label = reader.sized('label', LABEL_BYTES_MAX).toString();
  // It is shown to people, as it stands.
  if (/\p{Cc}/u.test(label)) throw reader.wrong('label', 'holds control characters');
  const bytes = hashOf(ALG_SHA256)!.bytes;
  const values = Array.from({ length: pcrs }, () => {
    const value = reader.sized('value', bytes);
    if (value.length !== bytes) throw reader.wrong('value', `must have ${bytes} bytes`);
    return value;
  });
  return { label, values };
}

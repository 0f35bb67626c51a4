/** What the TPM is and holds, and its random numbers (part 3, 16.1 and 30.2). */
import {
  CAP_HANDLES,
  CAP_TPM_PROPERTIES,
  invalidResponse,
  PT_MANUFACTURER,
  written,
} from '../../../schemas/tpm/index.ts';
import { HANDLES_MAX, readHandles } from '../handle-list.ts';
import type { Tpm } from '../tpm.ts';

const RANDOM_BYTES_MAX = 32;

/** Of one kind, by the first byte of a handle: HT_TRANSIENT, HT_PERSISTENT, HT_NV_INDEX, HT_HMAC_SESSION … */
export async function handlesOf(tpm: Tpm, kind: number): Promise<number[]> {
  const { parameters } = await tpm.execute({
    name: 'GetCapability',
    parameters: written((writer) => {
      writer.u32(CAP_HANDLES);
      writer.u32(kind * 2 ** 24);
      writer.u32(HANDLES_MAX);
    }),
  });
  return readHandles(parameters).filter((handle) => handle >>> 24 === kind);
}

/** Four letters, such as IBM, IFX or STM. */
export async function manufacturer(tpm: Tpm): Promise<string> {
  const { parameters } = await tpm.execute({
    name: 'GetCapability',
    parameters: written((writer) => {
      writer.u32(CAP_TPM_PROPERTIES);
      writer.u32(PT_MANUFACTURER);
      writer.u32(1);
    }),
  });
  parameters.u8('more data');
  const isIt =
    parameters.u32('capability') === CAP_TPM_PROPERTIES &&
    parameters.u32('properties') === 1 &&
    parameters.u32('property') === PT_MANUFACTURER;
  if (!isIt) throw invalidResponse('the property is not the one that was asked for');
  const letters = parameters.bytes(4, 'manufacturer').toString('latin1');
  parameters.end();
  return letters.replace(/[^!-~]+/g, '');
}

/** From the TPM's generator, at most 32 bytes. */
export async function getRandom(tpm: Tpm, length: number): Promise<Buffer> {
  if (length < 1 || length > RANDOM_BYTES_MAX) throw new RangeError(`1 to ${RANDOM_BYTES_MAX} bytes at once`);
  const { parameters } = await tpm.execute({
    name: 'GetRandom',
    parameters: written((writer) => writer.u16(length)),
    isFirstAnswerSized: true,
  });
  const bytes = parameters.sized('random bytes', RANDOM_BYTES_MAX);
  parameters.end();
  if (bytes.length !== length) throw invalidResponse(`${bytes.length} random bytes where ${length} were asked for`);
  return bytes;
}

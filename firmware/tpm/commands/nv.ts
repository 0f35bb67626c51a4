/** NV: small data that the TPM keeps itself, by index 0x01… (part 3, 31). */
import {
  ALG_SHA256,
  type HashAlgorithm,
  invalidResponse,
  NO_BYTES,
  NV_AUTHREAD,
  NV_AUTHWRITE,
  NV_NO_DA,
  NV_OWNERREAD,
  NV_OWNERWRITE,
  nameOfBytes,
  RH_OWNER,
  readHash,
  TpmReader,
  written,
} from '../../../schemas/tpm/index.ts';
import { type Entity, permanent, trimmedAuth } from '../entity.ts';
import type { Tpm } from '../tpm.ts';

/** TPMS_NV_PUBLIC: index u32 · nameAlg u16 · attributes u32 · authPolicy 2B · dataSize u16. */
export interface NvPublic {
  readonly index: number;
  readonly nameAlg: HashAlgorithm;
  readonly attributes: number;
  readonly authPolicy: Uint8Array;
  readonly dataSize: number;
}

/** No index that this client makes or reads holds more. */
export const NV_BYTES_MAX = 4096;
/** In one command, as every TPM allows. */
const CHUNK_BYTES = 512;
/** A reader and writer by password or as owner; no lock-out by wrong passwords. */
export const NV_ATTRIBUTES: number = NV_OWNERWRITE | NV_AUTHWRITE | NV_OWNERREAD | NV_AUTHREAD | NV_NO_DA;

export function encodeNvPublic({ index, nameAlg, attributes, authPolicy, dataSize }: NvPublic): Buffer {
  return written((writer) => {
    writer.u32(index);
    writer.u16(nameAlg);
    writer.u32(attributes);
    writer.sized(authPolicy);
    writer.u16(dataSize);
  });
}

export function decodeNvPublic(bytes: Uint8Array): NvPublic {
  const reader = new TpmReader(bytes, 'NV public area');
  const area = {
    index: reader.u32('index'),
    nameAlg: readHash(reader, 'name algorithm'),
    attributes: reader.u32('attributes'),
    authPolicy: reader.sized('policy', 64),
    dataSize: reader.u16('data size'),
  };
  reader.end();
  return area;
}

/** NV_DEFINED where the index is taken, NV_SPACE where the TPM is full. */
export async function defineNv(
  tpm: Tpm,
  index: number,
  dataSize: number,
  {
    auth = NO_BYTES,
    attributes = NV_ATTRIBUTES,
    owner = permanent(RH_OWNER),
  }: {
    readonly auth?: Uint8Array | string;
    readonly attributes?: number;
    readonly owner?: Entity;
  } = {},
): Promise<void> {
  const area = { index, nameAlg: ALG_SHA256 as HashAlgorithm, attributes, authPolicy: NO_BYTES, dataSize };
  const { parameters } = await tpm.execute({
    name: 'NV_DefineSpace',
    handles: [owner],
    authCount: 1,
    parameters: written((writer) => writer.sized(trimmedAuth(auth)).sized(encodeNvPublic(area))),
    isFirstSized: true,
  });
  parameters.end();
}

export async function undefineNv(tpm: Tpm, index: number, owner: Entity = permanent(RH_OWNER)): Promise<void> {
  const { entity } = await nvEntity(tpm, index);
  const { parameters } = await tpm.execute({ name: 'NV_UndefineSpace', handles: [owner, entity], authCount: 1 });
  parameters.end();
}

/** HANDLE of handle 1 where the index is not defined. */
export async function readNvPublic(tpm: Tpm, index: number): Promise<NvPublic> {
  return (await nvEntity(tpm, index)).area;
}

/** `auth` is the index's password; with `owner` the owner's is used in its place. */
export interface NvAccess {
  readonly auth?: Uint8Array | string;
  readonly owner?: Entity;
}

export async function writeNv(tpm: Tpm, index: number, data: Uint8Array, access: NvAccess = {}): Promise<void> {
  for (let offset = 0; offset < data.length; offset += CHUNK_BYTES) {
    // The first write changes the index's attributes, and so its Name.
    const { entity } = await nvEntity(tpm, index, access.auth);
    const { parameters } = await tpm.execute({
      name: 'NV_Write',
      handles: [access.owner ?? entity, entity],
      authCount: 1,
      parameters: written((writer) => {
        writer.sized(data.subarray(offset, offset + CHUNK_BYTES));
        writer.u16(offset);
      }),
      isFirstSized: true,
    });
    parameters.end();
  }
}

/** All of it. NV_UNINITIALIZED where nothing was written. */
export async function readNv(tpm: Tpm, index: number, access: NvAccess = {}): Promise<Buffer> {
  const { area, entity } = await nvEntity(tpm, index, access.auth);
  if (area.dataSize > NV_BYTES_MAX) throw invalidResponse(`the NV index holds ${area.dataSize} bytes`);
  const chunks: Buffer[] = [];
  for (let offset = 0; offset < area.dataSize; offset += CHUNK_BYTES) {
    const length = Math.min(CHUNK_BYTES, area.dataSize - offset);
    const { parameters } = await tpm.execute({
      name: 'NV_Read',
      handles: [access.owner ?? entity, entity],
      authCount: 1,
      parameters: written((writer) => {
        writer.u16(length);
        writer.u16(offset);
      }),
      isFirstAnswerSized: true,
    });
    const chunk = parameters.sized('data', CHUNK_BYTES);
    parameters.end();
    if (chunk.length !== length) throw invalidResponse(`${chunk.length} bytes of NV where ${length} were asked for`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function nvEntity(tpm: Tpm, index: number, auth: Uint8Array | string = NO_BYTES) {
  const { parameters } = await tpm.execute({
    name: 'NV_ReadPublic',
    handles: [{ handle: index, name: NO_BYTES, auth: NO_BYTES }],
    isBare: true,
  });
  const whole = parameters.sized('NV public area', 256);
  const area = decodeNvPublic(whole);
  const name = nameOfBytes(area.nameAlg, whole);
  if (!parameters.sized('name', 66).equals(name))
    throw invalidResponse('the Name of the index is not that of its area');
  parameters.end();
  if (area.index !== index) throw invalidResponse('the NV area is that of another index');
  return { area, entity: { handle: index, name, auth: trimmedAuth(auth) } satisfies Entity };
}

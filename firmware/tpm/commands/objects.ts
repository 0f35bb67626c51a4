/** Making, loading, keeping and reading objects: keys and sealed data (part 3, 12, 24 and 28). */
import {
  encodePublic,
  HT_PERSISTENT,
  invalidResponse,
  NO_BYTES,
  nameOf,
  RH_OWNER,
  readPublic,
  ST_HASHCHECK,
  type TpmPublic,
  type TpmReader,
  type TpmWriter,
  written,
} from '../../../schemas/tpm/index.ts';
import { type Entity, handleBytes, permanent, trimmedAuth } from '../entity.ts';
import type { Tpm } from '../tpm.ts';

/** A key or sealed data that is loaded or persistent. */
export interface TpmObject extends Entity {
  readonly area: TpmPublic;
}

/** An object as it is kept outside of the TPM: only its parent can load it again. */
export interface WrappedObject {
  /** TPMT_PUBLIC. */
  readonly area: TpmPublic;
  /** Encrypted and authenticated by the parent. */
  readonly private: Uint8Array;
}

export interface Making {
  readonly template: TpmPublic;
  /** What authorizes its use later. Default: nothing. */
  readonly auth?: Uint8Array | string;
  /** To be sealed. */
  readonly data?: Uint8Array;
}

const PRIVATE_BYTES_MAX = 2048;

function makingParameters({ template, auth = NO_BYTES, data = NO_BYTES }: Making): Buffer {
  return written((writer) => {
    writer.sized(written((sensitive) => sensitive.sized(trimmedAuth(auth)).sized(data)));
    writer.sized(encodePublic(template));
    writer.sized(NO_BYTES);
    writer.u32(0);
  });
}

const publicIn = (reader: TpmReader): TpmPublic => reader.inside('public', (inner) => readPublic(inner));

/** creationData, creationHash and a ticket: how it was made, which nobody here asks for. */
function skipCreation(reader: TpmReader): void {
  reader.sized('creation data');
  reader.sized('creation hash');
  skipTicket(reader);
}

/** TPMT_TK_CREATION, _HASHCHECK, _VERIFIED and _AUTH have one layout. Gives the tag. */
export function skipTicket(reader: TpmReader): number {
  const tag = reader.u16('ticket');
  reader.u32('hierarchy of the ticket');
  reader.sized('digest of the ticket', 64);
  return tag;
}

/** A ticket that says nothing: an unrestricted key needs none. */
export function writeNullTicket(writer: TpmWriter, hierarchyNull: number): void {
  writer.u16(ST_HASHCHECK);
  writer.u32(hierarchyNull);
  writer.sized(NO_BYTES);
}

function checkedName(name: Uint8Array, area: TpmPublic): Buffer {
  const expected = nameOf(area);
  if (!expected.equals(name)) throw invalidResponse('the Name of the object is not that of its public area');
  return expected;
}

/** Derived from the hierarchy's seed: the same template gives the same key each time. Transient. */
export async function createPrimary(tpm: Tpm, hierarchy: Entity, making: Making): Promise<TpmObject> {
  const { handle, parameters } = await tpm.execute({
    name: 'CreatePrimary',
    handles: [hierarchy],
    authCount: 1,
    parameters: makingParameters(making),
    isFirstSized: true,
    isFirstAnswerSized: true,
    hasHandle: true,
    isLong: true,
  });
  const area = publicIn(parameters);
  skipCreation(parameters);
  const name = checkedName(parameters.sized('name', 66), area);
  parameters.end();
  return { handle, name, auth: trimmedAuth(making.auth ?? NO_BYTES), area };
}

/** Makes an object under a storage key; it is not loaded. */
export async function create(tpm: Tpm, parent: Entity, making: Making): Promise<WrappedObject> {
  const { parameters } = await tpm.execute({
    name: 'Create',
    handles: [parent],
    authCount: 1,
    parameters: makingParameters(making),
    isFirstSized: true,
    isFirstAnswerSized: true,
    isLong: true,
  });
  const sealed = parameters.sized('private', PRIVATE_BYTES_MAX);
  const area = publicIn(parameters);
  skipCreation(parameters);
  parameters.end();
  return { area, private: sealed };
}

/** Transient. INTEGRITY of parameter 1 where it is another parent's, or was changed. */
export async function load(
  tpm: Tpm,
  parent: Entity,
  object: WrappedObject,
  auth: Uint8Array | string = NO_BYTES,
): Promise<TpmObject> {
  const { handle, parameters } = await tpm.execute({
    name: 'Load',
    handles: [parent],
    authCount: 1,
    parameters: written((writer) => writer.sized(object.private).sized(encodePublic(object.area))),
    isFirstSized: true,
    isFirstAnswerSized: true,
    hasHandle: true,
  });
  const name = checkedName(parameters.sized('name', 66), object.area);
  parameters.end();
  return { handle, name, auth: trimmedAuth(auth), area: object.area };
}

/** The public part of a key from elsewhere, to verify with. Transient. */
export async function loadExternal(tpm: Tpm, area: TpmPublic, hierarchy: number): Promise<TpmObject> {
  const { handle, parameters } = await tpm.execute({
    name: 'LoadExternal',
    parameters: written((writer) => {
      writer.sized(NO_BYTES).sized(encodePublic(area));
      writer.u32(hierarchy);
    }),
    isFirstSized: true,
    isFirstAnswerSized: true,
    hasHandle: true,
  });
  const name = checkedName(parameters.sized('name', 66), area);
  parameters.end();
  return { handle, name, auth: NO_BYTES, area };
}

/** What lies at a handle. HANDLE of handle 1 where there is nothing. */
export async function readObject(tpm: Tpm, handle: number, auth: Uint8Array | string = NO_BYTES): Promise<TpmObject> {
  const { parameters } = await tpm.execute({
    name: 'ReadPublic',
    // Its Name is what is asked for; no command with a session can go without one.
    handles: [{ handle, name: await nameAt(tpm, handle), auth: NO_BYTES }],
    isFirstAnswerSized: true,
  });
  const area = publicIn(parameters);
  const name = checkedName(parameters.sized('name', 66), area);
  parameters.sized('qualified name', 66);
  parameters.end();
  return { handle, name, auth: trimmedAuth(auth), area };
}

async function nameAt(tpm: Tpm, handle: number): Promise<Buffer> {
  const { parameters } = await tpm.execute({
    name: 'ReadPublic',
    handles: [{ handle, name: NO_BYTES, auth: NO_BYTES }],
    isBare: true,
  });
  const name = nameOf(publicIn(parameters));
  parameters.sized('name', 66);
  parameters.sized('qualified name', 66);
  parameters.end();
  return name;
}

/** Keeps a transient object under a handle 0x81…; the transient one is flushed. NV_DEFINED where that is taken. */
export async function persist(
  tpm: Tpm,
  object: TpmObject,
  handle: number,
  owner: Entity = permanent(RH_OWNER),
): Promise<TpmObject> {
  await evictControl(tpm, owner, object, handle);
  await tpm.flush(object);
  return { ...object, handle };
}

/** Ends a persistent object. */
export async function evict(tpm: Tpm, object: TpmObject, owner: Entity = permanent(RH_OWNER)): Promise<void> {
  await evictControl(tpm, owner, object, object.handle);
}

async function evictControl(tpm: Tpm, owner: Entity, object: Entity, handle: number): Promise<void> {
  const { parameters } = await tpm.execute({
    name: 'EvictControl',
    handles: [owner, object],
    authCount: 1,
    parameters: handleBytes(handle),
  });
  parameters.end();
}

export function isPersistent({ handle }: { readonly handle: number }): boolean {
  return handle >>> 24 === HT_PERSISTENT;
}

/** Gives the object to `use` and flushes it whatever comes of that. */
export async function using<T extends Entity, R>(tpm: Tpm, object: T, use: (object: T) => Promise<R>): Promise<R> {
  try {
    return await use(object);
  } finally {
    await tpm.flush(object);
  }
}

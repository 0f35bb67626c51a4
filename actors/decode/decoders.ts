/**
 * How each device's payloads are decoded, by key id: its type, the identity that its frames must name, and what a text
 * frame needs besides. Flat memory, as with ten thousand devices every object on the way is a cache miss or two.
 */
import { MsecError } from '../../engine/index.ts';
import { type FrameCodec, FrameContext, type FrameTypes, type Pseudonymise, zoneOf } from '../../schemas/index.ts';
import type { DeviceFacts } from '../../schemas/topics/index.ts';

/** Room for the longest identity of a device record. */
const IDENTITY_BYTES = 64;
/** A row: type's place u8 · identity's length u8 · unused · identity. */
const ROW_BYTES = 128;
const AT_LENGTH = 1;
const AT_IDENTITY = ROW_BYTES - IDENTITY_BYTES;

export class Decoders {
  readonly #types: FrameTypes;
  readonly #pseudonymise: Pseudonymise;
  /** What a row was made for; a key id may be given to another device, and a device other facts. */
  readonly #factsOfKey: (DeviceFacts | undefined)[] = [];
  #rows = new Uint8Array(64 * ROW_BYTES);
  readonly #contexts = new Map<string, FrameContext>();

  constructor(types: FrameTypes, pseudonymise: Pseudonymise) {
    this.#types = types;
    this.#pseudonymise = pseudonymise;
  }

  /** Call it first for each record. CONFIG_INVALID where there is no such type. */
  type(keyId: number, facts: DeviceFacts): FrameCodec {
    if (this.#factsOfKey[keyId] !== facts) this.#make(keyId, facts);
    return this.#types.all[this.#rows[keyId * ROW_BYTES] as number] as FrameCodec;
  }

  isIdentity(keyId: number, bytes: Uint8Array, start: number, end: number): boolean {
    // A type whose frames name no device: what vouches for it is the key, or the credential.
    if (start === end) return true;
    const rows = this.#rows;
    const row = keyId * ROW_BYTES;
    if (end - start !== rows[row + AT_LENGTH]) return false;
    const shift = row + AT_IDENTITY - start;
    for (let at = start; at < end; at++) if (bytes[at] !== rows[at + shift]) return false;
    return true;
  }

  /** One for each zone. */
  context(timeZone: string): FrameContext {
    const known = this.#contexts.get(timeZone);
    if (known !== undefined) return known;
    const context = new FrameContext(this.#pseudonymise);
    context.zone = zoneOf(timeZone);
    this.#contexts.set(timeZone, context);
    return context;
  }

  #make(keyId: number, facts: DeviceFacts): void {
    const place = this.#types.all.findIndex((type) => type.name === facts.type);
    if (place < 0) {
      throw new MsecError('CONFIG_INVALID', `no frame type is called "${facts.type}"`, { field: 'type' });
    }
    while (this.#factsOfKey.length <= keyId) this.#factsOfKey.push(undefined);
    if ((keyId + 1) * ROW_BYTES > this.#rows.length) {
      const grown = new Uint8Array(Math.max((keyId + 1) * ROW_BYTES, this.#rows.length * 2));
      grown.set(this.#rows);
      this.#rows = grown;
    }
    const row = keyId * ROW_BYTES;
    this.#rows[row] = place;
    this.#rows[row + AT_LENGTH] = facts.identity.length;
    for (let i = 0; i < facts.identity.length; i++) this.#rows[row + AT_IDENTITY + i] = facts.identity.charCodeAt(i);
    this.#factsOfKey[keyId] = facts;
  }
}

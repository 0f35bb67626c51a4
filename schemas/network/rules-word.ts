/**
 * What stands between the packets of a partition of network.packets: which bundle of rules is in force from here on. As
 * every partition has it at a place of its own, a replay examines each packet with the rules that it was examined with.
 *
 *   rules word = kind u8 2 · layout u8 1 · phase u8 (1 prepare, 2 use) · sequence u32 · version u32 · digest 32 bytes
 *
 * `prepare` says that a `use` of the same bundle will follow: it is a hint, and nothing depends on it.
 */
import { MsecError } from '../base.ts';

/** The first byte of a value of network.packets that is none of packets. */
export const KIND_RULES = 2;

export interface RulesWord {
  readonly phase: 'prepare' | 'use';
  /** Rises with every change of rules; a word that does not rise says nothing new. */
  readonly sequence: number;
  readonly version: number;
  /** SHA-256 of the bundle's content, in hexadecimal. */
  readonly digest: string;
}

const LAYOUT = 1;
const PREPARE = 1;
const USE = 2;
const DIGEST_AT = 11;
const WORD_BYTES = DIGEST_AT + 32;

export const isRulesWord = (bytes: Uint8Array, start: number, end: number): boolean =>
  start < end && bytes[start] === KIND_RULES;

/** A whole value, an own copy. */
export function encodeRulesWord({ phase, sequence, version, digest }: RulesWord): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(WORD_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set([KIND_RULES, LAYOUT, phase === 'use' ? USE : PREPARE]);
  view.setUint32(3, sequence);
  view.setUint32(7, version);
  bytes.set(Buffer.from(digest, 'hex'), DIGEST_AT);
  return bytes;
}

/** Of a whole value. VALUE_INVALID. */
export function decodeRulesWord(bytes: Uint8Array, start: number, end: number): RulesWord {
  const wrong = (field: string, byteOffset: number, says: string): never => {
    throw new MsecError('VALUE_INVALID', `rules word, ${field} at byte ${byteOffset}: ${says}`, { field, byteOffset });
  };
  const length = end - start;
  if (length !== WORD_BYTES) wrong('length', 0, `${length} bytes are not ${WORD_BYTES}`);
  if (bytes[start] !== KIND_RULES) wrong('kind', 0, `${bytes[start]} is none of rules`);
  if (bytes[start + 1] !== LAYOUT) wrong('layout', 1, `${bytes[start + 1]} is not known`);
  const phase = bytes[start + 2];
  if (phase !== PREPARE && phase !== USE) wrong('phase', 2, `${phase} is not known`);
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, WORD_BYTES);
  return {
    phase: phase === USE ? 'use' : 'prepare',
    sequence: view.getUint32(3),
    version: view.getUint32(7),
    digest: Buffer.from(bytes.buffer, bytes.byteOffset + start + DIGEST_AT, 32).toString('hex'),
  };
}

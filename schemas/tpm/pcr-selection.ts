/**
 * Which PCRs of which bank (TPML_PCR_SELECTION, part 2, 10.9.7), and the digest that quotes and policies hold of their
 * values: the hash of all of them, in the order of the selection.
 *
 *   list = count u32 · (hash u16 · size u8 · bit map, PCR 0 in the lowest bit of the first byte)*
 */
import { createHash } from 'node:crypto';
import { assert } from '../base.ts';
import { ALG_SHA256, type HashAlgorithm, hashOf } from './constants.ts';
import { readHash } from './public-area.ts';
import type { TpmReader } from './tpm-reader.ts';
import type { TpmWriter } from './tpm-writer.ts';

export interface PcrSelection {
  readonly bank: HashAlgorithm;
  /** 0 to 23, ascending. */
  readonly pcrs: readonly number[];
}

export const PCRS = 24;
const MAP_BYTES = 3;
const MAP_BYTES_MAX = 4;
const BANKS_MAX = 16;

export function pcrs(...numbers: readonly number[]): PcrSelection {
  assert(
    numbers.every((pcr) => Number.isInteger(pcr) && pcr >= 0 && pcr < PCRS),
    `PCRs are numbered from 0 to ${PCRS - 1}`,
  );
  return { bank: ALG_SHA256, pcrs: [...new Set(numbers)].sort((a, b) => a - b) };
}

export function writePcrSelection(writer: TpmWriter, selections: readonly PcrSelection[]): void {
  writer.u32(selections.length);
  for (const { bank, pcrs: numbers } of selections) {
    const map = new Uint8Array(MAP_BYTES);
    for (const pcr of numbers) map[pcr >> 3]! |= 1 << (pcr & 7);
    writer.u16(bank);
    writer.u8(MAP_BYTES);
    writer.copy(map);
  }
}

export function readPcrSelection(reader: TpmReader): PcrSelection[] {
  const at = reader.position;
  const count = reader.u32('PCR banks');
  if (count > BANKS_MAX) throw reader.wrong('PCR banks', `${count} of them, at most ${BANKS_MAX} are allowed`, at);
  return Array.from({ length: count }, () => {
    const bank = readHash(reader, 'PCR bank');
    const sizeAt = reader.position;
    const size = reader.u8('PCR map size');
    if (size > MAP_BYTES_MAX) throw reader.wrong('PCR map size', `${size} bytes are too many`, sizeAt);
    const map = reader.bytes(size, 'PCR map');
    const numbers: number[] = [];
    for (let pcr = 0; pcr < size * 8; pcr++) if ((map[pcr >> 3]! & (1 << (pcr & 7))) !== 0) numbers.push(pcr);
    return { bank, pcrs: numbers };
  });
}

export function pcrDigest(values: readonly Uint8Array[], hash: HashAlgorithm = ALG_SHA256): Buffer {
  const digest = createHash(hashOf(hash)!.name);
  for (const value of values) digest.update(value);
  return digest.digest();
}

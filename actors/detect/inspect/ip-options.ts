/** Options of an IPv4 header, as a set of bits: which are there, whatever is in them. */
import type { Packet } from '../packet/index.ts';

const OPTIONS: Readonly<Record<number, string>> = {
  0: 'eol',
  1: 'nop',
  7: 'rr',
  68: 'ts',
  130: 'sec',
  131: 'lsrr',
  133: 'esec',
  134: 'cipso',
  136: 'satid',
  137: 'ssrr',
  148: 'rtralt',
};
const BITS: ReadonlyMap<string, number> = new Map(Object.values(OPTIONS).map((name, i) => [name, 1 << i]));
const HEADER_BYTES = 20;

export const optionBits = (name: string): number => (name === 'any' ? 0xffff : (BITS.get(name) ?? 0));

/** An option that is cut off ends the list. */
export function ipOptionsOf(packet: Packet): number {
  const { bytes, ipAt } = packet;
  const end = ipAt + (bytes[ipAt]! & 15) * 4;
  let found = 0;
  for (let at = ipAt + HEADER_BYTES; at < end; ) {
    const kind = bytes[at]!;
    const name = OPTIONS[kind];
    if (kind > 1) {
      const length = at + 1 < end ? bytes[at + 1]! : 0;
      if (length < 2 || at + length > end) return found;
      at += length;
    } else at += 1;
    if (name !== undefined) found |= BITS.get(name)!;
    if (kind === 0) return found;
  }
  return found;
}

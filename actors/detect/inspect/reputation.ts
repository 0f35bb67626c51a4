/** What the addresses of a packet are worth, as rules ask it (iprep). */
import type { Packet } from '../packet/index.ts';
import { passes } from '../rules/numbers.ts';
import { masked, type Reputation } from '../rules/reputation.ts';
import type { Condition } from '../rules/rule.ts';
import type { Check } from './packet-conditions.ts';

const UNKNOWN = -1;

type Worth = (address: string) => number;

/** undefined: the condition is about something else. */
export function reputationCheck({ value }: Condition): Check | undefined {
  if (value.type !== 'reputation') return undefined;
  const { reputation, category, side, test } = value.of;
  const worth = worthIn(reputation, category);
  const holds = (address: string): boolean => {
    const found = worth(address);
    return test === null ? found === UNKNOWN : found !== UNKNOWN && passes(test, found);
  };
  return ({ packet }) => {
    if (packet.ipVersion === 0) return false;
    if (side === 'src') return holds(sourceOf(packet));
    if (side === 'dst') return holds(destinationOf(packet));
    if (side === 'both') return holds(sourceOf(packet)) && holds(destinationOf(packet));
    return holds(sourceOf(packet)) || holds(destinationOf(packet));
  };
}

/** An address that is named itself is in no network. */
function worthIn({ hosts, networks }: Reputation, category: number): Worth {
  const lengths = new Map<string, Map<string, number>>();
  for (const { isV6, bits, address, value } of networks.get(category) ?? []) {
    const key = `${isV6 ? 16 : 4} ${bits}`;
    const of = lengths.get(key) ?? new Map<string, number>();
    of.set(address, value);
    lengths.set(key, of);
  }
  const longestFirst = [...lengths]
    .map(([key, of]) => ({ bytes: Number(key.split(' ')[0]), bits: Number(key.split(' ')[1]), of }))
    .toSorted((a, b) => b.bits - a.bits);
  return (address) => {
    const named = hosts.get(address);
    if (named !== undefined) return named.get(category) ?? 0;
    for (const { bytes, bits, of } of longestFirst) {
      if (bytes !== address.length) continue;
      const value = of.get(masked(address, bits));
      if (value !== undefined) return value;
    }
    return UNKNOWN;
  };
}

const word = (value: number): string =>
  String.fromCharCode((value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);

const sourceOf = ({ ipVersion, src0, src1, src2, src3 }: Packet): string =>
  ipVersion === 4 ? word(src0) : word(src0) + word(src1) + word(src2) + word(src3);
const destinationOf = ({ ipVersion, dst0, dst1, dst2, dst3 }: Packet): string =>
  ipVersion === 4 ? word(dst0) : word(dst0) + word(dst1) + word(dst2) + word(dst3);

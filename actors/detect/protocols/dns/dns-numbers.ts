/** Numbers of DNS and the names that EVE has for them. */
import { DNS_RCODES, DNS_TYPES } from '../../rules/keywords/dns-numbers.ts';

const byNumber = (numbers: Readonly<Record<string, number>>): ReadonlyMap<number, string> =>
  new Map(Object.entries(numbers).map(([name, number]) => [number, name]));

const TYPE_NAMES = byNumber(DNS_TYPES);
const RESPONSE_NAMES = byNumber(DNS_RCODES);

export const typeName = (type: number): string => TYPE_NAMES.get(type) ?? `${type}`;
export const responseName = (rcode: number): string => RESPONSE_NAMES.get(rcode) ?? `${rcode}`;

/** The keyword asn1: values in the packet's payload, from a place on that is counted from its start or from the last content. */
import { BerReader, type Expense } from '../match/index.ts';
import type { Condition } from '../rules/rule.ts';
import { fieldsOf } from './condition-values.ts';
import { type Check, payloadBytes } from './packet-conditions.ts';

const PLACE_MAX = 0xffff;

/** `place`: where the last thing ended that the rule has found in the payload. */
export function asn1Check(
  condition: Condition,
  expense: Expense,
  place: { readonly end: number } | null,
): Check | undefined {
  if (condition.keyword !== 'asn1') return undefined;
  const { bitstringOverflow, doubleOverflow, oversizeLength, absoluteOffset, relativeOffset } = fieldsOf(condition);
  const reader = new BerReader(
    {
      bitstringOverflow: bitstringOverflow !== undefined,
      doubleOverflow: doubleOverflow !== undefined,
      oversizeLength: oversizeLength === undefined ? null : Number(oversizeLength),
    },
    expense,
  );
  return ({ packet }) => {
    const length = packet.isPseudo ? 0 : payloadBytes(packet);
    const at = Number(
      absoluteOffset ?? (relativeOffset === undefined ? 0 : (place?.end ?? 0) + Number(relativeOffset)),
    );
    if (at < 0 || at > PLACE_MAX || at >= length) return false;
    return reader.matches(packet.bytes.subarray(packet.payloadAt, packet.payloadEnd), at);
  };
}

/** Rules that one engine alone takes, and that is meant: what else is one, is a mistake. */
import type { Disagreement } from './compare.ts';

/** Not read by the other: the language of Suricata 8, which is taken here, too. */
const SURICATA_8: readonly RegExp[] = [
  // Numbers with units, in hexadecimal, ranges with `!`, bits.
  /\d(?:[kmg]i?b)\b/i,
  /:\s*[!<>=]*\s*0x[0-9a-f]+/i,
  /:\s*!\s*\d+\s*(?:-|<>)\s*\d+/,
  /:\s*!?\s*&/,
  /track by_flow|multiplier \d+.*threshold|type backoff/,
];

/** Suricata stops reading at the first character that is none of a number's: here the rule is refused. */
const TRAILING = /is not a number|is no comparison with a number|is no number/;

/** The name of the class; null: none. */
export function classOf({ rule, takenBy, says }: Disagreement): string | null {
  if (takenBy === 'us') return SURICATA_8.some((form) => form.test(rule)) ? 'the language of Suricata 8' : null;
  return TRAILING.test(says) ? 'characters behind a number' : null;
}

/** Lists of rules, of which a set has tens of thousands. */

const NONE: readonly never[] = [];

/** Of a list that is made: without the room that an array keeps for more, and those without anything are one. */
export const packed = <T>(list: readonly T[]): readonly T[] => (list.length === 0 ? NONE : list.slice());

/** What rules ask of a fragment. */
import type { ConditionValue } from '../../rules/rule.ts';
import { fieldsOf, numberOf } from '../condition-values.ts';
import type { Direction } from '../direction.ts';
import type { ConditionRow } from '../protocol.ts';
import type { Dnp3Transaction } from './dnp3-parser.ts';

type Test = (tx: Dnp3Transaction, direction: Direction) => boolean;

const row = (keyword: string, compile: (value: ConditionValue) => Test): ConditionRow<Dnp3Transaction> => ({
  keyword,
  directions: [0, 1],
  progress: 0,
  compile,
});

/** Of the second octet Suricata compares the lower half alone. */
const COMPARED = 0xff0f;

export const DNP3_CONDITIONS: readonly ConditionRow<Dnp3Transaction>[] = [
  row('dnp3_func', (value) => {
    const test = numberOf(value);
    return (tx, direction) => tx.isOneSided === direction && test(tx.function);
  }),
  row('dnp3_ind', (value) => {
    const flags = Number(fieldsOf(value).flags) & COMPARED;
    return (tx, direction) => direction === 1 && (tx.indications & flags) !== 0;
  }),
  row('dnp3_obj', (value) => {
    const { group, variation } = fieldsOf(value);
    return (tx, direction) =>
      tx.isOneSided === direction &&
      tx.objects.some((object) => object.group === group && object.variation === variation);
  }),
];

/** urilen. */
import { passes, printedTest } from '../../rules/numbers.ts';
import type { ConditionRow } from '../protocol.ts';
import { type HttpTransaction, LINE } from './http-transaction.ts';

export const HTTP_CONDITIONS: readonly ConditionRow<HttpTransaction>[] = [
  {
    keyword: 'urilen',
    directions: [0],
    progress: LINE,
    compile(value) {
      if (value.type !== 'fields') throw new TypeError('urilen takes a length');
      const test = printedTest(String(value.fields.length));
      const isRaw = value.fields.of === 'raw';
      return (tx) => {
        const uri = isRaw ? tx.rawUri : tx.normalUri;
        return uri !== null && passes(test, uri.length);
      };
    },
  },
];

/** urilen. */
import { numberTest, passes } from '../../rules/numbers.ts';
import type { ConditionRow } from '../protocol.ts';
import { type HttpTransaction, LINE } from './http-transaction.ts';

export const HTTP_CONDITIONS: readonly ConditionRow<HttpTransaction>[] = [
  {
    keyword: 'urilen',
    directions: [0],
    progress: LINE,
    compile(value) {
      if (value.type !== 'fields') throw new TypeError('urilen takes a length');
      const test = numberTest('urilen', String(value.fields.length), { isRich: true, max: 65_535 });
      const isRaw = value.fields.of === 'raw';
      return (tx) => {
        const uri = isRaw ? tx.rawUri : tx.normalUri;
        return uri !== null && passes(test, uri.length);
      };
    },
  },
];

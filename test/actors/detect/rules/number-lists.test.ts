/** What a keyword asks of several numbers, beside the tables of Suricata's documentation and a plain reading of them. */
import fc from 'fast-check';
import t from 'tap';
import { numbersTest, passesNumbers } from '../../../../actors/detect/rules/number-lists.ts';
import { numberTest, passes, printTest } from '../../../../actors/detect/rules/numbers.ts';

const asked = (text: string, list: readonly number[]): boolean =>
  passesNumbers(
    numbersTest('k', text, (one) => numberTest('k', one, 255)),
    list,
  );

t.test('which of the numbers have to pass', async (t) => {
  const cases: readonly (readonly [string, readonly number[], boolean])[] = [
    ['3', [1, 2, 3], true],
    ['3,any', [], false],
    ['>0,all', [1, 2, 3], true],
    ['>1,all', [1, 2, 3], false],
    ['>0,all', [], false],
    ['>0,all_or_absent', [], true],
    ['9,all_or_absent', [1], false],
    ['9,or_absent', [], true],
    ['9,or_absent', [1], false],
    ['1,0', [1, 2, 3], true],
    ['3,-1', [1, 2, 3], true],
    ['3,3', [1, 2, 3], false],
    ['3,-4', [1, 2, 3], false],
    ['3,oob_or 3', [1, 2, 3], true],
    ['3,oob_or 1', [1, 2, 3], false],
    ['1,nb>1', [1, 1, 2], true],
    ['1,nb2', [1, 1, 1], false],
    ['count >2', [7, 8, 9], true],
    ['count 0', [], true],
    ['count 2', [7], false],
    // Parts of a list, as the documentation has them.
    ['count 0,any,2:4', [], false],
    ['3,0,2:4', [1, 2, 3, 4, 5, 6], true],
    ['4,-1,2:4', [1, 2, 3, 4, 5, 6], true],
    ['3,0,-4:-1', [1, 2, 3, 4, 5, 6], true],
    ['5,-1,-4:-1', [1, 2, 3, 4, 5, 6], true],
    ['4,0,3:-1', [1, 2, 3, 4, 5, 6], true],
    ['6,any,3:-1', [1, 2, 3, 4, 5, 6], false],
    ['1,any,0:7', [1, 2, 3, 4, 5, 6], false],
  ];
  for (const [text, list, isMet] of cases) {
    if (text === 'count 0,any,2:4') t.throws(() => asked(text, list), text);
    else t.equal(asked(text, list), isMet, `${text} of ${list}`);
  }
});

t.test('a comparison is what it says, and is read again as it was written', async () => {
  const number = fc.integer({ min: 0, max: 255 });
  const low = fc.integer({ min: 0, max: 253 });
  const comparison = fc.oneof(
    fc.tuple(fc.constantFrom('', '=', '!', '!=', '<', '<=', '>', '>='), number).map(([sign, n]) => ({
      text: `${sign}${n}`,
      holds: (v: number) => {
        if (sign === '' || sign === '=') return v === n;
        if (sign === '!' || sign === '!=') return v !== n;
        if (sign === '<') return v < n;
        if (sign === '<=') return v <= n;
        return sign === '>' ? v > n : v >= n;
      },
    })),
    fc.tuple(fc.boolean(), low, fc.constantFrom('-', '<>', ' - '), number).map(([isNegated, a, sign, n]) => {
      const high = Math.max(a + 2, n);
      return {
        text: `${isNegated ? '!' : ''}0x${a.toString(16)}${sign}${high}`,
        holds: (v: number) => (v > a && v < high) !== isNegated,
      };
    }),
    fc.tuple(fc.boolean(), number, number).map(([isNegated, mask, n]) => ({
      text: `& ${mask} ${isNegated ? '!=' : '='} 0x${(n & mask).toString(16)}`,
      holds: (v: number) => ((v & mask) === (n & mask)) !== isNegated,
    })),
  );
  fc.assert(
    fc.property(comparison, number, ({ text, holds }, value) => {
      const test = numberTest('k', text, 255);
      const again = numberTest('k', printTest(test), 255);
      return passes(test, value) === holds(value) && passes(again, value) === holds(value);
    }),
  );
});

t.test('a mask of more than 31 bits holds, too', async (t) => {
  const test = numberTest('k', '&0x180000000=0x80000000', Number.MAX_SAFE_INTEGER);
  t.equal(passes(test, 0x8000_0001), true);
  t.equal(passes(test, 0x1_8000_0001), false);
});

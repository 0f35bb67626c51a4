import fc from 'fast-check';
import t from 'tap';
import { addressSet, holdsV4, holdsV6 } from '../../../../actors/detect/rules/address-set.ts';
import { holdsPort, portSet } from '../../../../actors/detect/rules/port-set.ts';
import { difference, holds, union } from '../../../../actors/detect/rules/ranges.ts';

const NONE = new Map<string, string>();
const v4 = (a: number, b: number, c: number, d: number) => ((a * 256 + b) * 256 + c) * 256 + d;

t.test('a port is in a group exactly if the group says so', async (t) => {
  const cases: readonly (readonly [string, readonly number[], readonly number[]])[] = [
    ['!80', [0, 79, 81, 65_535], [80]],
    ['[80:90,!85,443]', [80, 84, 86, 90, 443], [79, 85, 91]],
    ['1024:', [1024, 65_535], [0, 1023]],
    [':1023', [0, 1023], [1024]],
    ['![80,![90]]', [90], [80, 91]],
  ];
  for (const [text, inside, outside] of cases) {
    const set = portSet(text, NONE);
    t.ok(inside.every((port) => holdsPort(set, port)) && !outside.some((port) => holdsPort(set, port)), text);
  }
});

t.test('an address is in a group exactly if the group says so; a negation keeps to its family', async (t) => {
  const home = new Map([['HOME_NET', '[10.0.0.0/8,192.168.0.0/16]']]);
  const set = addressSet('$HOME_NET', home);
  t.ok(holdsV4(set, v4(10, 0, 0, 1)));
  t.notOk(holdsV4(set, v4(11, 1, 2, 3)));
  t.notOk(holdsV4(addressSet('[$HOME_NET,!10.1.0.0/16]', home), v4(10, 1, 2, 3)));
  const other = addressSet('!$HOME_NET', home);
  t.notOk(holdsV4(other, v4(10, 0, 0, 1)));
  t.notOk(holdsV6(other, 1n));
  t.ok(holdsV6(addressSet('[10.0.0.1,!::1]', NONE), 2n));
  t.notOk(holdsV6(addressSet('[10.0.0.1,!::1]', NONE), 1n));
  t.ok(holdsV6(addressSet('2001:db8::/32', NONE), 0x2001_0db8_0000_0000_0000_0000_0000_0001n));
  t.ok(holdsV4(addressSet('10.0.0.9-10.0.0.12', NONE), v4(10, 0, 0, 12)));
});

const ranges = fc
  .array(fc.tuple(fc.nat(60), fc.nat(12)), { maxLength: 8 })
  .map((list) => list.map(([low, size]) => [low, low + size] as const));

t.test('unions and differences hold what sets of single numbers hold', async () => {
  fc.assert(
    fc.property(ranges, ranges, (from, without) => {
      const left = difference(union(from), union(without));
      const has = (list: typeof from, value: number) => list.some(([low, high]) => value >= low && value <= high);
      return Array.from({ length: 80 }, (_, value) => value).every(
        (value) => holds(left, value) === (has(from, value) && !has(without, value)),
      );
    }),
  );
});

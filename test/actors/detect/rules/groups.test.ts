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

t.test('a list behind a negation is worked out by itself, as Suricata 7.0.10 does', async (t) => {
  const hosts = [...Array.from({ length: 9 }, (_, i) => v4(10, 0, 0, i)), v4(200, 0, 0, 1)];
  const sixes = Array.from({ length: 5 }, (_, i) => 0x2001_0db8_0000_0000_0000_0000_0000_0000n + BigInt(i));
  // Which of them the group holds, counted from 1; of 1,920 such groups that were asked all are alike.
  const cases: readonly (readonly [string, readonly number[]])[] = [
    ['![10.0.0.4-10.0.0.4,!10.0.0.3]', [1, 2, 3, 4, 6, 7, 8, 9, 10]],
    ['![![10.0.0.0-10.0.0.7],!2001:db8::/32]', [1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13, 14, 15]],
    ['[![[10.0.0.7-10.0.0.7,128.0.0.0/1,!10.0.0.6/31]]]', [1, 2, 3, 4, 5, 6, 7, 8, 9]],
    ['![!10.0.0.7-10.0.0.7]', [8]],
    ['![!2001:db8::2/127]', [13, 14]],
    ['![::/0,!10.0.0.7-10.0.0.7,2001:db8::/32]', [8]],
    ['[![!10.0.0.1-10.0.0.1,10.0.0.6/31],10.0.0.4/29]', [1, 2, 3, 4, 5, 6]],
    ['![!10.0.0.2-10.0.0.7,10.0.0.3-10.0.0.4,10.0.0.6/29]', [3, 4, 5, 6, 7, 8, 9, 10]],
    ['!$OUTSIDE', [2]],
    ['![!$OUTSIDE]', [1, 3, 4, 5, 6, 7, 8, 9, 10]],
  ];
  const names = new Map([['OUTSIDE', '![10.0.0.1,![!10.0.0.0/31]]']]);
  for (const [text, held] of cases) {
    const set = addressSet(text, names);
    const told = [...hosts.map((host) => holdsV4(set, host)), ...sixes.map((host) => holdsV6(set, host))];
    t.same(
      told.flatMap((isHeld, i) => (isHeld ? [i + 1] : [])),
      held,
      text,
    );
  }
  for (const refused of ['![any,!any]', '[!10.0.0.1,![!128.0.0.0/1,!0.0.0.0/1]]', '[::1,!0.0.0.0/0]'])
    t.throws(() => addressSet(refused, names), /negated|is left|no address/, refused);
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

import fc from 'fast-check';
import t from 'tap';
import { AddressMemory } from '../../../../actors/detect/inspect/address-memory.ts';
import { KeptMap } from '../../../../actors/detect/inspect/kept-map.ts';
import { Names } from '../../../../actors/detect/inspect/names.ts';
import { SetMemory } from '../../../../actors/detect/inspect/set-memory.ts';
import { Tags } from '../../../../actors/detect/inspect/tags.ts';
import { Counter } from '../../../../actors/detect/inspect/threshold.ts';
import type { DataSet } from '../../../../actors/detect/rules/sets.ts';

const SET: DataSet = {
  ...{ name: 'seen', type: 'string', entries: new Map(), load: null, save: null, most: 100 },
  isChanging: true,
};

type Step =
  | { readonly do: 'set' | 'touch' | 'delete'; readonly key: number; readonly value: number }
  | { readonly do: 'write' };

const steps = fc.array(
  fc.oneof(
    fc.record({ do: fc.constantFrom('set', 'touch', 'delete'), key: fc.nat(6), value: fc.nat(1000) }),
    fc.record({ do: fc.constant('write') }),
  ),
  { maxLength: 60 },
) as fc.Arbitrary<Step[]>;

t.test('a copy that is told every change is what the map is, in its order', async (t) => {
  fc.assert(
    fc.property(steps, (given) => {
      const map = new KeptMap<{ value: number }>();
      map.set('before', { value: 1 });
      map.follow();
      const copy = new Map<string, number>([['before', 1]]);
      const write = (): void => {
        for (const { key, value, isNew } of map.changes()) {
          if (isNew || value === null) copy.delete(key);
          if (value !== null) copy.set(key, value.value);
        }
      };
      for (const step of given) {
        if (step.do === 'write') write();
        else {
          const key = `k${step.key}`;
          const known = map.get(key);
          if (step.do === 'delete') map.delete(key);
          else if (step.do === 'set') {
            if (step.value % 2 === 0) map.delete(key);
            map.set(key, { value: step.value });
          } else if (known !== undefined) {
            known.value = step.value;
            map.touch(key);
          }
        }
      }
      write();
      t.same(
        [...copy],
        [...map].map(([key, { value }]) => [key, value]),
      );
    }),
    { numRuns: 2_000, interruptAfterTimeLimit: 5_000 },
  );
});

/** A tag of a rule: its number, how much of what, what has come of it since when, matches, and whether it has just begun. */
const tags = (sid: number): readonly number[] => [1, sid, 256, 1, 3, 180, 5_000_000, 2, 0];

t.test('what is put back in another process is what was kept, whatever numbers its names have there', async (t) => {
  const names = new Names();
  names.addressBit('other');
  const [counters, bits] = [new KeptMap<Counter>(), new KeptMap<number>()];
  const sets = new SetMemory();
  const hosts = new KeptMap<Tags>();
  const memory = new AddressMemory(counters, bits, sets, hosts, names);
  memory.load([]);
  counters.set('1 900001 s12', Object.assign(new Counter(5_000_000), { count: 3 }));
  counters.set('1 900002 r', new Counter(7_000_000));
  bits.set(`${names.addressBit('a bit, with % and blanks')} 12 13`, 60);
  sets.holds({ kind: 'dataset', set: SET, action: 'set', reputation: null }, Buffer.from('a b'));
  hosts.set('12:0:-1:7', Tags.of([...tags(9), ...tags(8)]));
  const items = [...memory.changes()].map(({ name, numbers }) => ({ name, numbers: numbers ?? [] }));
  t.equal(items.length, 3 + 2);
  t.same([...memory.changes()], [], 'told once');

  const others = new Names();
  const [again, bitsAgain] = [new KeptMap<Counter>(), new KeptMap<number>()];
  again.set('what was there', new Counter(1));
  const setsAgain = new SetMemory();
  const hostsAgain = new KeptMap<Tags>();
  new AddressMemory(again, bitsAgain, setsAgain, hostsAgain, others).load(items);
  t.same(
    [...hostsAgain].map(([key, { numbers }]) => [key, numbers]),
    [['12:0:-1:7', [...tags(9), ...tags(8)]]],
  );
  t.same([...setsAgain.entriesOf(SET)], ['a b']);
  t.same([...again], [...counters]);
  t.same([...bitsAgain], [[`${others.addressBit('a bit, with % and blanks')} 12 13`, 60]]);
});

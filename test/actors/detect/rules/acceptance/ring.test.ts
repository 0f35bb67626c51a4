import t from 'tap';
import { Dice } from '../../differential/dice.ts';
import { Ring } from './ring.ts';

const CHOICES = 3_000;
const texts = Array.from({ length: 500 }, (_, i) => `rule ${i}`);
const choices = (ring: Ring) => Array.from({ length: CHOICES }, (_, i) => ring.pick(new Dice(i)));

t.test('one text more changes only what falls to it', async (t) => {
  const before = choices(new Ring(texts));
  const after = choices(new Ring([...texts.slice(0, 250), 'another', ...texts.slice(250)]));
  const changed = after.filter((text, i) => text !== before[i]);
  t.ok(changed.every((text) => text === 'another'));
  t.ok(changed.length < CHOICES / 50, `${changed.length} choices changed`);
});

t.test('all are chosen, and whatever is there twice may be chosen as often', async (t) => {
  t.ok(new Set(choices(new Ring(texts.slice(0, 50)))).size > 45);
  const share = choices(new Ring([...Array.from({ length: 50 }, () => 'often'), ...texts.slice(0, 50)]));
  t.ok(Math.abs(share.filter((text) => text === 'often').length / CHOICES - 0.5) < 0.25);
});

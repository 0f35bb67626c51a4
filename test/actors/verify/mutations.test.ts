import t from 'tap';
import { HELD_MS_MAX } from '../../../actors/verify/held-frames.ts';
import { city, crowdFrame, Device, enmonFrame, MACS, MemoryKeys, NOW } from '../city.ts';

/** splitmix32: the same mutations in every run. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return ((z ^ (z >>> 15)) >>> 0) % below;
  };
}

const MUTATIONS: Readonly<Record<string, (bytes: Uint8Array, next: (below: number) => number) => Uint8Array>> = {
  'a flipped bit': (bytes, next) => {
    const at = next(bytes.length);
    return bytes.map((byte, i) => (i === at ? byte ^ (1 << next(8)) : byte));
  },
  'a cut': (bytes, next) => bytes.slice(0, next(bytes.length)),
  'bytes behind it': (bytes, next) => Uint8Array.of(...bytes, ...Array.from({ length: 1 + next(9) }, () => next(256))),
  'a byte left out': (bytes, next) => {
    const at = next(bytes.length);
    return bytes.filter((_, i) => i !== at);
  },
  'a stretch of noise': (bytes, next) => {
    const [from, length] = [next(bytes.length), 1 + next(20)];
    return bytes.map((byte, i) => (i >= from && i < from + length ? next(256) : byte));
  },
  'nothing but noise': (bytes, next) =>
    Uint8Array.of(bytes[0] as number, ...Array.from({ length: next(120) }, () => next(256))),
  'two halves of it exchanged': (bytes, next) => {
    const at = 1 + next(bytes.length - 1);
    return Uint8Array.of(bytes[0] as number, ...bytes.slice(at), ...bytes.slice(1, at));
  },
};

t.test('each malformed frame becomes one letter with its bytes, and every good one between them arrives', async (t) => {
  const keys = new MemoryKeys();
  const budget = { burst: 1e9 };
  const enmon = new Device('enmon-1');
  const counter = new Device('crowd-1', 'crowd', '00000006956C35F');
  const next = numbers(11);
  for (const [name, mutate] of Object.entries(MUTATIONS)) {
    const driver = city([enmon, counter], { keys, verify: { budget } });
    let bad = 0;
    let good = 0;
    let letters = 0;
    for (let i = 0; i < 300; i++) {
      const device = i % 3 === 2 ? counter : enmon;
      const frame = device === enmon ? enmon.signed(enmonFrame()) : counter.sealed(crowdFrame(MACS), {}, keys);
      const mutated = mutate(frame, next);
      if (Buffer.compare(mutated, frame) !== 0) {
        const at = NOW + i * HELD_MS_MAX;
        driver.feed('device.frames', device.id, at, mutated);
        // A key id that was hit may be enrolled in a moment, as far as anyone knows.
        driver.feed('device.frames', null, at + HELD_MS_MAX, new Uint8Array(0));
        bad++;
        const written = driver.records.filter(({ topic }) => topic.endsWith('.dlq'));
        const last = written.at(-1);
        if (
          written.length !== letters + 1 ||
          last === undefined ||
          !Buffer.from(last.value).includes(Buffer.from(mutated))
        ) {
          t.fail(`${name}: ${written.length - letters} letters for ${Buffer.from(mutated).toString('hex')}`);
        }
        letters = written.length;
      }
      driver.feed('device.frames', device.id, NOW, frame);
      good++;
    }
    t.equal(driver.of('device.readings').length, good, name);
    t.equal(driver.reasons.length, bad, name);
    t.notOk(driver.reasons.includes('ACTOR_FAILED'), name);
  }
});

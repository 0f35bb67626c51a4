import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import t from 'tap';
import { HmacLanes, HmacVerifier } from '../../../schemas/envelope/index.ts';
import { needs, sharedData } from '../../support/needs.ts';

interface Vectors {
  readonly numberOfTests: number;
  readonly testGroups: readonly {
    readonly tagSize: number;
    readonly tests: readonly {
      readonly tcId: number;
      readonly comment: string;
      readonly key: string;
      readonly msg: string;
      readonly tag: string;
      readonly result: 'valid' | 'invalid' | 'acceptable';
    }[];
  }[];
}

t.test("Wycheproof's verdict on each HMAC-SHA-256 tag is ours", async (t) => {
  if (!needs(t, 'shared-data')) return;
  const vectors = JSON.parse(readFileSync(sharedData('wycheproof', 'hmac_sha256_test.json'), 'utf8')) as Vectors;
  const hmac = new HmacVerifier();
  let checked = 0;
  const wrong: string[] = [];
  for (const { tagSize, tests } of vectors.testGroups) {
    for (const { tcId, comment, key, msg, tag, result } of tests) {
      const prepared = hmac.prepare(Buffer.from(key, 'hex'));
      const message = Buffer.from(msg, 'hex');
      // An envelope's MAC has its full length; of the file's shorter ones the beginning is compared.
      const full = hmac.mac(prepared, message);
      const given = Buffer.from(tag, 'hex');
      const isRight = given.length === tagSize / 8 && full.subarray(0, given.length).equals(given);
      const whole = Buffer.concat([message, given, full.subarray(given.length)]);
      const verdict = given.length === tagSize / 8 && hmac.isValid(prepared, whole, 0, message.length, message.length);
      if (isRight !== (result === 'valid') || verdict !== (result === 'valid')) wrong.push(`${tcId} ${comment}`);
      checked++;
    }
  }
  t.same(wrong, []);
  t.equal(checked, vectors.numberOfTests);
});

t.test('it comes to what node:crypto comes to, for keys and messages of any length', async (t) => {
  const hmac = new HmacVerifier();
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      fc.uint8Array({ maxLength: 700 }),
      fc.nat(9),
      (key, message, shift) => {
        const wanted = createHmac('sha256', key).update(message).digest();
        const prepared = hmac.prepare(key);
        t.ok(hmac.mac(prepared, message).equals(wanted));
        const around = Buffer.concat([Buffer.alloc(shift), message, wanted]);
        const end = shift + message.length;
        t.ok(hmac.isValid(prepared, around, shift, end, end));
        around[end + (shift % 32)]! ^= 1;
        t.notOk(hmac.isValid(prepared, around, shift, end, end));
      },
    ),
    { numRuns: 300 },
  );
});

t.test('long messages, and one key after the other', async (t) => {
  const hmac = new HmacVerifier();
  const [a, b] = ['a', 'b'].map((text) => ({ text, prepared: hmac.prepare(Buffer.from(text)) }));
  for (const length of [59_000, 70_000, 1_200_000, 0, 55, 56, 63, 64, 119, 120]) {
    const message = Buffer.alloc(length, 7);
    for (const { text, prepared } of [a!, b!, a!]) {
      t.ok(hmac.mac(prepared, message).equals(createHmac('sha256', text).update(message).digest()), `${length}`);
    }
  }
});

t.test('four at once, each under its own key, come to what each comes to alone', async (t) => {
  const hmac = new HmacVerifier();
  const lanes = new HmacLanes();
  const message = fc.record({ key: fc.uint8Array({ minLength: 1, maxLength: 80 }), isForged: fc.boolean() });
  const messages = fc.array(message, { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(messages, fc.nat(700), fc.nat(9), (sent, length, shift) => {
      const sealed = sent.map(({ key, isForged }, i) => {
        const bytes = Buffer.alloc(shift + length + 32, 17 * i + length);
        const end = shift + length;
        createHmac('sha256', key).update(bytes.subarray(shift, end)).digest().copy(bytes, end);
        if (isForged) bytes[end + ((i + length) % 32)]! ^= 1 << (length % 8);
        t.ok(lanes.hasRoom(shift, end));
        return { bytes, end, isForged, lane: lanes.add(hmac.prepare(key), bytes, shift, end) };
      });
      lanes.run();
      for (const { bytes, end, isForged, lane } of sealed) t.equal(lanes.isMac(lane, bytes, end), !isForged);
    }),
    { numRuns: 300 },
  );
});

t.test('there is room for four messages of one number of blocks, and for none that is too long', async (t) => {
  const lanes = new HmacLanes();
  const key = new HmacVerifier().prepare(Buffer.from('key'));
  const bytes = Buffer.alloc(100_000);
  t.notOk(lanes.hasRoom(0, 90_000));
  lanes.add(key, bytes, 0, 90);
  t.notOk(lanes.hasRoom(0, 40), 'one block where the others have two');
  for (let lane = 1; lane < 4; lane++) {
    t.ok(lanes.hasRoom(0, 100));
    t.equal(lanes.add(key, bytes, 0, 100), lane);
  }
  t.notOk(lanes.hasRoom(0, 90));
  lanes.run();
  t.ok(lanes.hasRoom(0, 40));
});

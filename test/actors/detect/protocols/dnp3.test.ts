/** DNP3: where a stream is cut makes no difference, and what a hostile peer can make of it stays bounded. */
import t from 'tap';
import { dnp3 } from '../../../../actors/detect/protocols/dnp3/index.ts';
import { Dice } from './dice.ts';
import { DNP3_RULES, dnp3Frame, dnp3Segments, dnp3Talk } from './dnp3-talks.ts';
import type { Talk } from './suricata.ts';
import { toldBy } from './told.ts';

const LINK = { control: 0xc4, destination: 1, source: 2 };
const TALKS = 60;

const ofClient = (...frames: readonly Uint8Array[]): Talk => ({
  transport: 'tcp',
  serverPort: 20_000,
  parts: frames.map((bytes) => [0, bytes]),
});
const request = (...objects: readonly number[]): Uint8Array[] =>
  dnp3Segments(LINK, 0, Uint8Array.of(0xc0, 1, ...objects));

t.test('cut at every byte, conversations say the same', async (t) => {
  for (let seed = 0; seed < TALKS; seed += 1) {
    const talk = dnp3Talk(new Dice(seed));
    const byBytes = toldBy(dnp3, talk, DNP3_RULES, () => 1);
    t.same(byBytes, toldBy(dnp3, talk, DNP3_RULES), `talk ${seed}`);
  }
});

t.test('one frame cut at each of its bytes is read', async (t) => {
  const [frame] = request(30, 2, 0, 0, 1, 1, 0x10, 0, 1, 0x20, 0);
  const whole = toldBy(dnp3, ofClient(frame!), DNP3_RULES);
  for (let at = 1; at < frame!.length; at += 1)
    t.same(toldBy(dnp3, ofClient(frame!.subarray(0, at), frame!.subarray(at)), DNP3_RULES), whole, `at ${at}`);
});

t.test('a fragment without an end is kept no further than its bound', async (t) => {
  const parser = dnp3.open('tcp');
  const body = new Uint8Array(249).fill(0x41);
  for (let count = 0; count < 2000; count += 1) {
    const flags = count === 0 ? 0x40 : 0;
    parser.data(0, dnp3Frame(LINK, Uint8Array.of(flags | (count % 64), ...body)), false);
  }
  t.equal(parser.transactions.length, 1);
  t.ok(parser.transactions[0]!.keptBytes! <= 2 * 65_536);
});

t.test('of the objects and points of a fragment so many are told', async (t) => {
  // Of group 120, variation 9, without a size before it a point is empty: as many as eight for each byte that follows.
  const empty = Array.from({ length: 8000 }, () => [120, 9, 0x08, 0xff, 0x1f]).flat();
  const bits = [1, 1, 1, 0, 0, 0xff, 0x3e, ...new Array<number>(2017).fill(0x55)];
  const heads = Array.from({ length: 8000 }, () => [60, 1, 6]).flat();
  for (const objects of [[...empty, ...new Array<number>(2000).fill(0)], bits, heads]) {
    const [told, ...more] = toldBy(dnp3, ofClient(...request(...objects))).objects;
    t.same(more, []);
    t.equal(told!.match(/"(?:index|group)"/g)!.length, 4096);
  }
});

import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import t from 'tap';
import { linkTypes } from '../../../../actors/detect/capture/index.ts';
import {
  DEFRAG_DEFAULTS,
  Defragmenter,
  OVERLAP_POLICIES,
  type OverlapPolicy,
} from '../../../../actors/detect/defrag/index.ts';
import {
  decodeCaptured,
  decodeReassembled,
  isIpChecksumValid,
  isTransportChecksumValid,
  Packet,
} from '../../../../actors/detect/packet/index.ts';
import { captured } from '../captures.ts';
import { bytesOf, type Ends, ipv4, ipv6, n16, n32, udpDatagram } from '../frames.ts';

const V4: Ends = { from: Uint8Array.of(10, 0, 0, 1), to: Uint8Array.of(10, 0, 0, 2) };
const V6: Ends = { from: new Uint8Array(16).fill(0x20), to: new Uint8Array(16).fill(0xfe) };

interface Piece {
  readonly offset: number;
  readonly bytes: Uint8Array;
  readonly more: boolean;
}

const fragment = (ends: Ends, id: number, { offset, bytes, more }: Piece): Uint8Array =>
  ends.from.length === 4
    ? ipv4(ends, 17, bytes, bytesOf(1, 1, 1, 0), { id, offset, more })
    : ipv6(ends, 17, bytes, [
        [60, bytesOf(0, 1, 4, n32(0))],
        [44, bytesOf(0, n16(offset | (more ? 1 : 0)), n32(id))],
      ]);

function offer(into: Defragmenter, ip: Uint8Array, timeUs = 0): Packet | undefined {
  const packet = new Packet();
  decodeCaptured(packet, captured(ip, linkTypes.LINK_RAW, timeUs));
  if (!packet.isFragment) return undefined;
  const whole = into.add(packet);
  if (whole === undefined) return undefined;
  const result = new Packet();
  decodeReassembled(result, packet, whole, whole.length);
  return result;
}

/** `cuts` are places in units of eight bytes. */
function cutUp(datagram: Uint8Array, cuts: readonly number[]): Piece[] {
  const places = [...new Set([0, ...cuts.map((cut) => cut * 8).filter((at) => at > 0 && at < datagram.length)])];
  places.sort((a, b) => a - b);
  return places.map((offset, index) => ({
    offset,
    bytes: datagram.slice(offset, places[index + 1] ?? datagram.length),
    more: index < places.length - 1,
  }));
}

t.test('a datagram cut anywhere, in any order, with repeats, is put together once', async (t) => {
  fc.assert(
    fc.property(
      fc.constantFrom(V4, V6),
      fc.uint8Array({ minLength: 20, maxLength: 400 }),
      fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 8 }),
      fc.constantFrom(...OVERLAP_POLICIES),
      fc.infiniteStream(fc.nat()),
      (ends, payload, cuts, policy, chance) => {
        const pieces = cutUp(udpDatagram(ends, 53, 54, payload), cuts);
        fc.pre(pieces.length > 1);
        const order = pieces
          .map((piece) => ({ piece, rank: chance.next().value as number }))
          .toSorted((a, b) => a.rank - b.rank)
          .map(({ piece }) => piece);
        const into = new Defragmenter({ ...DEFRAG_DEFAULTS, policy4: policy, policy6: policy });
        const results = [order[0]!, ...order].map((piece) => offer(into, fragment(ends, 9, piece)));
        t.strictSame(
          results.map((result) => result !== undefined),
          results.map((_, index) => index === results.length - 1),
        );
        const whole = results.at(-1)!;
        t.match(whole, { hasTransport: true, isReassembled: true, sourcePort: 53, isInvalid: false });
        t.strictSame([...whole.bytes.subarray(whole.payloadAt, whole.payloadEnd)], [...payload]);
        t.ok(isIpChecksumValid(whole) && isTransportChecksumValid(whole));
        t.equal(into.heldBytes, 0);
      },
    ),
    { numRuns: 300 },
  );
});

/** Novak's figure, by hand: one letter a fragment in the order of arrival, one column for eight bytes. */
const ARRIVALS: readonly (readonly [number, number])[] = [
  [0, 3],
  [4, 2],
  [6, 3],
  [1, 4],
  [6, 3],
  [9, 3],
];
const EXPECTED: Readonly<Record<OverlapPolicy, string>> = {
  first: '111422333666',
  last: '144442555666',
  bsd: '111442333666',
  'bsd-right': '144422555666',
  linux: '111442555666',
  windows: '111422333666',
  solaris: '111422333666',
};

t.test('overlaps are settled as the target settles them', async (t) => {
  for (const policy of OVERLAP_POLICIES) {
    const into = new Defragmenter({ ...DEFRAG_DEFAULTS, policy4: policy, policy6: policy });
    const results = ARRIVALS.map(([unit, units], index) =>
      offer(
        into,
        fragment(V4, 1, {
          offset: unit * 8,
          bytes: new Uint8Array(units * 8).fill(0x31 + index),
          more: index < ARRIVALS.length - 1,
        }),
      ),
    );
    const whole = results.at(-1)!;
    const text = Buffer.from(whole.bytes.subarray(24)).toString('latin1');
    t.equal(text.replaceAll(/(.)\1{7}/g, '$1'), EXPECTED[policy], policy);
  }
});

t.test('a fragment around another: Windows and Solaris differ where both end together', async (t) => {
  const result = (policy: OverlapPolicy, inner: readonly [number, number]): string => {
    const into = new Defragmenter({ ...DEFRAG_DEFAULTS, policy4: policy, policy6: policy });
    const piece = (offset: number, units: number, letter: number, more: boolean): Packet | undefined =>
      offer(into, fragment(V4, 1, { offset: offset * 8, bytes: new Uint8Array(units * 8).fill(letter), more }));
    piece(inner[0], inner[1], 0x61, true);
    piece(0, 4, 0x62, true);
    const whole = piece(4, 1, 0x63, false)!;
    return Buffer.from(whole.bytes.subarray(24))
      .toString('latin1')
      .replaceAll(/(.)\1{7}/g, '$1');
  };
  t.equal(result('windows', [1, 2]), 'bbbbc');
  t.equal(result('solaris', [1, 2]), 'bbbbc');
  t.equal(result('windows', [2, 2]), 'bbaac');
  t.equal(result('solaris', [2, 2]), 'bbbbc');
});

t.test('what stays unfinished is forgotten in time, gives way to newer ones, and is counted', async (t) => {
  const first = { offset: 0, bytes: new Uint8Array(16), more: true };
  const last = { offset: 16, bytes: new Uint8Array(8), more: false };
  const slow = new Defragmenter();
  offer(slow, fragment(V4, 1, first), 0);
  t.equal(offer(slow, fragment(V4, 1, last), 60_000_001), undefined, 'too late');
  t.match(slow.counts, { timedOut: 1, reassembled: 0 });
  const steady = new Defragmenter();
  offer(steady, fragment(V4, 1, first), 0);
  offer(steady, fragment(V4, 1, first), 50_000_000);
  t.ok(offer(steady, fragment(V4, 1, last), 100_000_000), 'each fragment gives it time');

  const few = new Defragmenter({ ...DEFRAG_DEFAULTS, maxDatagrams: 2 });
  for (const id of [1, 2, 3]) offer(few, fragment(V4, id, first));
  t.equal(offer(few, fragment(V4, 3, last))?.isReassembled, true, 'the newest stays');
  t.equal(offer(few, fragment(V4, 1, last)), undefined, 'the oldest went');
  t.equal(few.counts.evicted, 1);

  const small = new Defragmenter({ ...DEFRAG_DEFAULTS, maxBytes: 10_000 });
  for (let id = 0; id < 5000; id++) offer(small, fragment(V4, id, first));
  t.ok(small.heldBytes <= 10_000);
  t.equal(small.counts.evicted + Math.round(small.heldBytes / 216), 5000);

  const same = new Defragmenter({ ...DEFRAG_DEFAULTS, policy4: 'bsd-right' });
  for (let n = 0; n < 5000; n++) offer(same, fragment(V4, 1, first));
  t.ok(same.heldBytes < 300_000, 'one datagram cannot hold everything');
  t.ok(same.counts.refused > 3000);
  t.equal(offer(same, fragment(V4, 2, { offset: 65_528, bytes: new Uint8Array(200), more: false })), undefined);
});

t.test('overlaps of many fragments come out as Suricata 7.0.10 has them', async (t) => {
  const text = readFileSync(new URL('overlaps-by-suricata.txt', import.meta.url), 'utf8');
  const rows = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  t.ok(rows.length >= 120);
  for (const row of rows) {
    const [policy, arrivals, owners] = row.split(' | ') as [OverlapPolicy, string, string];
    const into = new Defragmenter({ ...DEFRAG_DEFAULTS, policy4: policy, policy6: policy });
    const results = arrivals.split(' ').map((arrival, index) => {
      const [, unit, units, last] = /^(\d+)\+(\d+)(\.?)$/.exec(arrival)!;
      const bytes = new Uint8Array(Number(units) * 8).fill(index);
      return offer(into, fragment(V4, 1, { offset: Number(unit) * 8, bytes, more: last === '' }));
    });
    const whole = results.findLast((result) => result !== undefined)!;
    const body = whole.bytes.subarray(24);
    t.equal(Array.from({ length: 10 }, (_, unit) => body[8 * (unit + 1)]).join(' '), owners, row);
  }
});

t.test('whatever fragments come, no byte of the result is from elsewhere', async (t) => {
  let whole = 0;
  fc.assert(
    fc.property(
      fc.constantFrom(...OVERLAP_POLICIES),
      fc.constantFrom(V4, V6),
      fc.array(fc.tuple(fc.nat(12), fc.integer({ min: 1, max: 5 }), fc.boolean()), { minLength: 1, maxLength: 20 }),
      (policy, ends, spans) => {
        const into = new Defragmenter({ ...DEFRAG_DEFAULTS, policy4: policy, policy6: policy });
        const pieces = [[0, 3, true] as const, ...spans].map(([unit, units, more], index) => ({
          offset: unit * 8,
          bytes: new Uint8Array(units * 8).fill(index + 1),
          more,
        }));
        for (const [index, piece] of pieces.entries()) {
          const result = offer(into, fragment(ends, 1, piece));
          if (result === undefined) continue;
          whole++;
          const body = result.bytes.subarray(result.ipAt + (ends === V4 ? 24 : 48), result.end);
          for (const [at, owner] of body.entries()) {
            const from = pieces[owner - 1];
            // A hole that trimming left is zero.
            if (owner === 0) continue;
            t.ok(from !== undefined && owner - 1 <= index && from.offset <= at && at < from.offset + from.bytes.length);
          }
          t.equal(into.heldBytes, 0);
          return;
        }
      },
    ),
    { numRuns: 500 },
  );
  t.ok(whole > 50, String(whole));
});

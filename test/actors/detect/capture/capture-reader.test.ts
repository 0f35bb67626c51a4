import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import t from 'tap';
import { CaptureReader, linkTypes } from '../../../../actors/detect/capture/index.ts';
import { MsecError } from '../../../../engine/index.ts';
import { needs } from '../../../support/needs.ts';
import { block, captureFiles, pcapngSection, pcapOf, readAll, type SimplePacket } from '../captures.ts';

const packetsOf = fc.array(
  fc.record({
    timeUs: fc.integer({ min: 0, max: 4_000_000_000_000_000 }),
    linkType: fc.constant(linkTypes.LINK_ETHERNET),
    wireLength: fc.integer({ min: 0, max: 70_000 }),
    bytes: fc.uint8Array({ maxLength: 90 }),
  }),
  { minLength: 1, maxLength: 8 },
);
const plain = (packets: readonly SimplePacket[]): unknown[] =>
  packets.map(({ bytes, ...rest }) => ({ ...rest, bytes: [...bytes] }));

t.test('a pcap file gives back what was written, in any byte order, unit and piece', async (t) => {
  fc.assert(
    fc.property(packetsOf, fc.boolean(), fc.boolean(), fc.integer({ min: 1, max: 64 }), (packets, isBig, isNano, n) => {
      t.strictSame(plain(readAll(pcapOf(packets, { isBig, isNano }), n)), plain(packets));
    }),
    { numRuns: 200 },
  );
});

t.test('so does pcapng, over sections that differ in byte order', async (t) => {
  // 6 and 9 are powers of ten; 0xa0 is 2^32 units a second, whose microseconds are rounded down.
  fc.assert(
    fc.property(
      packetsOf,
      packetsOf,
      fc.boolean(),
      fc.constantFrom(6, 9),
      fc.integer({ min: 1, max: 64 }),
      (...given) => {
        const [first, second, isBig, resolution, pieceBytes] = given;
        const file = Buffer.concat([pcapngSection(first, isBig, resolution), pcapngSection(second, !isBig, 6)]);
        t.strictSame(plain(readAll(file, pieceBytes)), plain([...first, ...second]));
      },
    ),
    { numRuns: 200 },
  );
});

t.test('a clock in powers of two, and simple packets without a time', async (t) => {
  const packet = { timeUs: 1_700_000_000_500_000, linkType: 1, wireLength: 3, bytes: Uint8Array.of(1, 2, 3) };
  const file = pcapngSection([packet], false, 0x80 | 20);
  t.strictSame(plain(readAll(file)), plain([packet]));
  const simple = block(3, Uint8Array.of(3, 0, 0, 0, 7, 8, 9), false);
  const both = Buffer.concat([file, simple]);
  t.strictSame(plain(readAll(both)).at(-1), { timeUs: 0, linkType: 1, wireLength: 3, bytes: [7, 8, 9] });
});

t.test('a damaged file gives the packets before the damage, then its place', async (t) => {
  const packet = { timeUs: 5, linkType: 1, wireLength: 4, bytes: Uint8Array.of(1, 2, 3, 4) };
  const file = pcapOf([packet, packet, packet], { isBig: false, isNano: false });
  new DataView(file.buffer).setUint32(24 + 40 + 8, 0x7fffffff, true);
  const reader = new CaptureReader();
  reader.push(file);
  t.ok(reader.next() && reader.next());
  t.throws(() => reader.next(), { code: 'CAPTURE_INVALID', byteOffset: 24 + 40 + 8 });
});

t.test('a file that ends within a packet is refused at its end, after the packets before', async (t) => {
  const packet = { timeUs: 5, linkType: 1, wireLength: 4, bytes: Uint8Array.of(1, 2, 3, 4) };
  for (const file of [pcapOf([packet, packet], { isBig: true, isNano: true }), pcapngSection([packet], true, 6)]) {
    const reader = new CaptureReader();
    reader.push(file.subarray(0, -1));
    while (reader.next());
    t.throws(() => reader.finish(), { code: 'CAPTURE_INVALID', byteOffset: file.length - 1 });
  }
  t.throws(() => readAll(Buffer.from('GIF89a and no capture at all')), { code: 'CAPTURE_INVALID', byteOffset: 0 });
  t.throws(() => readAll(Buffer.of()), { code: 'CAPTURE_INVALID', byteOffset: 0, message: /empty/ });
});

t.test(
  'mutated captures end in packets or in CAPTURE_INVALID, never in another failure or an endless loop',
  async (t) => {
    if (!needs(t, 'shared-data')) return;
    const files = captureFiles().map((path) => readFileSync(path));
    let refused = 0;
    fc.assert(
      fc.property(
        fc.constantFrom(...files),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 100, max: 5000 }),
        (file, changes, pieceBytes) => {
          const bytes = Uint8Array.from(file);
          // Half of the changes hit the first 200 bytes, where the headers are.
          changes.forEach(([at, value], index) => {
            bytes[at % (index % 2 === 0 ? Math.min(200, bytes.length) : bytes.length)] = value;
          });
          try {
            readAll(bytes, pieceBytes);
          } catch (thrown) {
            if (!(thrown instanceof MsecError) || thrown.code !== 'CAPTURE_INVALID') throw thrown;
            refused++;
          }
        },
      ),
      { numRuns: 2000 },
    );
    t.ok(refused > 100, 'damage was met');
  },
);

t.test('the captures of the reference data are read to their ends', async (t) => {
  if (!needs(t, 'shared-data')) return;
  for (const path of captureFiles()) t.ok(readAll(readFileSync(path), 1000).length > 0, path);
});

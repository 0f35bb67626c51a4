import fc from 'fast-check';
import t from 'tap';
import { AddressIndex } from '../../../../actors/detect/inspect/address-index.ts';
import { headerOf, matchesHeader } from '../../../../actors/detect/inspect/header.ts';
import type { Signature } from '../../../../actors/detect/inspect/signature.ts';
import { Packet } from '../../../../actors/detect/packet/index.ts';
import { parseRule } from '../../../../actors/detect/rules/parse-rule.ts';
import { variables } from '../../../../actors/detect/rules/variables.ts';

/** As much of a signature as the index looks at. */
function signatures(sides: readonly (readonly [string, string])[]): Signature[] {
  return sides.map(([source, destination], order) => {
    const rule = parseRule(`alert ip ${source} any -> ${destination} any (sid:${order + 1};)`, variables());
    return { order, rule, header: headerOf(rule, null, false) } as Signature;
  });
}

function found(index: AddressIndex, packet: Packet): Signature[] {
  const count = index.find(packet);
  return Array.from({ length: count }, (_, i) => index.at(i));
}

function packetOf(ipVersion: 4 | 6, source: readonly number[], destination: readonly number[]): Packet {
  const packet = new Packet();
  const [src0 = 0, src1 = 0, src2 = 0, src3 = 0] = source;
  const [dst0 = 0, dst1 = 0, dst2 = 0, dst3 = 0] = destination;
  // Words as the decoder leaves them: signed.
  return Object.assign(packet, { ipVersion, src0, src1, src2, src3, dst0, dst1, dst2, dst3 });
}

const octet = fc.constantFrom(0, 1, 2, 127, 128, 254, 255);
const v4 = fc.tuple(octet, octet, octet, octet).map((parts) => parts.join('.'));
const v4Item = fc.oneof(
  v4,
  fc.tuple(v4, fc.integer({ min: 0, max: 32 })).map(([address, bits]) => `${address}/${bits}`),
  fc.tuple(v4, v4).map(([a, b]) => (numberOf(a) <= numberOf(b) ? `${a}-${b}` : `${b}-${a}`)),
);
const group = fc.constantFrom('0', '1', '8000', 'ffff');
const v6 = fc.array(group, { minLength: 8, maxLength: 8 }).map((parts) => parts.join(':'));
const v6Item = fc.tuple(v6, fc.integer({ min: 0, max: 128 })).map(([address, bits]) => `${address}/${bits}`);
const side = fc.oneof(
  { weight: 1, arbitrary: fc.constant('any') },
  { weight: 3, arbitrary: fc.array(fc.oneof(v4Item, v6Item), { minLength: 1, maxLength: 4 }).map((all) => `[${all}]`) },
);
const numberOf = (address: string): number => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
const word = fc.tuple(octet, octet, octet, octet).map(([a, b, c, d]) => (a << 24) | (b << 16) | (c << 8) | d);
const word6 = fc.tuple(group, group).map(([a, b]) => (Number.parseInt(a, 16) << 16) | Number.parseInt(b, 16));
const words6 = fc.tuple(word6, word6, word6, word6);
const packet = fc.oneof(
  fc.tuple(word, word).map(([a, b]) => packetOf(4, [a], [b])),
  fc.tuple(words6, words6).map(([a, b]) => packetOf(6, a, b)),
);

t.test('every rule whose header holds is found, once and in the order of the rules', async (t) => {
  let matches = 0;
  fc.assert(
    fc.property(
      fc.array(fc.tuple(side, side), { minLength: 1, maxLength: 12 }),
      fc.array(packet, { minLength: 1, maxLength: 20 }),
      (sides, packets) => {
        const rules = signatures(sides);
        const index = new AddressIndex(rules);
        for (const one of packets) {
          const all = found(index, one);
          const expected = rules.filter(({ header }) => matchesHeader(header, one));
          matches += expected.length;
          const sure = all.filter(({ header }) => matchesHeader(header, one));
          if (sure.length !== expected.length || sure.some((rule, i) => rule !== expected[i])) return false;
          if (all.some((rule, i) => i > 0 && rule.order <= all[i - 1]!.order)) return false;
        }
        return true;
      },
    ),
    { numRuns: 400 },
  );
  t.ok(matches > 1_000, `${matches} matches were among them`);
});

t.test('a rule stands under the addresses of its smaller side', async (t) => {
  const index = new AddressIndex(
    signatures([
      ['10.0.0.0/8', '192.0.2.7'],
      ['any', 'any'],
      ['192.0.2.9', '10.0.0.0/8'],
    ]),
  );
  const ofPacket = (source: number, destination: number): number[] =>
    found(index, packetOf(4, [source], [destination])).map(({ order }) => order);
  t.same(ofPacket(0x0a000001, 0x0a000002), [1], 'of the large group alone nothing is asked');
  t.same(ofPacket(0x0a000001, 0xc0000207 | 0), [0, 1]);
  t.same(ofPacket(0xc0000209 | 0, 0x0a000002), [1, 2]);
  // Each word of an address of IPv6 tells what is beyond it from what is not.
  for (const bits of [16, 48, 80, 112]) {
    const six = new AddressIndex(signatures([[`1:1:1:1:1:1:1:1/${bits}`, 'any']]));
    const words = [0x1_0001, 0x1_0001, 0x1_0001, 0x1_0001];
    t.equal(six.find(packetOf(6, words, [])), 1, `/${bits}`);
    const beside = words.map((word, i) => (i === Math.floor(bits / 32) ? word + 0x1_0000 : word));
    t.equal(six.find(packetOf(6, beside, [])), 0, `/${bits}, beside it`);
  }
});

import fc from 'fast-check';
import t from 'tap';
import { encodeEnvelope, hasMacAddress, type PayloadPrivacy, shouldSeal } from '../../../schemas/envelope/index.ts';

const MAC = fc.stringMatching(/^([0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}$/);
const found = (bytes: Uint8Array): boolean => hasMacAddress(bytes, 0, bytes.length);

t.test('addresses are found in every usual form, whatever stands around them', async (t) => {
  const shapes: ((mac: string) => string | Buffer)[] = [
    (mac) => mac,
    (mac) => mac.replaceAll(':', '-'),
    (mac) => mac.replaceAll(':', '.'),
    (mac) => mac.replaceAll(':', ' '),
    (mac) => mac.replaceAll(':', ''),
    (mac) => mac.replaceAll(':', '').replace(/(....)(....)(....)/, '$1.$2.$3'),
    (mac) => `x${mac}@-41`,
    (mac) => `SN@WIFI@1\n${mac}@-41\n`,
    (mac) => `0x${mac}`,
    (mac) => `${mac}ff`,
    (mac) => `00:${mac}`,
    (mac) => `::${mac}`,
    (mac) => Buffer.from(mac, 'utf16le'),
    (mac) => Buffer.from(mac, 'utf16le').swap16(),
  ];
  fc.assert(
    fc.property(MAC, fc.nat(shapes.length - 1), (mac, shape) => {
      const made = shapes[shape]?.(mac) ?? '';
      return found(typeof made === 'string' ? Buffer.from(made) : made);
    }),
    { numRuns: 500 },
  );
  t.pass();
});

t.test('frames and texts without an address are let through', async (t) => {
  const enmon = Buffer.from('01001c00000000383637373233303330303430333330000dd00040007c0235', 'hex');
  t.notOk(found(enmon));
  t.notOk(found(Buffer.concat([enmon, enmon, enmon])));
  t.notOk(found(enmon.subarray(0, 20)));
  for (const text of [
    '',
    'hello world',
    '2026-11-23T12:00:00',
    '12:34:56',
    '00000006956C35F',
    '127.0.0.1',
    'a:b:c:d:e:f',
  ]) {
    t.notOk(found(Buffer.from(text)), text);
  }
});

const matching: PayloadPrivacy = { personal: false, matches: () => true };
const other: PayloadPrivacy = { personal: false, matches: () => false };
const mac = Buffer.from('CC:4B:73:64:59:66');

t.test('personal types are always sealed', async (t) => {
  t.ok(shouldSeal({ personal: true, matches: () => true }, true, new Uint8Array(0), 'd'));
  t.ok(shouldSeal({ personal: true, matches: () => true }, false, new Uint8Array(0), 'd'));
});

t.test('of others only what is not of their type and may hold an address', async (t) => {
  const envelope = (payload: Uint8Array) => encodeEnvelope({ deviceId: 'd', bootEpoch: 0, sequence: 0, payload });
  t.notOk(shouldSeal(matching, true, envelope(mac), 'd'), 'the type vouches for it');
  t.ok(shouldSeal(other, true, envelope(mac), 'd'));
  t.notOk(shouldSeal(other, true, envelope(Buffer.from('garbage')), 'd'));
  t.ok(shouldSeal(matching, true, mac, 'd'), 'no envelope: nothing vouches for it');
  t.ok(shouldSeal(matching, true, Buffer.concat([envelope(mac), mac]), 'd'), 'nor for what stands behind it');
  t.notOk(shouldSeal(matching, false, mac, 'd'));
  t.ok(shouldSeal(other, false, mac, 'd'));
});

t.test(
  'an address in the name or the signature of a frame whose payload is good is sealed, but not its own name',
  async (t) => {
    const named = (deviceId: string) => encodeEnvelope({ deviceId, bootEpoch: 0, sequence: 0, payload: Buffer.of(1) });
    t.ok(shouldSeal(matching, true, named('CC:4B:73:64:59:66'), 'd'));
    t.notOk(shouldSeal(matching, true, named('CC:4B:73:64:59:66'), 'CC:4B:73:64:59:66'));
    t.notOk(shouldSeal(matching, true, named('e'), 'd'));
    const signed = Buffer.concat([named('d'), Buffer.alloc(64, 1)]);
    signed.set([1, 1], 3);
    t.notOk(shouldSeal(matching, true, signed, 'd'));
    signed.set(mac, signed.length - 64);
    t.ok(shouldSeal(matching, true, signed, 'd'));
  },
);

t.test('only the payload is shown to the type', async (t) => {
  const seen: string[] = [];
  const privacy: PayloadPrivacy = {
    personal: false,
    matches: (bytes, start, end) => seen.push(Buffer.from(bytes.subarray(start, end)).toString()) > 0,
  };
  const payload = Buffer.from('payload');
  shouldSeal(privacy, true, encodeEnvelope({ deviceId: 'd', bootEpoch: 0, sequence: 0, payload }), 'd');
  shouldSeal(privacy, false, payload, 'd');
  t.same(seen, ['payload', 'payload']);
});

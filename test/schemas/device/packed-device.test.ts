import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import t from 'tap';
import { MsecError } from '../../../engine/base/index.ts';
import {
  checkDeviceRecord,
  type DeviceKey,
  type DeviceRecord,
  KEY_MODES,
  packDevice,
  unpackDevice,
} from '../../../schemas/device/index.ts';

const hex = (bytes: number) =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((some) => Buffer.from(some).toString('hex'));
const moment = fc.nat(253_402_300_799_999 - 1);
const point = fc.uint8Array({ minLength: 64, maxLength: 64 });
const P256 = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d03010703420004', 'hex');
const ED25519 = Buffer.from('302a300506032b6570032100', 'hex');
const base64 = (...parts: Uint8Array[]) => Buffer.concat(parts).toString('base64');

const key: fc.Arbitrary<DeviceKey> = fc
  .record({
    keyId: hex(8),
    isEd25519: fc.boolean(),
    bytes: point,
    odd: fc.option(fc.uint8Array({ minLength: 1, maxLength: 300 }), { nil: undefined }),
    state: fc.constantFrom('active' as const, 'retired' as const),
    modes: fc.option(fc.subarray([...KEY_MODES], { minLength: 1 }), { nil: undefined }),
    notBeforeMs: fc.option(moment, { nil: undefined }),
    validMs: fc.option(fc.integer({ min: 1, max: 1_000_000 }), { nil: undefined }),
  })
  .map(({ keyId, isEd25519, bytes, odd, state, modes, notBeforeMs, validMs }) => {
    const plain = isEd25519 ? base64(ED25519, bytes.subarray(0, 32)) : base64(P256, bytes);
    const notAfterMs = validMs === undefined ? undefined : Math.min((notBeforeMs ?? 0) + validMs, 253_402_300_799_999);
    const allowed = modes?.filter((mode) => !isEd25519 || mode !== 'session');
    return {
      keyId,
      algorithm: isEd25519 ? 'ed25519' : 'ecdsa-p256-sha256',
      publicKey: odd === undefined ? plain : base64(odd),
      state,
      ...(allowed === undefined || allowed.length === 0 ? {} : { modes: allowed }),
      ...(notBeforeMs === undefined ? {} : { notBeforeMs }),
      ...(notAfterMs === undefined ? {} : { notAfterMs }),
    };
  });

const attestationKey = fc.uint8Array({ minLength: 3, maxLength: 700 }).map((some) => base64(some));

const whole: fc.Arbitrary<DeviceRecord> = fc.record({
  version: fc.constant(1 as const),
  deviceId: fc.constant('d'),
  revision: fc.maxSafeNat(),
  type: fc.stringMatching(/^[a-z][a-z0-9-]{0,31}$/),
  state: fc.constantFrom('active' as const, 'revoked' as const),
  keys: fc.array(key, { maxLength: 8 }),
  identity: fc.stringMatching(/^[!-~]{1,64}$/),
  timeZone: fc.constantFrom('UTC', 'Europe/Madrid', 'America/Argentina/ComodRivadavia'),
  credentialHash: fc.option(hex(32)),
  tagKey: hex(8),
  resetCount: fc.nat(),
  createdAtMs: moment,
});

const place = fc.record({
  latitude: fc.double({ min: -90, max: 90, noNaN: true }).map((degrees) => degrees + 0),
  longitude: fc.double({ min: -180, max: 180, noNaN: true }).map((degrees) => degrees + 0),
});

const device = fc
  .tuple(
    whole,
    fc.option(attestationKey, { nil: undefined }),
    fc.option(place, { nil: undefined }),
    fc.option(fc.stringMatching(/^[!-~]{1,64}$/), { nil: undefined }),
  )
  .map(([record, proving, where, batch]) => ({
    ...record,
    ...(proving === undefined ? {} : { attestationKey: proving }),
    ...(where === undefined ? {} : { place: where }),
    ...(batch === undefined ? {} : { batch }),
  }));

t.test('whatever a device record may hold comes back equal', async (t) => {
  fc.assert(
    fc.property(device, fc.nat(9), (record, shift) => {
      const packed = packDevice(checkDeviceRecord(record));
      const placed = new Uint8Array(packed.length + shift + 3);
      placed.set(packed, shift);
      const unpacked = { version: 1, deviceId: 'd', ...unpackDevice(placed, shift, shift + packed.length) };
      t.strictSame(unpacked, JSON.parse(JSON.stringify(record)));
    }),
  );
});

t.test('what is cut off, or goes on, is refused and read no further', async (t) => {
  fc.assert(
    fc.property(device, fc.nat(10_000), (record, cut) => {
      const packed = packDevice(record);
      for (const bytes of [packed.subarray(0, cut % packed.length), Buffer.concat([packed, Buffer.of(0)])]) {
        try {
          unpackDevice(bytes);
          t.fail(`${bytes.length} of ${packed.length} bytes passed`);
        } catch (thrown) {
          t.equal((thrown as MsecError).code, 'STATE_CORRUPT');
        }
      }
    }),
  );
});

t.test('noise either is a device or is refused with its place', async (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      try {
        unpackDevice(bytes);
      } catch (thrown) {
        t.ok(thrown instanceof MsecError && thrown.code === 'STATE_CORRUPT');
      }
    }),
    { numRuns: 2000 },
  );
});

t.test('an EnMon monitor with one key takes less than 160 bytes, and 40 less without its token', async (t) => {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const spki = publicKey.export({ format: 'der', type: 'spki' });
  const record: DeviceRecord = {
    ...{ version: 1, deviceId: 'roof-7', revision: 1, type: 'enmon', state: 'active', resetCount: 0 },
    keys: [
      {
        keyId: '0123456789abcdef',
        algorithm: 'ecdsa-p256-sha256',
        publicKey: spki.toString('base64'),
        state: 'active',
      },
    ],
    ...{ identity: '867723030040330', timeZone: 'UTC', tagKey: '0123456789abcdef', createdAtMs: 1_764_000_000_000 },
    credentialHash: 'ab'.repeat(32),
  };
  const whole = packDevice(record).length;
  t.ok(whole < 160, `${whole} bytes`);
  t.ok(packDevice({ ...record, credentialHash: null, createdAtMs: 0 }).length < whole - 36);
});

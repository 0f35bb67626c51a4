import t from 'tap';
import { type DeviceRecord, decodeDeviceRecord, encodeDeviceRecord } from '../../../schemas/device/index.ts';

const record: DeviceRecord = {
  version: 1,
  deviceId: 'enmon-1',
  revision: 3,
  type: 'enmon',
  state: 'active',
  keys: [
    { keyId: '0123456789abcdef', algorithm: 'ecdsa-p256-sha256', publicKey: 'AAAA', state: 'active' },
    { keyId: 'fedcba9876543210', algorithm: 'ecdsa-p256-sha256', publicKey: 'AAA=', state: 'retired' },
  ],
  identity: '867723030040330',
  timeZone: 'Europe/Madrid',
  credentialHash: 'a'.repeat(64),
  tagKey: '0'.repeat(16),
  resetCount: 0,
  createdAtMs: 1_795_000_000_000,
};

t.test('a record is read back as it was written', async (t) => {
  t.same(decodeDeviceRecord(encodeDeviceRecord(record)), record);
  const legacy = { ...record, keys: [], credentialHash: null };
  const framed = Uint8Array.of(16, ...encodeDeviceRecord(legacy), 0);
  t.same(decodeDeviceRecord(framed, 1, framed.length - 1), legacy);
});

t.test('each field is checked, by name, and none may be added or left out', async (t) => {
  const key = record.keys[0];
  const cases: [string, object][] = [
    ['version', { version: 2 }],
    ['deviceId', { deviceId: 'a b' }],
    ['revision', { revision: -1 }],
    ['type', { type: 'EnMon' }],
    ['state', { state: 'gone' }],
    ['keys', { keys: {} }],
    ['keys', { keys: Array(9).fill(key) }],
    ['keys[0]', { keys: [7] }],
    ['keys[0].keyId', { keys: [{ ...key, keyId: 'x' }] }],
    ['keys[0].algorithm', { keys: [{ ...key, algorithm: 'rsa' }] }],
    ['keys[0].publicKey', { keys: [{ ...key, publicKey: '!' }] }],
    ['keys[0].state', { keys: [{ ...key, state: 'lost' }] }],
    ['keys[0].more', { keys: [{ ...key, more: 1 }] }],
    ['identity', { identity: '' }],
    ['identity', { identity: 'a\nb' }],
    ['timeZone', { timeZone: 'Mars/Base' }],
    ['timeZone', { timeZone: 0 }],
    ['credentialHash', { credentialHash: 'A'.repeat(64) }],
    ['tagKey', { tagKey: '' }],
    ['resetCount', { resetCount: 0.5 }],
    ['createdAtMs', { createdAtMs: '0' }],
    ['record.more', { more: 1 }],
    ['place', { place: null }],
    ['batch', { batch: '' }],
    ['batch', { batch: 'two words' }],
    ['batch', { batch: 7 }],
    ['place.latitude', { place: { latitude: 90.01, longitude: 0 } }],
    ['place.longitude', { place: { latitude: 0, longitude: -181 } }],
    ['place.longitude', { place: { latitude: 0 } }],
    ['place.latitude', { place: { latitude: '40', longitude: 0 } }],
    ['place.height', { place: { latitude: 0, longitude: 0, height: 3 } }],
  ];
  for (const [field, change] of cases) {
    const bytes = Buffer.from(JSON.stringify({ ...record, ...change }));
    t.throws(() => decodeDeviceRecord(bytes), { code: 'DEVICE_INVALID', field }, field);
  }
  for (const name of Object.keys(record)) {
    const bytes = Buffer.from(JSON.stringify({ ...record, [name]: undefined }));
    t.throws(() => decodeDeviceRecord(bytes), { code: 'DEVICE_INVALID', field: name }, `without ${name}`);
  }
});

t.test('what is no JSON, or no object, is refused', async (t) => {
  for (const text of ['', '{', 'null', '[]', '7', '"x"', '\ud800']) {
    t.throws(() => decodeDeviceRecord(Buffer.from(text)), { code: 'DEVICE_INVALID' }, text);
  }
  t.throws(() => decodeDeviceRecord(Uint8Array.of(0x22, 0xff, 0x22)), { code: 'DEVICE_INVALID' });
});

import t from 'tap';
import { packedTextCodec } from '../../../actors/verify/known-device.ts';
import { KnownDevices } from '../../../actors/verify/known-devices.ts';
import { verifyState } from '../../../actors/verify/verify.ts';
import { ByteWriter } from '../../../engine/base/index.ts';
import { KeyTable } from '../../../engine/batch/index.ts';
import type { RowStore } from '../../../engine/index.ts';
import { StageState, type ValueStore } from '../../../engine/state/index.ts';
import { Device } from '../city.ts';

function known(openMax: number) {
  const keys = new KeyTable();
  const { stores } = new StageState(verifyState, ['frames'], keys);
  const devices = stores.devices as ValueStore<string>;
  const idOf = (name: string) => keys.intern(Buffer.from(name), 0, name.length);
  return { devices, idOf, known: new KnownDevices(devices, stores.sequences as RowStore, openMax) };
}

t.test('as many devices as allowed are kept open, and the others are opened again', async (t) => {
  const { known: table, idOf } = known(3);
  const all = Array.from({ length: 7 }, (_, i) => new Device(`d${i}`));
  for (const device of all) table.setDevice(idOf(device.id), device.record);
  const opened = all.slice(0, 3).map(({ id }) => table.device(idOf(id)));
  t.ok(
    opened.every((device, i) => table.device(idOf(`d${i}`)) === device),
    'the same objects',
  );
  table.device(idOf('d3'));
  t.not(table.device(idOf('d0')), opened[0], 'the first one had to leave');
  for (const round of [1, 2]) {
    for (const { id, keyId, record } of all) {
      const device = table.device(idOf(id));
      t.match(device?.facts, { type: 'enmon', identity: record.identity, timeZone: 'UTC' }, `${id}, round ${round}`);
      t.ok(device?.key(keyId.readUInt32BE(), keyId.readUInt32BE(4))?.object, 'its key works');
    }
  }
});

t.test('a changed record is what is opened next, also after a rollback', async (t) => {
  const { known: table, devices, idOf } = known(3);
  const device = new Device('d');
  table.setDevice(idOf('d'), device.record);
  devices.settle();
  t.equal(table.device(idOf('d'))?.isActive, true);
  const mark = [devices.slotsMark, devices.blocksMark] as const;
  table.setDevice(idOf('d'), { ...device.record, state: 'revoked' });
  t.equal(table.device(idOf('d'))?.isActive, false);
  devices.rollback(...mark);
  table.forget(idOf('d'));
  t.equal(table.device(idOf('d'))?.isActive, true);
});

t.test('the state goes through its codec unchanged, and without what only bridges need', async (t) => {
  const { known: table, devices, idOf } = known(3);
  const device = new Device('d');
  table.setDevice(idOf('d'), { ...device.record, credentialHash: 'ab'.repeat(32) });
  const writer = new ByteWriter();
  const value = devices.get(idOf('d')) as string;
  packedTextCodec.encode(value, writer);
  const bytes = Buffer.concat([Buffer.of(1, 2, 3), writer.take(), Buffer.of(4)]);
  t.equal(packedTextCodec.decode(bytes, 3, bytes.length - 1), value);
  t.notOk(bytes.includes(Buffer.alloc(32, 0xab)));
  t.throws(() => packedTextCodec.decode(bytes, 3, bytes.length), { code: 'STATE_CORRUPT' });
});

import { createPublicKey } from 'node:crypto';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { loadConfig } from '../../../cli/config/index.ts';
import { BATCH_FRAMES, LoadFleet, type Signing } from '../../../cli/load/load-fleet.ts';
import { loadTypes } from '../../../cli/load/synthetic-frames.ts';
import { systemClock } from '../../../engine/index.ts';
import { EnvelopeView, KIND_ENVELOPE, KIND_SEALED_ENVELOPE, KIND_UNSIGNED } from '../../../schemas/envelope/index.ts';
import { DeviceService } from '../../../services/devices/index.ts';
import { memoryLog } from '../../services/memory-log.ts';

async function fleetOf(t: Test, signed: Signing, types: readonly string[], devices = 3) {
  const cwd = t.testdir({});
  const log = await memoryLog(4);
  t.teardown(() => log.close());
  const { config } = loadConfig(undefined, cwd);
  const keysFolder = join(cwd, 'keys');
  const options = { devices, types: loadTypes(config, types), signed, partitions: 4, keysFolder, clock: systemClock };
  const fleet = await LoadFleet.enrol(log, options);
  const service = await DeviceService.open({ log, clock: systemClock });
  t.teardown(() => service.close());
  return { fleet, devices: await service.page('', 1_000) };
}

t.test('signed frames are each device’s own, one sequence after the other, over any preparations', async (t) => {
  const { fleet, devices } = await fleetOf(t, 'each', ['enmon']);
  const sequences = new Map<string, number[]>();
  const view = new EnvelopeView(4096);
  for (const [prepared, taken] of [
    [7, 5],
    [4, 4],
    [1, 1],
    [30, 30],
  ] as const) {
    fleet.prepare(prepared);
    t.ok(fleet.ready >= taken);
    for (let i = 0; i < taken; i++) {
      const { device, value } = fleet.next();
      if (value[0] !== KIND_ENVELOPE || !view.tryParse(value, 1, value.length)) throw new Error('no envelope');
      const id = new TextDecoder().decode(device.key);
      t.equal(view.deviceId(), id);
      sequences.set(id, [...(sequences.get(id) ?? []), view.sequence]);
      const known = devices.find(({ deviceId }) => deviceId === id)!;
      t.equal(view.keyId(), known.keys[0]?.keyId);
    }
  }
  t.same([...sequences.keys()].toSorted(), devices.map(({ deviceId }) => deviceId).toSorted());
  for (const sent of sequences.values())
    t.same(
      sent,
      sent.map((_, i) => i),
    );
  for (const { keys } of devices)
    t.ok(createPublicKey({ key: Buffer.from(keys[0]!.publicKey, 'base64'), format: 'der', type: 'spki' }));
});

t.test('a batch is signed once, and the next one goes on behind its last frame', async (t) => {
  const { fleet, devices } = await fleetOf(t, 'batch', ['enmon']);
  const view = new EnvelopeView(8192);
  const ends = new Map<string, number>();
  fleet.prepare(5 * BATCH_FRAMES + 1);
  t.equal(fleet.ready, 6 * BATCH_FRAMES);
  for (let i = 0; i < 6; i++) {
    const { device, value } = fleet.next();
    if (value[0] !== KIND_ENVELOPE || !view.tryParse(value, 1, value.length)) throw new Error('no envelope');
    const id = new TextDecoder().decode(device.key);
    t.equal(view.count, BATCH_FRAMES);
    t.equal(view.sequence, ends.get(id) ?? 0);
    ends.set(id, view.sequence + BATCH_FRAMES);
    const known = devices.find(({ deviceId }) => deviceId === id)!;
    t.same(known.keys[0]?.modes, ['batch']);
  }
  t.equal(ends.size, 3);
});

t.test('unsigned frames come again and again, in turn', async (t) => {
  const { fleet, devices } = await fleetOf(t, 'none', ['enmon']);
  t.same(
    devices.map(({ credentialHash }) => credentialHash),
    [null, null, null],
  );
  fleet.prepare(1);
  const ids = Array.from({ length: 100 }, () => {
    const { device, value } = fleet.next();
    t.equal(value[0], KIND_UNSIGNED);
    return new TextDecoder().decode(device.key);
  });
  t.same(
    ids.map((id) => id.slice(-1)),
    ids.map((_, i) => ids[i % 3]!.slice(-1)),
  );
  t.equal(new Set(ids).size, 3);
});

t.test('personal frames are sealed', async (t) => {
  const { fleet } = await fleetOf(t, 'each', ['crowd']);
  fleet.prepare(10);
  for (let i = 0; i < 10; i++) t.equal(fleet.next().value[0], KIND_SEALED_ENVELOPE);
});

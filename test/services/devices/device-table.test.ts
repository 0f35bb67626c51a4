import fc from 'fast-check';
import t from 'tap';
import { seededRandom } from '../../../engine/base/index.ts';
import type { DeviceRecord } from '../../../schemas/device/index.ts';
import { DeviceTable } from '../../../services/devices/device-table.ts';

function record(deviceId: string, revision: number, type = 'enmon', hasToken = true): DeviceRecord {
  return {
    ...{ version: 1, deviceId, revision, type, state: 'active', keys: [], identity: '1', timeZone: 'UTC' },
    credentialHash: hasToken ? Buffer.alloc(32, revision).toString('hex') : null,
    ...{ tagKey: '0123456789abcdef', resetCount: 0, createdAtMs: 0 },
  };
}

t.test('it answers as a Map of records does, whatever is put in and replaced', async (t) => {
  const ids = fc.constantFrom(...Array.from({ length: 40 }, (_, i) => `device-${i}`), 'a', 'b'.repeat(64));
  const puts = fc.array(fc.tuple(ids, fc.stringMatching(/^[a-z]{1,32}$/), fc.boolean()), { maxLength: 400 });
  fc.assert(
    fc.property(puts, ids, fc.nat(), (list, missing, seed) => {
      const table = new DeviceTable(seededRandom(seed));
      const model = new Map<string, DeviceRecord>();
      for (const [i, [id, type, hasToken]] of list.entries()) {
        const next = record(id, i % 250, type, hasToken);
        table.set(next);
        model.set(id, next);
        t.strictSame(table.get(id), next);
      }
      t.equal(table.size, model.size);
      t.equal(table.has(missing), model.has(missing));
      for (const [id, wanted] of model) {
        t.strictSame(table.get(id), wanted);
        t.equal(table.get(id), table.get(id), 'the same object while it is open');
        const hash = table.credentialOf(id);
        t.equal(hash === null ? null : Buffer.from(hash).toString('hex'), wanted.credentialHash);
      }
      t.equal(table.get('nobody'), undefined);
      t.equal(table.credentialOf('nobody'), null);
      const byId = (a: DeviceRecord, b: DeviceRecord) => (a.deviceId < b.deviceId ? -1 : 1);
      t.strictSame([...table.records()].sort(byId), [...model.values()].sort(byId));
    }),
    { numRuns: 50 },
  );
});

t.test('what was replaced gives its memory back, and more devices than are kept open are found', async (t) => {
  const table = new DeviceTable(seededRandom(1));
  const count = 20_000;
  for (let i = 0; i < count; i++) table.set(record(`enmon-${i}`, 1));
  const before = table.byteLength;
  for (let round = 2; round < 12; round++) {
    for (let i = 0; i < count; i++) table.set(record(`enmon-${i}`, round));
  }
  t.ok(table.byteLength < 2 * before, `${table.byteLength} after ${before} bytes`);
  for (let i = 0; i < count; i++) if (table.get(`enmon-${i}`)?.revision !== 11) t.fail(`enmon-${i}`);
  t.equal(table.size, count);
  table.set(record('enmon-7', 12));
  t.equal(table.get('enmon-7')?.revision, 12, 'one that was open is replaced as well');
});

t.test('records may be walked through while others are put in', async (t) => {
  const table = new DeviceTable(seededRandom(1));
  for (let i = 0; i < 3_000; i++) table.set(record(`d${i}`, 1));
  const seen = new Set<string>();
  for (const { deviceId } of table.records()) {
    seen.add(deviceId);
    table.set(record(deviceId, 2, 'a-longer-name-of-a-type'));
    table.set(record(`new-${deviceId}`, 1));
  }
  for (let i = 0; i < 3_000; i++) if (!seen.has(`d${i}`)) t.fail(`d${i} was left out`);
});

t.test('pages hold every device once, by its id, whatever is put in between two of them', async (t) => {
  const ids = fc.uniqueArray(fc.stringMatching(/^[a-z0-9:.-]{1,6}$/), { maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(ids, ids, fc.integer({ min: 1, max: 20 }), fc.nat(), async (first, more, limit, seed) => {
      const table = new DeviceTable(seededRandom(seed));
      for (const id of first) table.set(record(id, 1));
      const seen: string[] = [];
      for (let after = ''; ; ) {
        const page = await table.page(after, limit);
        t.ok(page.length <= limit);
        seen.push(...page.map(({ deviceId }) => deviceId));
        if (page.length < limit) break;
        after = seen.at(-1)!;
        const next = more.pop();
        if (next !== undefined) table.set(record(next, 2));
      }
      t.same(seen, [...new Set(seen)].sort());
      for (const id of first) if (!seen.includes(id)) t.fail(`${id} was left out`);
      t.same(await table.page('', 1_000), await table.page('', table.size));
      t.equal((await table.page('', 1_000)).length, table.size);
    }),
    { numRuns: 100 },
  );
});

t.test('what is on a page is the newest record, and only what has changed is sorted again', async (t) => {
  const table = new DeviceTable(seededRandom(1));
  for (let i = 0; i < 3_000; i++) table.set(record(`d${String(i).padStart(4, '0')}`, 1));
  t.equal((await table.page('d0998', 2))[0]?.deviceId, 'd0999');
  const sorted = table.byteLength;
  table.set(record('d0999', 2));
  t.match(await table.page('d0998', 1), [{ deviceId: 'd0999', revision: 2 }]);
  t.ok(table.byteLength >= sorted);
  t.same(await table.page('d2999', 5), []);
});

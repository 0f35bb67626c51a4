import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { UTC, zoneOf } from '../../schemas/index.ts';

const MINUTE = 60_000;
const local = (text: string) => Date.parse(`${text}Z`);
const iso = (ms: number) => new Date(ms).toISOString();

t.test('an unknown zone is refused by its name', async (t) => {
  t.throws(() => zoneOf('Europe/Atlantis'), { code: 'CONFIG_INVALID', message: /Europe\/Atlantis/ });
  t.equal(zoneOf('UTC'), UTC);
});

t.test('offsets follow the zone’s rules through the year', async (t) => {
  const madrid = zoneOf('Europe/Madrid');
  t.equal(iso(madrid.toUnixMs(local('2026-01-15T12:00:00'))), '2026-01-15T11:00:00.000Z');
  t.equal(iso(madrid.toUnixMs(local('2026-07-15T12:00:00'))), '2026-07-15T10:00:00.000Z');
  t.equal(iso(zoneOf('Asia/Tokyo').toUnixMs(local('2026-07-15T08:59:59'))), '2026-07-14T23:59:59.000Z');
  t.equal(iso(zoneOf('Asia/Kathmandu').toUnixMs(local('2026-07-15T05:45:00'))), '2026-07-15T00:00:00.000Z');
});

t.test('a skipped time is read with the offset before the change', async (t) => {
  const madrid = zoneOf('Europe/Madrid');
  t.equal(iso(madrid.toUnixMs(local('2026-03-29T01:59:59'))), '2026-03-29T00:59:59.000Z');
  t.equal(iso(madrid.toUnixMs(local('2026-03-29T02:00:00'))), '2026-03-29T01:00:00.000Z');
  t.equal(iso(madrid.toUnixMs(local('2026-03-29T02:59:59'))), '2026-03-29T01:59:59.000Z');
  t.equal(iso(madrid.toUnixMs(local('2026-03-29T03:00:00'))), '2026-03-29T01:00:00.000Z');
});

t.test('a time that occurs twice is the first', async (t) => {
  const madrid = zoneOf('Europe/Madrid');
  t.equal(iso(madrid.toUnixMs(local('2026-10-25T01:59:59'))), '2026-10-24T23:59:59.000Z');
  t.equal(iso(madrid.toUnixMs(local('2026-10-25T02:00:00'))), '2026-10-25T00:00:00.000Z');
  t.equal(iso(madrid.toUnixMs(local('2026-10-25T02:59:59'))), '2026-10-25T00:59:59.000Z');
  t.equal(iso(madrid.toUnixMs(local('2026-10-25T03:00:00'))), '2026-10-25T02:00:00.000Z');
  const howe = zoneOf('Australia/Lord_Howe');
  t.equal(iso(howe.toUnixMs(local('2026-04-05T01:45:00'))), '2026-04-04T14:45:00.000Z', 'a change of half an hour');
});

t.test('an instant’s local time leads back to it, but for the second of two equal hours', async () => {
  const zones = ['Europe/Madrid', 'America/St_Johns', 'Australia/Lord_Howe', 'Africa/Casablanca', 'Pacific/Apia'].map(
    zoneOf,
  );
  const instants = fc.integer({ min: Date.UTC(2000, 0, 1) / MINUTE, max: Date.UTC(2060, 0, 1) / MINUTE });
  fc.assert(
    fc.property(fc.constantFrom(...zones), instants, (zone, minutes) => {
      const at = minutes * MINUTE;
      const shown = zone.toLocalMs(at);
      const back = zone.toUnixMs(shown);
      assert.equal(zone.toLocalMs(back), shown, `${zone.name} ${iso(at)}`);
      assert.ok(back === at || back === at - 60 * MINUTE || back === at - 30 * MINUTE, `${zone.name} ${iso(at)}`);
    }),
    { numRuns: 400 },
  );
});

t.test('what is remembered gives the same answer as what is asked', async () => {
  const kept = zoneOf('Europe/Madrid');
  const minutes = fc.integer({ min: Date.UTC(2026, 2, 27) / MINUTE, max: Date.UTC(2026, 2, 31) / MINUTE });
  fc.assert(
    fc.property(minutes, (minute) => {
      assert.equal(kept.toUnixMs(minute * MINUTE), zoneOf('Europe/Madrid').toUnixMs(minute * MINUTE));
    }),
    { numRuns: 200 },
  );
});

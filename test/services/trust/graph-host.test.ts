/** From the scores in a log to the answer, in this thread and in the graph's own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import {
  BatchEncoder,
  ByteWriter,
  type Log,
  openEmbeddedLog,
  partitionForKey,
  pause,
  seededRandom,
  systemClock,
} from '../../../engine/index.ts';
import { type DeviceRecord, encodeDeviceRecord } from '../../../schemas/device/index.ts';
import { encodeAttestation, type TrustState } from '../../../schemas/index.ts';
import { encodeStandingDecision } from '../../../schemas/standing/index.ts';
import {
  DEVICE_ATTESTATION,
  DEVICE_REGISTRY,
  isPairScore,
  type Score,
  scoreCodec,
  TRUST_DECISIONS,
  TRUST_LOG,
  TRUST_SCORES,
} from '../../../schemas/topics/index.ts';
import { OWN_BATCH } from '../../../services/trust/batch-draw.ts';
import { GRAPH_JOB, GraphHost, TrustDesk } from '../../../services/trust/index.ts';
import { logOf } from '../../support/trust-log.ts';
import { memoryLog } from '../memory-log.ts';
import { pairScore, providerScore, question, START_MS } from './graph-fixture.ts';

const schemaIds = new Map((scoreCodec().schemas ?? []).map(({ subject }, i) => [subject, i + 1]));
const JOB = { ...GRAPH_JOB, introductions: 0 };
const TOPIC = { name: TRUST_SCORES, partitions: 2, cleanup: 'compact' } as const;

async function tell(log: Log, ...scores: readonly (Score | string)[]): Promise<void> {
  const codec = scoreCodec();
  codec.bindSchemaIds?.(schemaIds);
  const encoder = new BatchEncoder();
  const writer = new ByteWriter();
  for (const score of scores) {
    writer.clear();
    if (typeof score !== 'string') codec.encode(score, writer);
    const key = Buffer.from(
      typeof score === 'string'
        ? score
        : `${score.trustee} ${score.service}${isPairScore(score) ? ` ${score.trustor}` : ''}`,
    );
    encoder.append(1_000, key, 0, key.length, writer.bytes, typeof score === 'string' ? -1 : 0, writer.position);
  }
  await log.commit({ appends: [{ topic: TRUST_SCORES, partition: 1, bytes: encoder.finish() }] });
}

const DEVICE: DeviceRecord = {
  ...{ version: 1, deviceId: 'b', revision: 1, type: 'enmon', state: 'active', keys: [], identity: '1' },
  ...{ timeZone: 'UTC', credentialHash: null, tagKey: '0123456789abcdef', resetCount: 0, createdAtMs: 0 },
};

async function enrol(log: Log, device: Partial<DeviceRecord>): Promise<void> {
  const encoder = new BatchEncoder();
  const record = { ...DEVICE, ...device };
  const [key, value] = [Buffer.from(record.deviceId), encodeDeviceRecord(record)];
  encoder.append(1_000, key, 0, key.length, value, 0, value.length);
  await log.commit({ appends: [{ topic: DEVICE_REGISTRY, partition: 0, bytes: encoder.finish() }] });
}

const hostOf = (log: Log, isAttested = false, job = JOB) =>
  new GraphHost({
    ...{ job, reader: log.openReader(), schemaIds, partitions: 2, isAttested },
    ...{ clock: systemClock, random: seededRandom(1) },
  });

t.test('a service that nobody knows is no service without providers', async (t) => {
  const log = await memoryLog(2);
  await log.createTopics([TOPIC]);
  await tell(log, pairScore(), providerScore());
  const host = hostOf(log, false, { ...JOB, services: ['parking'] });
  await host.readAll();
  t.throws(() => host.call('who', question({ service: 'praking' })), {
    code: 'REQUEST_INVALID',
    field: 'service',
    message: /there are parking/,
  });
  t.same(host.call('who', question({ service: 'parking' })).providers, []);
  t.equal(host.call('who', question()).providers.length, 1, 'and whoever has scores is a service');
  await host.close();
  await log.close();
});

t.test('what the scores tell is answered: pairs, providers, places, and what is forgotten', async (t) => {
  const log = await memoryLog(2);
  await log.createTopics([TOPIC]);
  await enrol(log, { place: { latitude: 40, longitude: -3 } });
  await tell(log, pairScore(), pairScore({ trustor: 'c' }), pairScore({ trustee: 'd', trustor: 'c' }), providerScore());
  const host = hostOf(log);
  t.throws(() => host.call('who', question()), { code: 'DEPENDENCY_DOWN' }, 'half a graph recommends nobody');
  await host.readAll();
  const near = { latitude: 40, longitude: -3, radiusM: 100 };
  const names = (more = {}) => host.call('who', question(more)).providers.map(({ provider }) => provider);
  t.same(names().sort(), ['b', 'd']);
  t.same(names({ near }), ['b']);
  const party = host.call('party', { service: 'water', party: 'b' });
  t.same(
    party.judgedBy.map(({ party: by, interactions }) => [by, interactions]),
    [
      ['c', 3],
      ['a', 3],
    ],
  );
  t.equal(party.history.length, 1);
  t.same(
    host
      .call('party', { service: 'water', party: 'c' })
      .judges.map(({ party: of }) => of)
      .sort(),
    ['b', 'd'],
  );
  await tell(log, 'b water a', 'b water c', 'b water', providerScore({ trustee: 'd', standing: 'permanent' }));
  await enrol(log, { revision: 2, place: { latitude: 41, longitude: -3 }, batch: 'delivery-7' });
  await host.readAll();
  t.not(host.graph.batchOf('b'), OWN_BATCH, 'what it was delivered with is known');
  t.same(names(), []);
  const ranking = host.call('ranking', { service: 'water' });
  t.same(ranking.barred, [{ provider: 'd', standing: 'permanent' }]);
  t.same(host.call('services', null), [{ service: 'water', providers: 1, pairs: 1, forgotten: 0 }]);
  await tell(log, pairScore());
  await host.readAll();
  t.same(names(), ['b'], 'who was forgotten begins anew');
  t.same(names({ near }), [], 'and stands where it was moved to');
  await enrol(log, { revision: 3, state: 'revoked' });
  await host.readAll();
  t.same(names(), [], 'nobody is sent to a revoked device');
  t.same(host.call('ranking', { service: 'water' }).barred[0], { provider: 'b', standing: 'untrusted' });
  await host.close();
  await log.close();
});

t.test('nobody is sent to a device in quarantine, however it scored, until it has proved itself', async (t) => {
  const log = await memoryLog(2);
  await log.createTopics([TOPIC, { name: DEVICE_ATTESTATION, partitions: 2, cleanup: 'compact' }]);
  const attest = async (state: TrustState) => {
    const writer = new ByteWriter();
    const encoder = new BatchEncoder();
    encodeAttestation(writer, 1, {
      ...{ device: 'b', state, since: 0, reason: '', says: '', log: '', entry: 0, pcr: -1, path: '', firmware: '' },
      ...{ provenAt: 0, trustedUntil: 0, failures: 0, transitions: 0, history: [] },
    });
    encoder.append(1_000, Buffer.from('b'), 0, 1, writer.bytes, 0, writer.position);
    await log.commit({ appends: [{ topic: DEVICE_ATTESTATION, partition: 0, bytes: encoder.finish() }] });
  };
  const host = hostOf(log, true);
  const names = async () => {
    await host.readAll();
    return host.call('who', question()).providers.map(({ provider }) => provider);
  };
  await attest('quarantined');
  await tell(log, pairScore());
  t.same(await names(), [], 'known before its first score');
  await tell(log, providerScore({ standing: 'reintegrated' }));
  t.same(await names(), [], 'no score helps');
  await attest('trusted');
  t.same(await names(), ['b']);
  t.equal(host.call('who', question()).providers[0]!.standing, 'reintegrated', 'and what the scores told counts again');
  await attest('revoked');
  t.same(await names(), []);
  await host.close();
  await log.close();
});

t.test('a record that cannot be read is counted and passed over', async (t) => {
  const log = await memoryLog(2);
  await log.createTopics([TOPIC]);
  const encoder = new BatchEncoder();
  encoder.append(1_000, Buffer.from('k'), 0, 1, Buffer.from('nonsense'), 0, 8);
  await log.commit({ appends: [{ topic: TRUST_SCORES, partition: 1, bytes: encoder.finish() }] });
  await tell(log, pairScore());
  const host = hostOf(log);
  await host.readAll();
  const { broken, records, lastMistake } = host.call('status', null);
  t.equal(broken, 1);
  t.equal(records, 2);
  t.match(lastMistake, 'schemaId');
  t.equal(host.call('who', question()).providers.length, 1);
  await host.close();
  await log.close();
});

t.test('how a party stands, what was decided of it, and how it went before this process began to read', async (t) => {
  const log = await memoryLog(2);
  for (const name of [TRUST_LOG, TRUST_DECISIONS]) await log.createTopics([{ name, partitions: 2, cleanup: 'delete' }]);
  await log.createTopics([TOPIC]);
  const at = START_MS + 40_000;
  const out = { standing: 'blacklisted', since: at, until: at + 9, blacklistings: 1, says: 'so bad' } as const;
  await tell(log, pairScore({ at }), providerScore({ at, ...out }));
  const { trustee, service, trustor } = pairScore();
  const name = Buffer.from(trustee);
  const partition = partitionForKey(name, 0, name.length, 2);
  const past = Array.from({ length: 20 }, (_, i) => ({
    ...{ id: `${i}`, trustor, trustee, service, satisfaction: 0.5, weight: 1, timeMs: START_MS + i * 2_000 },
  }));
  const decision = {
    version: 1,
    id: 'c',
    trustee,
    service,
    action: 'refuse',
    by: 'olga',
    at,
    why: 'no proof',
  } as const;
  const values: [string, Uint8Array][] = logOf(past, partition).map(({ value }) => [TRUST_LOG, value]);
  values.push([TRUST_DECISIONS, encodeStandingDecision({ ...decision, before: out, after: out })]);
  for (const [topic, value] of values) {
    const encoder = new BatchEncoder();
    encoder.append(1_000, name, 0, name.length, value, 0, value.length);
    await log.commit({ appends: [{ topic, partition, bytes: encoder.finish() }] });
  }
  const host = new GraphHost({
    ...{ job: JOB, reader: log.openReader(), pastReader: log.openReader(), schemaIds, partitions: 2 },
    ...{ isAttested: false, isDecided: true, clock: systemClock, random: seededRandom(1) },
  });
  t.throws(() => host.call('standing', { service, party: trustee }), { code: 'DEPENDENCY_DOWN' });
  await host.readAll();
  t.same(host.call('standing', { service, party: trustee }), { standing: out, services: [service] });
  t.same(host.call('standing', { service: 'other', party: trustee }), { standing: null, services: [service] });
  t.same(host.call('standing', { service, party: 'nobody' }), { standing: null, services: [] });
  let found = host.call('party', { service, party: trustee });
  t.match(found, { stands: out, decisions: [{ action: 'refuse', by: 'olga' }], historyFrom: 'reading' });
  while (found.historyFrom === 'reading') {
    await pause(systemClock, 1);
    found = host.call('party', { service, party: trustee });
  }
  t.equal(found.historyFrom, 'begins');
  t.match([found.history[0], found.history.at(-1)], [{ at: START_MS, small: 0.5 }, { at }]);
  t.ok(found.history.length > 10);
  await host.close();
  await log.close();
});

t.test('the desk asks the graph’s own thread, which goes on reading, and says when it cannot answer', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'msec-desk-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const log = await openEmbeddedLog(folder, { groupCommitMs: 0 }, systemClock);
  await log.createTopics([TOPIC, { name: DEVICE_REGISTRY, partitions: 2, cleanup: 'compact' }]);
  await tell(log, pairScore());
  const desk = new TrustDesk({
    ...{ job: JOB, log: log.readerDescriptor(), schemaIds: [...schemaIds], partitions: 2, isAttested: false },
    onFailed: ({ message }) => t.fail(message),
  });
  const until = async (isWished: () => Promise<boolean>) => {
    while (!(await isWished())) await pause(systemClock, 5);
  };
  await until(async () => (await desk.ask('status', null)).isReady);
  t.same(
    (await desk.ask('who', question())).providers.map(({ provider }) => provider),
    ['b'],
  );
  await tell(log, pairScore({ trustee: 'd', trustor: 'c', at: START_MS + 1 }));
  await until(async () => (await desk.ask('who', question())).providers.length === 2);
  const many = Array.from({ length: 300 }, () => desk.ask('who', question()));
  const results = await Promise.allSettled(many);
  const refused = results.filter((result) => result.status === 'rejected');
  t.equal(refused.length, 44, 'what waits is bounded');
  t.match(refused[0]!.reason, { code: 'INTAKE_BUSY' });
  await desk.close();
  await t.rejects(desk.ask('who', question()), { code: 'DEPENDENCY_DOWN' });
  await log.close();
});

/** Two bridge processes on one log: each hands out the challenges of its own sessions, and both know who is in quarantine. */
import t from 'tap';
import { openBridgeAttestation } from '../../../cli/city/bridge-attestation.ts';
import { ByteWriter } from '../../../engine/base/index.ts';
import { BatchEncoder, type Plan, systemClock } from '../../../engine/index.ts';
import { EmbeddedLog, LocalEnds, MemoryStore } from '../../../engine/log/index.ts';
import { type Attestation, encodeAttestation, type TrustState } from '../../../schemas/index.ts';
import { ATTEST_CHALLENGES, DEVICE_ATTESTATION } from '../../../schemas/topics/index.ts';
import { challenge } from '../../bridges/attestation/attestation-fixture.ts';

const TOPICS = [
  { name: ATTEST_CHALLENGES, partitions: 2, cleanup: 'delete' },
  { name: DEVICE_ATTESTATION, partitions: 2, cleanup: 'compact' },
] as const;

const stateOf = (state: TrustState): Uint8Array => {
  const writer = new ByteWriter(64);
  const attestation: Attestation = {
    ...{ device: 'roof-7', state, since: 1, reason: 'r', says: '', log: '', entry: 0, pcr: -1, path: '', firmware: '' },
    ...{ provenAt: 0, trustedUntil: 0, failures: 0, transitions: 1, history: [] },
  };
  encodeAttestation(writer, 1, attestation);
  return writer.take();
};

void t.test('a challenge reaches the session wherever it is, and each process bars whom the topic bars', async (t) => {
  const log = new EmbeddedLog(new MemoryStore(), new LocalEnds(), systemClock, { groupCommitMs: 0 });
  t.teardown(() => log.close());
  await log.createTopics(TOPICS);
  const write = async (topic: string, value: Uint8Array) => {
    const encoder = new BatchEncoder();
    const key = Buffer.from('roof-7');
    encoder.append(1, key, 0, key.length, value, 0, value.length);
    await log.commit({ appends: [{ topic, partition: 1, bytes: encoder.finish() }] });
  };
  await write(DEVICE_ATTESTATION, stateOf('quarantined'));
  const plan = { topics: TOPICS } as unknown as Plan;
  const options = { plan, log, clock: systemClock, emit: () => t.fail('nothing fails') };
  const processes = [(await openBridgeAttestation(options))!, (await openBridgeAttestation(options))!];
  t.same(
    processes.map(({ trust }) => trust.stateOf('roof-7')),
    ['quarantined', 'quarantined'],
    'before a bridge opens',
  );
  const [here, there] = processes as [(typeof processes)[0], (typeof processes)[0]];
  const got = new Promise<Uint8Array>((resolve) => there.desk.listen('roof-7', ({ bytes }) => resolve(bytes)));
  const bytes = challenge(1, { deadlineMs: systemClock.now() + 60_000 });
  await write(ATTEST_CHALLENGES, bytes);
  t.same(await got, bytes);
  const next = await here.desk.next('roof-7', 0, 60_000, new AbortController().signal);
  t.equal(next?.id, 1, 'a session that moves finds it at the other process');
  const cleared = processes.map(({ trust }) => new Promise<void>((resolve) => trust.whenCleared('roof-7', resolve)));
  await write(DEVICE_ATTESTATION, stateOf('trusted'));
  await Promise.all(cleared);
  for (const one of processes) await one.close();
});

void t.test('without the topics nobody is attested', async (t) => {
  const log = new EmbeddedLog(new MemoryStore(), new LocalEnds(), systemClock, { groupCommitMs: 0 });
  t.teardown(() => log.close());
  const plan = { topics: [] } as unknown as Plan;
  t.equal(await openBridgeAttestation({ plan, log, clock: systemClock, emit: () => undefined }), null);
});

/** `msec device why` over a log that nobody else holds: what the compacted topic says of a device, in words. */
import { join } from 'node:path';
import t from 'tap';
import { ByteWriter } from '../../engine/base/index.ts';
import { BatchEncoder, type Log, openEmbeddedLog, partitionForKey } from '../../engine/index.ts';
import { type Attestation, encodeAttestation } from '../../schemas/index.ts';
import { DEVICE_ATTESTATION } from '../../schemas/topics/index.ts';
import { msec } from './run-cli.ts';

t.setTimeout(590_000);

const PARTITIONS = 3;
const BASE: Attestation = {
  device: '',
  state: 'trusted',
  since: Date.UTC(2026, 10, 26, 9),
  reason: 'proven',
  says: '',
  log: '',
  entry: 0,
  pcr: -1,
  path: '',
  firmware: '2.1',
  provenAt: Date.UTC(2026, 10, 26, 9),
  trustedUntil: Date.UTC(2026, 10, 26, 9, 1),
  failures: 0,
  transitions: 1,
  history: [],
};
const SAYS = 'IMA entry 1204, /usr/bin/msec-gateway: it is sha256:9c41, never so in the firmware 2.1';

t.test('the newest state of a device is told, with the entry that broke the policy and what came before', async (t) => {
  const cwd = t.testdir({});
  const why = (...args: string[]) => msec(['device', 'why', ...args], { cwd });
  const withLog = async (use: (log: Log) => Promise<void>) => {
    const log = await openEmbeddedLog(join(cwd, 'data', 'log'));
    await use(log);
    await log.close();
  };
  const write = async (log: Log, device: string, change: Partial<Attestation>) => {
    const key = Buffer.from(device);
    const writer = new ByteWriter(1_024);
    encodeAttestation(writer, 1, { ...BASE, device, ...change });
    const encoder = new BatchEncoder();
    encoder.append(Date.now(), key, 0, key.length, writer.bytes, 0, writer.position);
    const partition = partitionForKey(key, 0, key.length, PARTITIONS);
    await log.commit({ appends: [{ topic: DEVICE_ATTESTATION, partition, bytes: encoder.finish() }] });
  };
  await withLog((log) => log.createTopics([{ name: 'device.frames', partitions: PARTITIONS, cleanup: 'delete' }]));
  const before = await why('gateway-7');
  t.same([before.code, before.out], [66, '']);
  t.match(before.err, 'attestation.policy');

  const changes = [
    { at: Date.UTC(2026, 10, 26, 9, 30), state: 'suspect', reason: 'file-changed', says: SAYS },
    { at: Date.UTC(2026, 10, 26, 9), state: 'trusted', reason: 'proven', says: '' },
  ] as const;
  await withLog(async (log) => {
    await log.createTopics([{ name: DEVICE_ATTESTATION, partitions: PARTITIONS, cleanup: 'compact' }]);
    for (const device of ['gateway-6', 'gateway-7', 'gateway-8']) await write(log, device, {});
    await write(log, 'gateway-7', {
      state: 'suspect',
      since: changes[0].at,
      reason: 'file-changed',
      says: SAYS,
      log: 'ima',
      entry: 1204,
      pcr: 10,
      path: '/usr/bin/msec-gateway',
      failures: 2,
      transitions: 12,
      history: changes,
    });
  });

  const suspect = await why('gateway-7');
  t.equal(suspect.code, 0, suspect.err);
  t.match(suspect.out, /^gateway-7 is suspect since 2026-11-26T09:30:00Z \(/);
  for (const line of [
    `file-changed: ${SAYS}`,
    'evidence: IMA list, entry 1204',
    'PCR: 10',
    'file: /usr/bin/msec-gateway',
    'firmware: 2.1',
    'last proof: 2026-11-26T09:00:00Z',
    'failures in a row: 2',
    'history (the last 2 of 12 changes):',
    `  2026-11-26T09:30:00Z  suspect      file-changed: ${SAYS}`,
    '  2026-11-26T09:00:00Z  trusted      proven',
  ])
    t.ok(suspect.out.split('\n').includes(line), line);
  const ended = await why('gateway-8');
  t.match(ended.out, 'its trust ended at 2026-11-26T09:01:00Z, and nothing was judged since');
  t.match(JSON.parse((await why('gateway-7', '--json')).out), { device: 'gateway-7', state: 'suspect', entry: 1204 });
  t.equal((await why('never-seen')).code, 66);
});

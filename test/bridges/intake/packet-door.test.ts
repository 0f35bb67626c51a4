import t from 'tap';
import { PacketDoor, type PacketDoorOptions } from '../../../bridges/intake/index.ts';
import { MsecError } from '../../../engine/index.ts';
import { encodeRulesWord, PACKET_BATCH_BYTES_MAX, PacketBatchWriter } from '../../../schemas/network/index.ts';
import { ManualClock, MemoryLog, quotaExceeded } from '../bridge-fixture.ts';

const START_US = 1_790_000_000_000_000;

function batch(bytes = 60): Uint8Array {
  const writer = new PacketBatchWriter({ high: 1, low: 2 });
  writer.add(new Uint8Array(bytes), 0, bytes, bytes, 1, START_US);
  return writer.finish(1, 0, 0);
}

function door(more: Partial<PacketDoorOptions> = {}) {
  const log = new MemoryLog();
  const clock = new ManualClock();
  const options = { topic: 'network.packets', partitions: 4, gateways: ['gw-1', 'gw-2'], appender: log, clock };
  return { log, clock, door: new PacketDoor({ ...options, ...more }) };
}

t.test('a batch is stored as it is, under the key of its gateway and lane', async (t) => {
  const { door: open, log } = door();
  t.match(await open.take('gw-1', 0, batch()), { isAccepted: true });
  t.match(await open.take('gw-1', 3, batch()), { isAccepted: true });
  t.same(
    log.stored.map(({ key }) => key),
    ['gw-1', 'gw-1/3'],
  );
  t.same(log.stored[0]?.value, Buffer.from(batch()));
});

t.test('only named gateways publish, in lanes that there are, what is a batch', async (t) => {
  const { door: open, log } = door({ barredOf: (id) => (id === 'gw-2' ? 'quarantined' : null) });
  t.match(await open.take('meter-1', 0, batch()), { code: 'TOPIC_REFUSED' });
  t.match(await open.take('gw-2', 0, batch()), { code: 'ATTESTATION_REQUIRED' });
  for (const lane of [-1, 0.5, 256, Number.NaN])
    t.match(await open.take('gw-1', lane, batch()), { code: 'REQUEST_INVALID' });
  t.match(await open.take('gw-1', 0, batch().subarray(1)), { code: 'PACKETS_INVALID' });
  const word = encodeRulesWord({ phase: 'use', sequence: 9, version: 9, digest: 'ab'.repeat(32) });
  t.match(await open.take('gw-1', 0, word), { code: 'PACKETS_INVALID' }, 'no gateway says what rules are in force');
  t.match(await open.take('gw-1', 0, new Uint8Array(PACKET_BATCH_BYTES_MAX + 1)), { code: 'FRAME_TOO_LARGE' });
  t.same(log.stored, []);
});

t.test('a gateway that floods is held to its rate, and the others are not', async (t) => {
  const { door: open, clock } = door({ rate: { perSecond: 1000, burst: 1000 } });
  t.match(await open.take('gw-1', 0, batch(900)), { isAccepted: true });
  const refused = await open.take('gw-1', 0, batch(900));
  t.match(refused, { code: 'RATE_LIMITED' });
  t.match(await open.take('gw-2', 0, batch(900)), { isAccepted: true });
  clock.nowMs += 'retryAfterMs' in refused ? refused.retryAfterMs! : 0;
  t.match(await open.take('gw-1', 0, batch(900)), { isAccepted: true }, 'as soon as it was told');
});

t.test('what the log cannot take is to be sent again', async (t) => {
  const { door: open, log } = door();
  log.isPrompt = false;
  const waiting = [open.take('gw-1', 0, batch()), open.take('gw-1', 0, batch())];
  log.fail(quotaExceeded());
  for (const outcome of await Promise.all(waiting)) t.match(outcome, { code: 'QUOTA_EXCEEDED', retryAfterMs: 5000 });
  const closed = open.take('gw-1', 0, batch());
  log.fail(new MsecError('CLOSED', 'gone'));
  t.match(await closed, { code: 'CLOSED' });
});

import t from 'tap';
import { detectActor, type EveRecord, type SensorOptions } from '../../../../actors/detect/index.ts';
import { seededRandom } from '../../../../engine/base/index.ts';
import { testActor } from '../../../../engine/testkit/index.ts';
import { PacketBatchWriter } from '../../../../schemas/network/index.ts';
import {
  IDS_ALERTS,
  IDS_EVENTS,
  IDS_VERDICTS,
  NETWORK_PACKETS,
  networkTopics,
} from '../../../../schemas/topics/index.ts';
import { ethernet, ipv4, tcpSegment } from '../frames.ts';
import { difference, type Network, networks, OPTIONS, rulesOf, undisturbed } from './networks.ts';

const CUTS = ['never', 'before-commit', 'after-commit'] as const;
const TOPICS = { alerts: IDS_ALERTS, events: IDS_EVENTS, verdicts: IDS_VERDICTS } as const;
const MIB = 1024 * 1024;

function batchesOf(all: readonly Network[]): { key: string; value: Uint8Array }[] {
  const batches: { key: string; value: Uint8Array }[] = [];
  while (all.some(({ isOver }) => !isOver))
    for (const network of all) if (!network.isOver) batches.push({ key: network.name, value: network.batch() });
  return batches;
}

const slice = (bytes: Uint8Array) => ({ bytes, start: 0, end: bytes.length, copy: () => bytes });

for (const cuts of CUTS)
  t.test(`alerts, events and verdicts are those of one undisturbed sensor a place; cuts: ${cuts}`, async (t) => {
    const all = networks(3, seededRandom(3), 2, 8);
    const rules = rulesOf(all);
    const driver = await testActor(
      detectActor(networkTopics(), {
        rules: () => rules,
        sensor: OPTIONS,
        tellsVerdicts: true,
        replayBytesMax: 64 * MIB,
      }),
      { cuts, partitions: 2 },
    );
    const batches = batchesOf(all);
    for (const { key, value } of batches) driver.send(NETWORK_PACKETS, key, slice(value));
    await driver.settle();
    t.same(driver.letters(NETWORK_PACKETS), []);
    let records = 0;
    for (const { name } of all) {
      const must = undisturbed(
        rules,
        batches.filter(({ key }) => key === name).map(({ value }) => value),
      );
      for (const [what, topic] of Object.entries(TOPICS) as [keyof typeof TOPICS, string][]) {
        const is = driver.outputs(topic).filter(({ key }) => key === name);
        records += is.length;
        t.equal(
          difference(
            `${what} of ${name}`,
            is.map(({ value }) => value),
            must[what],
          ),
          null,
        );
      }
    }
    t.ok(driver.outputs(IDS_ALERTS).length > 10, `${driver.outputs(IDS_ALERTS).length} alerts`);
    t.ok(records > 40, `${records} records`);
    await driver.close();
  });

t.test('a batch that comes again is not examined again, and one that is missing is counted', async (t) => {
  const all = networks(5, seededRandom(5), 1, 4);
  const rules = rulesOf(all);
  const options = { rules: () => rules, sensor: OPTIONS, tellsVerdicts: false, replayBytesMax: MIB };
  const driver = await testActor(detectActor(networkTopics(), options), { partitions: 1 });
  const batches = batchesOf(all).map(({ value }) => value);
  const kept = batches.filter((_, i) => i !== 2);
  for (const value of kept) {
    driver.send(NETWORK_PACKETS, 'tap-0', slice(value));
    driver.send(NETWORK_PACKETS, 'tap-0', slice(value));
  }
  await driver.settle();
  const { counts } = driver.statuses()[0]!.stages[0]!;
  t.equal(counts.repeated, kept.length);
  t.equal(counts.missing, 1);
  const is = driver.outputs(IDS_EVENTS).map(({ value }) => value);
  t.equal(difference('events', is, undisturbed(rules, kept).events), null);
  await driver.close();
});

t.test('what is no batch goes to the dead letters, and the sensor goes on', async (t) => {
  const all = networks(6, seededRandom(6), 1, 3);
  const rules = rulesOf(all);
  const options = { rules: () => rules, sensor: OPTIONS, tellsVerdicts: false, replayBytesMax: MIB };
  const driver = await testActor(detectActor(networkTopics(), options), { partitions: 1, cuts: 'after-commit' });
  const batches = batchesOf(all).map(({ value }) => value);
  for (const [i, value] of batches.entries()) {
    driver.send(NETWORK_PACKETS, 'tap-0', slice(value));
    if (i === 1) driver.sendBytes(NETWORK_PACKETS, 'tap-0', value.subarray(0, value.length - 1));
  }
  await driver.settle();
  const [letter, ...others] = driver.letters(NETWORK_PACKETS);
  t.equal(letter?.code, 'PACKETS_INVALID');
  t.same(others, []);
  const is = driver.outputs(IDS_EVENTS).map(({ value }) => value);
  t.equal(difference('events', is, undisturbed(rules, batches).events), null);
  await driver.close();
});

t.test('of more places than are remembered the one that was silent longest is forgotten', async (t) => {
  const options = { rules: () => [], sensor: OPTIONS, tellsVerdicts: false, replayBytesMax: MIB };
  const driver = await testActor(detectActor(networkTopics(), options), { partitions: 1 });
  for (let i = 0; i < 66; i++) {
    const writer = new PacketBatchWriter({ high: 0, low: i });
    driver.send(NETWORK_PACKETS, `tap-${i}`, slice(writer.finish(1, 0, 1_790_000_000_000_000)));
  }
  await driver.settle();
  t.equal(driver.statuses()[0]?.stages[0]?.counts.vantagesForgotten, 2);
  await driver.close();
});

/** One that throws where a conversation begins to be one of these. */
const faulty = (throwing: readonly string[]): SensorOptions => ({
  ...OPTIONS,
  protocols: OPTIONS.protocols.map((protocol) =>
    !throwing.includes(protocol.name)
      ? protocol
      : {
          ...protocol,
          open: () => {
            throw new Error('a fault in a parser');
          },
        },
  ),
});

/** Of TCP some are recognised when their flow ends, which no packet tells of. */
const FAULTS = [
  ['never', ['dns', 'http', 'mqtt', 'tls']],
  ['after-commit', ['dns']],
] as const;

for (const [cuts, throwing] of FAULTS)
  t.test(`packets at which a sensor throws are passed over, and their batch is told of; cuts: ${cuts}`, async (t) => {
    const all = networks(11, seededRandom(11), 1, 40);
    const rules = rulesOf(all);
    const sensor = faulty(throwing);
    const options = { rules: () => rules, sensor, tellsVerdicts: true, replayBytesMax: MIB };
    const driver = await testActor(detectActor(networkTopics(), options), { cuts, partitions: 1 });
    const batches = batchesOf(all).map(({ value }) => value);
    for (const value of batches) driver.send(NETWORK_PACKETS, 'tap-0', slice(value));
    await driver.settle();
    const letters = driver.letters(NETWORK_PACKETS);
    t.ok(letters.length > 0, `${letters.length} letters`);
    t.ok(letters.every(({ code }) => code === 'ACTOR_FAILED'));
    t.ok(letters.some(({ message }) => /a fault in a parser/.test(message)));
    const before = driver.outputs(IDS_EVENTS).length;
    t.ok(await driver.resend(letters[0]!));
    t.equal(driver.outputs(IDS_EVENTS).length, before, 'a letter that is sent again changes nothing');
    const must = undisturbed(rules, batches, sensor);
    for (const [what, topic] of Object.entries(TOPICS) as [keyof typeof TOPICS, string][]) {
      const is = driver.outputs(topic).map(({ value }) => value);
      t.equal(difference(what, is, must[what]), null);
    }
    await driver.close();
  });

t.test('flows whose packets are too far back are forgotten by a restart, counted, and nothing else is', async (t) => {
  const all = networks(12, seededRandom(12), 1, 14);
  const rules = rulesOf(all);
  const options = { rules: () => rules, sensor: OPTIONS, tellsVerdicts: true, replayBytesMax: 2_000 };
  const driver = await testActor(detectActor(networkTopics(), options), { partitions: 1 });
  const batches = batchesOf(all).map(({ value }) => value);
  for (const value of batches) driver.send(NETWORK_PACKETS, 'tap-0', slice(value));
  await driver.settle();
  const [status] = driver.statuses();
  t.ok(status!.stages[0]!.counts.notReplayable! > 0);
  // Undisturbed, it makes no difference.
  const must = undisturbed(rules, batches);
  const is = driver.outputs(IDS_EVENTS).map(({ value }) => value);
  t.equal(difference('events', is, must.events), null);
  await driver.close();

  const cut = await testActor(detectActor(networkTopics(), options), { partitions: 1, cuts: 'after-commit' });
  for (const value of batches) cut.send(NETWORK_PACKETS, 'tap-0', slice(value));
  await cut.settle();
  t.same(cut.letters(NETWORK_PACKETS), []);
  const alerts = cut.outputs<EveRecord>(IDS_ALERTS).map(({ value }) => JSON.stringify(value));
  t.equal(new Set(alerts).size, alerts.length, 'no alert is told twice');
  t.ok(alerts.length > must.alerts.length / 2);
  await cut.close();
});

t.test('flows whose parsers give way to others are counted, and give way again after a crash', async (t) => {
  const all = networks(13, seededRandom(13), 1, 40);
  const rules = rulesOf(all);
  const sensor = { ...OPTIONS, parserMemoryBytes: 4096 };
  const options = { rules: () => rules, sensor, tellsVerdicts: true, replayBytesMax: MIB };
  const driver = await testActor(detectActor(networkTopics(), options), { partitions: 1, cuts: 'after-commit' });
  const batches = batchesOf(all).map(({ value }) => value);
  for (const value of batches) driver.send(NETWORK_PACKETS, 'tap-0', slice(value));
  await driver.settle();
  t.same(driver.letters(NETWORK_PACKETS), []);
  const must = undisturbed(rules, batches, sensor);
  for (const [what, topic] of Object.entries(TOPICS) as [keyof typeof TOPICS, string][]) {
    const is = driver.outputs(topic).map(({ value }) => value);
    t.equal(difference(what, is, must[what]), null);
  }
  t.notSame(must.events, undisturbed(rules, batches).events, 'without a bound more is told');
  await driver.close();

  const alone = await testActor(detectActor(networkTopics(), options), { partitions: 1 });
  for (const value of batches) alone.send(NETWORK_PACKETS, 'tap-0', slice(value));
  await alone.settle();
  t.ok(alone.statuses()[0]!.stages[0]!.counts.flowsGivenWay! > 0);
  await alone.close();
});

t.test('a place whose segments have wrong checksums is counted by its name, one where few do is not', async (t) => {
  const options = { rules: () => [], sensor: OPTIONS, tellsVerdicts: false, replayBytesMax: MIB };
  const driver = await testActor(detectActor(networkTopics(), options), { partitions: 1 });
  const ends = { from: Uint8Array.of(10, 0, 0, 1), to: Uint8Array.of(10, 0, 0, 2) };
  const batch = (wrong: number, session: number): Uint8Array => {
    const writer = new PacketBatchWriter({ high: 0, low: session });
    for (let i = 0; i < 20; i++) {
      const fields = { fromPort: 5000 + i, toPort: 80, sequence: 1, acknowledgment: 0, flags: 2 };
      const segment = tcpSegment(ends, fields, new Uint8Array(0));
      if (i < wrong) segment[17]! ^= 1;
      const frame = ethernet(0x0800, ipv4(ends, 6, segment));
      writer.add(frame, 0, frame.length, frame.length, 1, 1_790_000_000_000_000 + i);
    }
    return writer.finish(1, 0, 1_790_000_000_000_100);
  };
  driver.send(NETWORK_PACKETS, 'lo', slice(batch(20, 1)));
  driver.send(NETWORK_PACKETS, 'half', slice(batch(10, 2)));
  driver.send(NETWORK_PACKETS, 'some', slice(batch(3, 3)));
  driver.send(NETWORK_PACKETS, 'none', slice(batch(0, 4)));
  await driver.settle();
  const counts = Object.entries(driver.statuses()[0]!.stages[0]!.counts).filter(([name]) => name.includes(':'));
  t.same(Object.fromEntries(counts), { 'wrongChecksum:lo': 20, 'wrongChecksum:half': 10 });
  await driver.close();
});

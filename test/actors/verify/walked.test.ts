/** Verify that walks through its batches must leave behind what it does when it is called for each record. */
import fc from 'fast-check';
import t from 'tap';
import { verifyActor } from '../../../actors/verify/index.ts';
import { type AnyActor, MsecError } from '../../../engine/index.ts';
import { testActor } from '../../../engine/testkit/index.ts';
import { type DeviceTopics, deviceTopics } from '../../../schemas/topics/index.ts';
import { Device, enmonFrame, MemoryKeys, NOW, Receiver } from '../city.ts';

const IDS = ['enmon-1', 'enmon-2', 'enmon-3'] as const;
const FRAMES = 'device.frames';

type What =
  | 'session'
  | 'next session'
  | 'signed'
  | 'batch'
  | 'sealed'
  | 'forged'
  | 'cut'
  | 'again'
  | 'contradicting'
  | "another's"
  | 'unknown kind'
  | 'unsigned'
  | 'rotated'
  | 'revoked';

interface Step {
  readonly device: number;
  readonly what: What;
}

function verifying(topics: DeviceTopics, receiverKeys: Receiver, isWalking: boolean, killer: string): AnyActor {
  const actor = verifyActor(topics, { keys: new MemoryKeys(), receiverKeys, budget: { burst: 1 } });
  return {
    ...actor,
    open(context) {
      const task = actor.open(context);
      let left = 1;
      const isOdd = Number(killer) % 2 === 1;
      const { emit } = context.out.verified!;
      // After verify has changed its state: what is no record's fault, and once; or what is, and stays.
      context.out.verified!.emit = function (value, timestamp) {
        if (String(timestamp) === killer && isOdd) throw new MsecError('VALUE_INVALID', 'broken');
        if (String(timestamp) === killer && left-- > 0) throw new Error('broken once');
        emit.call(this, value, timestamp);
      };
      const called = {
        process: task.process.bind(task),
        onWatermark: task.onWatermark!.bind(task),
        onRollback: task.onRollback!.bind(task),
        watermarkDue: task.watermarkDue!,
      };
      return isWalking ? { ...called, processBatch: task.processBatch!.bind(task) } : called;
    },
  };
}

/** Keys, values and times of what is sent; sealed once for both ways. */
function recordsOf(steps: readonly Step[], receiver: Receiver): [key: string, bytes: Uint8Array, timestamp: number][] {
  const devices = IDS.map((id) => new Device(id));
  const records: [string, Uint8Array, number][] = [];
  const last = IDS.map(() => new Uint8Array([1]));
  const first = IDS.map(() => 0);
  const modes = ['frame', 'batch', 'session'] as const;
  for (const device of devices) {
    const keys = device.record.keys.map((key) => ({ ...key, modes }));
    records.push([device.id, device.control({ keys }), NOW]);
  }
  for (const [i, { device: place, what }] of steps.entries()) {
    const device = devices[place]!;
    const payload = enmonFrame({ nSend: i });
    const good = (bytes: Uint8Array) => {
      last[place] = bytes as Uint8Array<ArrayBuffer>;
      return bytes;
    };
    const make: Readonly<Record<What, () => Uint8Array>> = {
      session: () => good(device.session(receiver, payload, { first: first[place]! })),
      'next session': () => {
        first[place] = device.sequence;
        return good(device.session(receiver, payload, { first: first[place]! }));
      },
      signed: () => good(device.signed(payload)),
      batch: () => good(device.batch(Array.from({ length: 9 }, (_, j) => ({ payload: enmonFrame({ nSend: j }) })))),
      sealed: () => good(device.sealed(payload)),
      forged: () => last[place]!.map((byte, at) => (at === last[place]!.length - 1 - (i % 32) ? byte ^ 1 : byte)),
      cut: () => last[place]!.slice(0, 1 + ((7 * i) % last[place]!.length)),
      again: () => last[place]!,
      contradicting: () => device.signed(enmonFrame({ nSend: 999 }), { sequence: Math.max(0, device.sequence - 1) }),
      "another's": () => last[(place + 1) % IDS.length]!,
      'unknown kind': () => Uint8Array.of(99, 1, 2),
      unsigned: () => device.unsigned(payload),
      rotated: () => device.control({ keys: device.record.keys.map((key) => ({ ...key, modes: ['session'] })) }),
      revoked: () => device.control({ state: device.record.state === 'active' ? 'revoked' : 'active' }),
    };
    records.push([device.id, make[what](), NOW + i]);
  }
  return records;
}

async function outcome(
  records: readonly (readonly [string, Uint8Array, number])[],
  receiver: Receiver,
  isWalking: boolean,
  killer: string,
  batchRecords: number,
) {
  const topics = deviceTopics();
  const topology = { name: 'test', partitions: 1, actors: [verifying(topics, receiver, isWalking, killer)] };
  const driver = await testActor(topology, { partitions: 1, batchRecords });
  try {
    for (const [key, bytes, timestamp] of records) driver.sendBytes(FRAMES, key, bytes, timestamp);
    await driver.settle();
    return {
      verified: driver
        .outputs('device.verified')
        .map(({ key, timestamp, bytes }) => [key, timestamp, Buffer.from(bytes ?? []).toString('hex')]),
      letters: driver
        .letters(FRAMES)
        .map(({ code, key, offset, attempts, message }) => [code, key, offset, attempts, message]),
      // Called, it never comes to see a record whose kind is unknown: then that does not count as read.
      stages: driver
        .statuses()
        .map(({ stages, watermark }) => ({ stages: stages.map((stage) => ({ ...stage, recordsIn: 0 })), watermark })),
    };
  } finally {
    await driver.close();
  }
}

t.test('it does not matter whether verify walks or is called, whatever is sent', async (t) => {
  const receiver = new Receiver();
  const what = fc.oneof(
    { weight: 30, arbitrary: fc.constant<What>('session') },
    {
      weight: 12,
      arbitrary: fc.constantFrom<What>('next session', 'signed', 'batch', 'sealed', 'forged', 'cut', 'again'),
    },
    {
      weight: 3,
      arbitrary: fc.constantFrom<What>('contradicting', "another's", 'unknown kind', 'unsigned', 'rotated', 'revoked'),
    },
  );
  const steps = fc.array(fc.record({ device: fc.nat(2), what }), { maxLength: 80, size: 'max' });
  const every: What[] = ['session', 'forged', 'forged', 'forged', 'cut', 'again', "another's", 'rotated', 'signed'];
  const both = every.flatMap((one) => [1, 0].map((device) => ({ device, what: one })));
  const codes = new Set<string>();
  let verified = 0;
  await fc.assert(
    fc.asyncProperty(steps, fc.constantFrom(1, 7, 1000), fc.nat(120), async (sent, batchRecords, killed) => {
      const records = recordsOf(sent, receiver);
      const killer = String(NOW + killed);
      const expected = await outcome(records, receiver, false, killer, batchRecords);
      for (const [code] of expected.letters) codes.add(String(code));
      verified += expected.verified.length;
      t.same(await outcome(records, receiver, true, killer, batchRecords), expected);
    }),
    { numRuns: 25, examples: [[both, 7, 119]] },
  );
  t.ok(verified > 100, `${verified} verified`);
  const known = ['ENVELOPE_INVALID', 'SIGNATURE_INVALID', 'IDENTITY_MISMATCH', 'MODE_REFUSED', 'BUDGET_EXHAUSTED'];
  for (const code of known) t.ok(codes.has(code), code);
});

t.test('of a record that fails after it was accepted nothing stays, and it may come again', async (t) => {
  const receiver = new Receiver();
  const what: What[] = ['session', 'session', 'again', 'again', 'session'];
  const records = recordsOf(
    what.map((one) => ({ device: 0, what: one })),
    receiver,
  );
  for (const isWalking of [false, true]) {
    const { verified, letters, stages } = await outcome(records, receiver, isWalking, String(NOW + 1), 1000);
    t.same(
      verified.map(([, timestamp]) => Number(timestamp) - NOW),
      [0, 2, 4],
    );
    t.same(
      letters.map(([code]) => code),
      ['VALUE_INVALID'],
    );
    t.equal(stages[0]?.stages[0]?.counts.duplicate, 1);
  }
});

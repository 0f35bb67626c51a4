import { createPrivateKey, createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import t from 'tap';
import { seededRandom } from '../../../engine/index.ts';
import { BatchFrames, EnvelopeView, SIGNATURE_DOMAIN } from '../../../schemas/envelope/index.ts';
import { crowd, enmon, type FrameCodec, FrameContext, type Reading } from '../../../schemas/index.ts';
import { FLEET_BATCH_FRAMES, SimulatedDevice } from '../../../services/fleet/simulated-device.ts';
import { SimulatedSurroundings } from '../../../services/fleet/weather.ts';
import { identity } from './fleet-fixture.ts';

const NOON = Date.UTC(2026, 5, 1, 12);
const context = () => new FrameContext((_mac, into, at) => into.fill(1, at, at + 8));

function isSigned(body: Uint8Array, privateKey: string): boolean {
  const view = new EnvelopeView();
  if (!view.tryParseOnly(body, 0, body.length)) return false;
  const signed = Buffer.concat([Buffer.from(SIGNATURE_DOMAIN, 'latin1'), body.subarray(0, view.signatureStart)]);
  const key = createPublicKey(
    createPrivateKey({ key: Buffer.from(privateKey, 'base64'), format: 'der', type: 'pkcs8' }),
  );
  return verify('sha256', signed, { key, dsaEncoding: 'ieee-p1363' }, body.subarray(view.signatureStart));
}

void t.test('frames are signed envelopes that count up, and decode without a flag', async (t) => {
  const view = new EnvelopeView();
  const flagsOf = <R extends Reading, V>(codec: FrameCodec<R, V>, body: Uint8Array): string[] => {
    const reading = codec.create();
    codec.decode(body, view.payloadStart, view.payloadEnd, reading, context());
    return codec.flagNames.filter((_, bit) => (reading.flags & (1 << bit)) !== 0);
  };
  for (const type of ['enmon', 'crowd'] as const) {
    const known = identity('sim-1', type);
    const device = new SimulatedDevice(known, 3, seededRandom(1));
    for (let i = 0; i < 30; i++) {
      const { body, fault } = device.next(NOON + i * 60_000, 0)!;
      t.equal(fault, undefined);
      t.ok(isSigned(body, known.privateKey));
      view.parseOnly(body, 0, body.length);
      t.match(view, { bootEpoch: 3, sequence: i, deviceTimeMs: NOON + i * 60_000 });
      t.equal(view.deviceId(), 'sim-1');
      const flags = type === 'enmon' ? flagsOf(enmon, body) : flagsOf(crowd, body);
      t.same(
        flags.filter((flag) => flag !== 'suppressed'),
        [],
        'where few pass by, the count is suppressed; nothing else is flagged',
      );
    }
  }
});

void t.test(
  'the same seed gives the same values, another one gives others, and they stay plausible all year',
  async (t) => {
    const values = (seed: number) => {
      const surroundings = new SimulatedSurroundings(seededRandom(seed));
      return Array.from({ length: 2000 }, (_, i) => surroundings.enmon('001010000000001', NOON + i * 4 * 3_600_000));
    };
    t.equal(JSON.stringify(values(7)), JSON.stringify(values(7)));
    t.notOk(JSON.stringify(values(7)) === JSON.stringify(values(8)));
    for (const { batteryVoltage, sonometer, temperature, humidity } of values(9)) {
      if (batteryVoltage < 3000 || batteryVoltage > 4200) t.fail(`${batteryVoltage} mV`);
      if (sonometer < 20 || sonometer > 90) t.fail(`${sonometer} dB`);
      if (temperature < -100 || temperature > 400) t.fail(`${temperature} tenths of a degree`);
      if (humidity < 200 || humidity > 1000) t.fail(`${humidity} tenths of a percent`);
    }
    t.pass();
  },
);

void t.test('values move slowly: from one minute to the next by less than two degrees', async (t) => {
  const surroundings = new SimulatedSurroundings(seededRandom(3));
  let before = surroundings.enmon('001010000000001', NOON).temperature;
  for (let i = 1; i < 1440; i++) {
    const { temperature } = surroundings.enmon('001010000000001', NOON + i * 60_000);
    if (Math.abs(temperature - before) > 20) t.fail(`from ${before} to ${temperature}`);
    before = temperature;
  }
  t.pass();
});

void t.test('faults come in the asked share, each wrong in its own way', async (t) => {
  const known = identity('sim-1');
  const device = new SimulatedDevice(known, 1, seededRandom(11));
  const frames = Array.from({ length: 1500 }, (_, i) => device.next(NOON + i, 0.1)!);
  const faulty = frames.filter(({ fault }) => fault !== undefined);
  t.ok(faulty.length > 90 && faulty.length < 220, `${faulty.length} of 1500`);
  const view = new EnvelopeView();
  const seen = new Set<string>();
  for (const { body, fault } of frames) {
    const text = Buffer.from(body).toString('hex');
    const isWhole = view.tryParseOnly(body, 0, body.length);
    if (fault === 'truncated') t.notOk(isWhole);
    else if (fault === 'badSignature') t.ok(isWhole && !isSigned(body, known.privateKey));
    else if (fault === 'repeated') t.ok(seen.has(text));
    else if (fault === 'outOfRange') {
      const reading = enmon.create();
      enmon.decode(body, view.payloadStart, view.payloadEnd, reading, context());
      t.match(
        enmon.flagNames.filter((_, bit) => (reading.flags & (1 << bit)) !== 0),
        ['outOfRange:temperature'],
      );
    } else if (!isWhole || seen.has(text)) t.fail('a good frame is broken or repeated');
    seen.add(text);
  }
  t.equal(new Set(faulty.map(({ fault }) => fault)).size, 4);
});

void t.test(
  'batches and sessions are whole envelopes of their mode, and nothing is left behind at the end',
  async (t) => {
    const view = new EnvelopeView();
    const batches = new BatchFrames();
    const batching = new SimulatedDevice(identity('sim-1'), 2, seededRandom(3), { mode: 'batch' });
    const sent = Array.from({ length: 2 * FLEET_BATCH_FRAMES + 3 }, (_, i) => batching.next(NOON + i, 0));
    const bodies = [...sent, batching.rest()].filter((frame) => frame !== undefined).map(({ body }) => body);
    t.equal(batching.rest(), undefined);
    let sequence = 0;
    for (const [i, body] of bodies.entries()) {
      view.parseOnly(body, 0, body.length);
      t.ok(batches.tryRead(view));
      t.match(view, { mode: 2, bootEpoch: 2, sequence, count: i < 2 ? FLEET_BATCH_FRAMES : 3 });
      sequence += view.count;
    }
    t.equal(bodies.length, 3);
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const receiver = publicKey.export({ format: 'der', type: 'spki' }).toString('base64');
    const session = new SimulatedDevice(identity('sim-1'), 2, seededRandom(3), { mode: 'session', receiver });
    for (const [hours, startsAt] of [
      [0, 0],
      [11, 0],
      [12, 12],
      [20, 12],
      [24, 24],
    ] as const) {
      const { body } = session.next(NOON + hours * 3_600_000, 0)!;
      view.parseOnly(body, 0, body.length);
      t.match(view, { mode: 3, sessionStartMs: NOON + startsAt * 3_600_000 }, `after ${hours} hours`);
    }
  },
);

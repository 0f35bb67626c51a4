/** The firmware's envelopes against those of schemas/envelope, byte for byte, in every mode. */
import { createHash, createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { ByteWriter } from '../../../engine/index.ts';
import {
  type BatchFrame,
  batchToSign,
  encodeEnvelope,
  frameToSign,
  openSessionFromSecret,
  sealInSession,
} from '../../../schemas/envelope/index.ts';
import { leafHash, merkleRoot } from '../../../schemas/envelope/merkle.ts';
import { enmon, nucleo } from '../../../schemas/index.ts';
import { needs, repositoryRoot, sharedData } from '../../support/needs.ts';
import { hex, VectorProgram } from './vector-program.ts';

t.setTimeout(590_000);

interface Vector {
  readonly name: string;
  readonly mode: number;
  readonly algorithm: string;
  readonly deviceId: string;
  readonly bootEpoch: number;
  readonly sequence: number;
  readonly payload: string;
  readonly frames: readonly { readonly deviceTimeMs?: number; readonly payload: string }[];
  readonly session: { readonly startMs: number; readonly first: number };
  readonly secret: string;
  readonly sessionKey: string;
  readonly envelope: string;
}

const vectors = JSON.parse(readFileSync(join(repositoryRoot, 'docs/specs/envelope-vectors.json'), 'utf8')) as {
  readonly keys: Readonly<Record<'p256' | 'receiver', { readonly spki: string; readonly keyId: string }>>;
  readonly envelopes: readonly Vector[];
};
const DEVICE_TIME_MS = Date.UTC(2026, 10, 23, 12);

const signatureOf = (envelope: string) => envelope.slice(-128);
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const timeText = (time: number | undefined) => (time === undefined ? '-' : String(time));

async function started(t: Test): Promise<VectorProgram | null> {
  if (!needs(t, 'gcc', 'make')) return null;
  const program = await VectorProgram.start();
  t.teardown(async () => {
    const code = await program.end();
    if (code !== 0) throw new Error(`the program ended with ${code}`);
  });
  return program;
}

t.test('the specification’s vectors come out of the C encoders byte for byte', async (t) => {
  const program = await started(t);
  if (program === null) return;
  const { p256, receiver } = vectors.keys;
  for (const key of [p256, receiver]) t.equal(await program.ask('key-id', key.spki.slice(54)), key.keyId);
  const ours = vectors.envelopes.filter(({ algorithm }) => algorithm !== 'ed25519');
  t.equal(ours.length, 5);
  for (const { name, mode, deviceId, bootEpoch, sequence, payload, frames, envelope, ...rest } of ours) {
    const sender = `${deviceId}/${p256.keyId}`;
    if (mode === 1) {
      const answer = await program.ask(
        'frame',
        sender,
        bootEpoch,
        sequence,
        DEVICE_TIME_MS,
        payload,
        signatureOf(envelope),
      );
      t.equal(answer.split(' ')[1], envelope, name);
    } else if (mode === 2) {
      const entries = frames.map(
        (frame) => `${timeText(frame.deviceTimeMs)}:${frame.payload === '' ? '-' : frame.payload}`,
      );
      const answer = await program.ask('batch', sender, bootEpoch, sequence, 4096, signatureOf(envelope), ...entries);
      t.equal(answer.split(' ')[1], envelope, name);
    } else {
      const { session, secret, sessionKey } = rest;
      const terms = [secret, receiver.keyId, session.startMs, session.first];
      const answer = await program.ask('session', sender, bootEpoch, sequence, DEVICE_TIME_MS, payload, ...terms);
      t.equal(answer, `${sessionKey} ${envelope}`, name);
    }
  }
});

const u32 = fc.oneof(fc.nat({ max: 0xffff_ffff }), fc.constantFrom(0, 1, 0xffff_fffe, 0xffff_ffff));
const id = fc.stringMatching(/^[A-Za-z0-9._:-]{1,64}$/);
const keyId = fc.uint8Array({ minLength: 8, maxLength: 8 });
const timeMs = fc.oneof(fc.nat({ max: 253_402_300_799_999 }), fc.constantFrom(0, 253_402_300_799_999));
const signature = fc.uint8Array({ minLength: 64, maxLength: 64 });
const payload = fc.uint8Array({ maxLength: 300 });

t.test('any frame: the same digest to sign, the same envelope, the lower s', async (t) => {
  const program = await started(t);
  if (program === null) return;
  const property = fc.asyncProperty(
    fc.record({ deviceId: id, bootEpoch: u32, sequence: u32, payload, keyId, time: fc.option(timeMs), signature }),
    async ({ keyId, time, signature, ...fields }) => {
      const whole = time === null ? fields : { ...fields, deviceTimeMs: time };
      const { message, envelope } = frameToSign(whole, { keyId, algorithm: 'ecdsa-p256-sha256' });
      const sender = `${fields.deviceId}/${hex(keyId)}`;
      const words = [sender, fields.bootEpoch, fields.sequence, timeText(time ?? undefined), hex(fields.payload)];
      const expected = `${sha256(message)} ${hex(envelope(signature))}`;
      const isSame = (await program.ask('frame', ...words, hex(signature))) === expected;
      const unsigned = (await program.ask('unsigned', ...words, '-')).split(' ')[1];
      return isSame && unsigned === hex(encodeEnvelope(whole));
    },
  );
  await t.resolves(fc.assert(property, { numRuns: 500 }));
});

t.test('any batch: the same root, digest and envelope', async (t) => {
  const program = await started(t);
  if (program === null) return;
  const frames = fc
    .tuple(
      fc.option(timeMs),
      fc.array(fc.record({ delta: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), payload }), {
        minLength: 1,
        maxLength: 40,
      }),
    )
    .map(([base, list]) =>
      list.map(({ delta, payload }, i): BatchFrame => {
        if (base === null) return { payload };
        const time = i === 0 ? base : Math.min(253_402_300_799_999, Math.max(0, base + delta));
        return { deviceTimeMs: time, payload };
      }),
    );
  const property = fc.asyncProperty(
    fc.record({ deviceId: id, bootEpoch: u32, sequence: fc.nat({ max: 0xffff_ffff - 64 }), keyId, frames, signature }),
    async ({ keyId, signature, ...fields }) => {
      const { message, envelope } = batchToSign(fields, { keyId, algorithm: 'ecdsa-p256-sha256' });
      const entries = fields.frames.map(({ deviceTimeMs, payload }) => `${timeText(deviceTimeMs)}:${hex(payload)}`);
      const head = [`${fields.deviceId}/${hex(keyId)}`, fields.bootEpoch, fields.sequence, 4096, hex(signature)];
      const expected = `${sha256(message)} ${hex(envelope(signature))}`;
      return (await program.ask('batch', ...head, ...entries)) === expected;
    },
  );
  await t.resolves(fc.assert(property, { numRuns: 200 }));
});

t.test('a batch takes its count and no more; a frame that does not follow is left for the next', async (t) => {
  const program = await started(t);
  if (program === null) return;
  const many = (count: number) => Array.from({ length: count }, () => '-:00');
  const batch = (first: number, max: number, entries: readonly string[]) =>
    program.ask('batch', 'a/0102030405060708', 1, first, max, '-', ...entries);
  t.not(await batch(0, 4096, many(4096)), 'refused');
  t.equal(await batch(0, 4096, many(4097)), 'refused');
  t.not(await batch(0, 3, many(3)), 'refused');
  t.equal(await batch(0, 3, many(4)), 'refused');
  t.not(await batch(0xffff_fffd, 64, many(3)), 'refused', 'up to the last sequence');
  t.equal(await batch(0xffff_fffd, 64, many(4)), 'refused', 'and not beyond');
  t.equal(await batch(0, 64, ['-:00', '5:00']), 'refused', 'a time where the first has none');
  t.not(await batch(0, 64, ['0:00', `${2 ** 31 - 1}:00`]), 'refused');
  t.equal(await batch(0, 64, ['0:00', `${2 ** 31}:00`]), 'refused', 'a delta that does not fit');
  t.equal(await batch(0, 64, []), 'refused', 'no frame');
  const long = '-:'.concat('00'.repeat(40_000));
  t.not(await batch(0, 64, [long]), 'refused');
  t.equal(await batch(0, 64, [long, long]), 'refused', 'more than a payload holds');
});

t.test('any session: the same key and envelope', async (t) => {
  const program = await started(t);
  if (program === null) return;
  const property = fc.asyncProperty(
    fc.record({
      deviceId: id,
      bootEpoch: u32,
      sequence: u32,
      payload,
      keyId,
      time: fc.option(timeMs),
      secret: fc.uint8Array({ minLength: 32, maxLength: 32 }),
      receiverKeyId: keyId,
      startMs: timeMs,
    }),
    fc.nat({ max: 65_535 }),
    async ({ time, secret, receiverKeyId, startMs, keyId, ...fields }, since) => {
      const first = Math.max(0, fields.sequence - since);
      const { deviceId, bootEpoch } = fields;
      const terms = { deviceId, keyId, bootEpoch, receiverKeyId, startMs, first };
      const session = openSessionFromSecret(Buffer.from(secret), terms);
      const whole = time === null ? fields : { ...fields, deviceTimeMs: time };
      const expected = hex(sealInSession(whole, session));
      const words = [`${deviceId}/${hex(keyId)}`, bootEpoch, fields.sequence, timeText(time ?? undefined)];
      const more = [hex(fields.payload), hex(secret), hex(receiverKeyId), startMs, first];
      return (await program.ask('session', ...words, ...more)).split(' ')[1] === expected;
    },
  );
  await t.resolves(fc.assert(property, { numRuns: 500 }));
  const late = ['a/0102030405060708', 1, 7, '-', '00', '00'.repeat(32), '0102030405060708', 0, 8];
  t.equal(await program.ask('session', ...late), 'refused', 'a frame before its session');
});

t.test('what the specification refuses is not written', async (t) => {
  const program = await started(t);
  if (program === null) return;
  const frame = (sender: string, time: string) => program.ask('frame', sender, 1, 2, time, '00', '-');
  t.equal(await frame(`${'a'.repeat(65)}/0102030405060708`, '-'), 'refused');
  t.equal(await frame('/0102030405060708', '-'), 'refused');
  t.equal(await frame('a/b/0102030405060708'.replace('a/b', 'a+b'), '-'), 'refused');
  t.equal(await frame('a/0102030405060708', '253402300800000'), 'refused');
  t.not(await frame('a/0102030405060708', '253402300799999'), 'refused');
});

t.test('SHA-256, HMAC-SHA-256 and the Merkle tree are those of node:crypto and schemas/envelope', async (t) => {
  const program = await started(t);
  if (program === null) return;
  for (const length of [0, 1, 55, 56, 57, 63, 64, 65, 119, 120, 127, 128, 129, 1000, 100_000]) {
    const bytes = Buffer.alloc(length, length);
    t.equal(await program.ask('sha256', hex(bytes)), sha256(bytes), `${length} bytes`);
  }
  const bytes = fc.uint8Array({ maxLength: 500 });
  const property = fc.asyncProperty(bytes, bytes, async (key, message) => {
    const expected = createHmac('sha256', key).update(message).digest('hex');
    return (await program.ask('hmac', hex(key), hex(message))) === expected;
  });
  await t.resolves(fc.assert(property, { numRuns: 300 }));
  for (let leaves = 1; leaves <= 130; leaves++) {
    const list = Array.from({ length: leaves }, (_, i) => Buffer.alloc(1 + (i % 70), i));
    const root = merkleRoot(list.map(leafHash));
    if ((await program.ask('root', ...list.map(hex))) !== hex(root)) t.fail(`${leaves} leaves`);
  }
});

t.test('Wycheproof’s verdict on each HMAC-SHA-256 tag is the firmware’s', async (t) => {
  if (!needs(t, 'shared-data')) return;
  const program = await started(t);
  if (program === null) return;
  const { testGroups } = JSON.parse(readFileSync(sharedData('wycheproof', 'hmac_sha256_test.json'), 'utf8')) as {
    readonly testGroups: readonly {
      readonly tagSize: number;
      readonly tests: readonly {
        readonly key: string;
        readonly msg: string;
        readonly tag: string;
        readonly result: string;
      }[];
    }[];
  };
  let count = 0;
  for (const { tagSize, tests } of testGroups) {
    for (const { key, msg, tag, result } of tests) {
      const mac = (await program.ask('hmac', key || '-', msg || '-')).slice(0, tagSize / 4);
      if ((mac === tag) !== (result === 'valid')) t.fail(`${key} ${msg} ${tag}`);
      count++;
    }
  }
  t.ok(count > 100, `${count} tags`);
});

t.test('any values: the generated encoders write what the TypeScript ones write', async (t) => {
  const program = await started(t);
  if (program === null) return;
  const u16 = fc.nat({ max: 0xffff });
  const i16 = fc.integer({ min: -0x8000, max: 0x7fff });
  const digits = (count: number) => fc.stringMatching(new RegExp(`^[0-9]{${count}}$`));
  const ofEnmon = fc.record({
    nSend: u32,
    imei: digits(15),
    batteryVoltage: u16,
    sonometer: u16,
    temperature: i16,
    humidity: u16,
  });
  const ofNucleo = fc.record({ nSend: u32, serial: digits(12), adc: u16, supplyVoltage: u16, temperature: i16 });
  const property = fc.asyncProperty(ofEnmon, ofNucleo, async (one, other) => {
    const writer = new ByteWriter(64);
    enmon.encode(writer, one);
    const isSame = (await program.ask('encode-enmon', ...Object.values(one))) === hex(writer.take());
    const second = new ByteWriter(64);
    nucleo.encode(second, other);
    return isSame && (await program.ask('encode-nucleo', ...Object.values(other))) === hex(second.take());
  });
  await t.resolves(fc.assert(property, { numRuns: 300 }));
  t.equal(await program.ask('encode-enmon', 1, '86772303004033x', 1, 2, 3, 4), 'refused');
  t.equal(await program.ask('encode-nucleo', 1, '00000000004/', 1, 2, 3), 'refused');
});

import { createPrivateKey, createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import {
  EnvelopeView,
  encodeEnvelope,
  exportPublicKey,
  importPublicKey,
  keyIdOf,
  SignatureVerifier,
  signEnvelope,
} from '../../../schemas/envelope/index.ts';
import { repositoryRoot } from '../../support/needs.ts';

const page = readFileSync(join(repositoryRoot, 'docs', 'specs', 'envelope.md'), 'utf8');

function line(name: string): Buffer {
  const found = new RegExp(`^${name} ([0-9a-f]+)$`, 'm').exec(page)?.[1];
  if (found === undefined) throw new Error(`the page has no ${name}`);
  return Buffer.from(found, 'hex');
}

/** The cells of the table whose header begins with this name. */
function table(first: string): string[][] {
  const lines = page.split('\n');
  const start = lines.findIndex((text) => text.startsWith(`| ${first} |`));
  const rows = lines.slice(start + 2);
  const end = rows.findIndex((text) => !text.startsWith('|'));
  return rows.slice(0, end < 0 ? rows.length : end).map((text) =>
    text
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

const spki = line('spki');
const publicKey = importPublicKey(spki);
const [x, y] = [spki.subarray(27, 59), spki.subarray(59)].map((part) => part.toString('base64url'));
const jwk = { kty: 'EC', crv: 'P-256', x, y, d: line('private-key').toString('base64url') };
const privateKey = createPrivateKey({ format: 'jwk', key: jwk });

t.test('the key of the page is one', async (t) => {
  t.same(exportPublicKey(createPublicKey(privateKey)), spki);
  t.same(keyIdOf(publicKey), line('key-id'));
});

t.test('every envelope of the page reads as it says, verifies, and is what the encoder writes', async (t) => {
  const rows = table('name');
  t.equal(rows.length, 3);
  for (const [name = '', deviceId = '', bootEpoch, sequence, time = '', payload = '', hex = ''] of rows) {
    const bytes = Buffer.from(hex, 'hex');
    const view = new EnvelopeView();
    view.parseOnly(bytes, 0, bytes.length);
    t.equal(view.deviceId(), deviceId);
    t.equal(view.bootEpoch, Number(bootEpoch));
    t.equal(view.sequence, Number(sequence));
    t.equal(view.hasDeviceTime ? new Date(view.deviceTimeMs).toISOString() : '', time);
    t.equal(bytes.toString('hex', view.payloadStart, view.payloadEnd), payload);
    const fields = {
      deviceId,
      bootEpoch: Number(bootEpoch),
      sequence: Number(sequence),
      ...(time === '' ? {} : { deviceTimeMs: Date.parse(time) }),
      payload: Buffer.from(payload, 'hex'),
    };
    if (name === 'unsigned') {
      t.same(Buffer.from(encodeEnvelope(fields)), bytes);
      continue;
    }
    t.ok(new SignatureVerifier().isSignedBy(view, publicKey), name);
    const own = Buffer.from(signEnvelope(fields, { keyId: line('key-id'), privateKey }));
    t.same(own.subarray(0, -64), bytes.subarray(0, -64), name);
  }
});

t.test('every refused envelope of the page is refused at the field and offset that it says', async (t) => {
  const rows = table('refused');
  t.equal(rows.length, 7);
  for (const [name = '', field = '', offset, hex = ''] of rows) {
    const bytes = Buffer.from(hex, 'hex');
    const wanted = { code: 'ENVELOPE_INVALID', field, byteOffset: Number(offset) };
    t.throws(() => new EnvelopeView().parseOnly(bytes, 0, bytes.length), wanted, name);
  }
});

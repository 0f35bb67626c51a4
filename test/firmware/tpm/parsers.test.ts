/** Everything that reads a TPM's bytes, against every truncation and every flipped bit: no TPM is needed. */
import { generateKeyPairSync, sign as signBytes } from 'node:crypto';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { MsecError } from '../../../engine/base/index.ts';
import { decodeNvPublic, encodeNvPublic } from '../../../firmware/tpm/commands/nv.ts';
import { readHandles } from '../../../firmware/tpm/handle-list.ts';
import {
  ALG_ECDSA,
  ALG_RSASSA,
  ALG_SHA1,
  ALG_SHA256,
  attestationKeyTemplate,
  decodeAttest,
  decodePublic,
  decodeSignature,
  encodePublic,
  encodeSignature,
  isSignatureOf,
  pcrs,
  publicKeyOf,
  rsaSigningKeyTemplate,
  STORAGE_KEY_ECC,
  sealTemplate,
} from '../../../firmware/tpm/index.ts';
import { parseResponse } from '../../../firmware/tpm/response.ts';
import { readPcrSelection, TpmReader, writePcrSelection, written } from '../../../schemas/tpm/index.ts';

const CODES = ['TPM_RESPONSE_INVALID', 'TPM_REFUSED'];

function* mutations(bytes: Buffer): Generator<Buffer> {
  for (let length = 0; length < bytes.length; length++) yield bytes.subarray(0, length);
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const flipped = Buffer.from(bytes);
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    yield flipped;
  }
  yield Buffer.concat([bytes, Buffer.of(0)]);
}

/** What is accepted must say exactly what the bytes say: `encode` gives them back. Anything else is a typed error. */
function holds<T>(t: Test, bytes: Buffer, decode: (bytes: Buffer) => T, encode: (value: T) => Buffer): void {
  t.same(encode(decode(bytes)), bytes);
  let refused = 0;
  for (const changed of mutations(bytes)) {
    let value: T;
    try {
      value = decode(changed);
    } catch (error) {
      if (!(error instanceof MsecError) || !CODES.includes(error.code)) throw error;
      refused++;
      continue;
    }
    if (!encode(value).equals(changed)) t.fail(`${changed.toString('hex')} was taken for something else`);
  }
  t.ok(refused > bytes.length, `${refused} of ${bytes.length * 9 + 1} mutations are refused`);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (random) => {
      try {
        decode(Buffer.from(random));
      } catch (error) {
        return error instanceof MsecError && CODES.includes(error.code);
      }
      return true;
    }),
  );
}

const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const jwk = ec.publicKey.export({ format: 'jwk' });
const point = { x: Buffer.from(jwk.x!, 'base64url'), y: Buffer.from(jwk.y!, 'base64url') };
const modulus = Buffer.from(rsa.publicKey.export({ format: 'jwk' }).n!, 'base64url');

const areas = {
  'storage key': { ...STORAGE_KEY_ECC, ...point },
  'attestation key': { ...attestationKeyTemplate(Buffer.alloc(32, 7)), ...point },
  'RSA key': { ...rsaSigningKeyTemplate(), modulus },
  'sealed data': { ...sealTemplate(), unique: Buffer.alloc(32, 9) },
};
for (const [name, area] of Object.entries(areas))
  t.test(`public area: ${name}`, async (t) => {
    holds(t, encodePublic(area), decodePublic, encodePublic);
    if (name === 'sealed data') t.throws(() => publicKeyOf(area), { code: 'TPM_RESPONSE_INVALID' });
    else t.ok(publicKeyOf(area));
  });

t.test('a public area whose point lies beside the curve is no key', async (t) => {
  t.throws(() => publicKeyOf({ ...areas['storage key'], x: Buffer.alloc(32, 1) }), { code: 'TPM_RESPONSE_INVALID' });
});

t.test('signatures', async (t) => {
  const message = Buffer.from('message');
  const ecdsa = {
    algorithm: ALG_ECDSA,
    hash: ALG_SHA256,
    bytes: signBytes('sha256', message, { key: ec.privateKey, dsaEncoding: 'ieee-p1363' }),
  } as const;
  const pkcs1 = {
    algorithm: ALG_RSASSA,
    hash: ALG_SHA256,
    bytes: signBytes('sha256', message, rsa.privateKey),
  } as const;
  for (const [signature, key, other] of [
    [ecdsa, ec.publicKey, rsa.publicKey],
    [pkcs1, rsa.publicKey, ec.publicKey],
  ] as const) {
    t.ok(isSignatureOf(decodeSignature(encodeSignature(signature)), message, key));
    t.notOk(isSignatureOf(signature, message, other), 'a key of another kind');
    for (const changed of mutations(encodeSignature(signature))) {
      let accepted = false;
      try {
        accepted = isSignatureOf(decodeSignature(changed), message, key);
      } catch (error) {
        if (!(error instanceof MsecError) || error.code !== 'TPM_RESPONSE_INVALID') throw error;
      }
      if (accepted) t.fail(`${changed.toString('hex')} passes for a signature`);
    }
  }
});

t.test('r and s of a TPM that leaves leading zeros out are padded', async (t) => {
  const bytes = written((writer) => {
    writer.u16(ALG_ECDSA);
    writer.u16(ALG_SHA256);
    writer.sized(Buffer.alloc(31, 1)).sized(Buffer.alloc(32, 2));
  });
  t.equal(decodeSignature(bytes).bytes.toString('hex'), `00${'01'.repeat(31)}${'02'.repeat(32)}`);
});

t.test('PCR selections', async (t) => {
  const decode = (bytes: Buffer) => {
    const reader = new TpmReader(bytes, 'selection');
    const selections = readPcrSelection(reader);
    reader.end();
    return selections;
  };
  const bytes = written((writer) => writePcrSelection(writer, [pcrs(0, 7, 23), { bank: ALG_SHA1, pcrs: [16] }]));
  // A map of another size says the same in other bytes: the size is not kept.
  holds(
    t,
    bytes,
    (given) => ({ selections: decode(given), given }),
    ({ given }) => given,
  );
  t.same(decode(bytes), [pcrs(0, 7, 23), { bank: ALG_SHA1, pcrs: [16] }]);
});

t.test('NV public areas', async (t) => {
  const area = { index: 0x01500001, nameAlg: ALG_SHA256, attributes: 7, authPolicy: Buffer.alloc(32, 3), dataSize: 99 };
  holds(t, encodeNvPublic({ ...area, nameAlg: ALG_SHA256 }), decodeNvPublic, encodeNvPublic);
});

t.test('attestations', async (t) => {
  const quote = Buffer.from(
    `ff54434780180002000b0001aa${'00000000000003e8'}${'00000001'}${'00000002'}01${'0102030405060708'}00000001000b03010000${'0020'}${'11'.repeat(32)}`,
    'hex',
  );
  t.match(decodeAttest(quote), {
    type: 'quote',
    clockMs: 1000n,
    resetCount: 1,
    restartCount: 2,
    selections: [pcrs(0)],
  });
  holds(
    t,
    quote,
    (given) => ({ attest: decodeAttest(given), given }),
    ({ given }) => given,
  );
});

t.test('responses', async (t) => {
  const auth = Buffer.from(`0010${'11'.repeat(16)}010020${'22'.repeat(32)}`, 'hex');
  const body = Buffer.from('80000001000000050003aabbcc', 'hex');
  const header = Buffer.from('80020000000000000000', 'hex');
  const response = Buffer.concat([header, body, auth]);
  response.writeUInt32BE(response.length, 2);
  const expected = { command: 'Test', hasHandle: true, sessions: 1 };
  t.match(parseResponse(response, expected), { handle: 0x80000001, parameters: Buffer.from('0003aabbcc', 'hex') });
  holds(
    t,
    response,
    (given) => ({ parsed: parseResponse(given, expected), given }),
    ({ given }) => given,
  );
  t.throws(() => parseResponse(response, { ...expected, sessions: 0 }), { code: 'TPM_RESPONSE_INVALID' });
  t.throws(() => parseResponse(response, { ...expected, sessions: 2 }), { code: 'TPM_RESPONSE_INVALID' });
  const seen: number[] = [];
  t.throws(() => parseResponse(response, { ...expected, sessions: 2, onHandle: (handle) => seen.push(handle) }));
  t.same(seen, [0x80000001], 'a handle is told of before the rest is found wrong');
});

t.test('lists of handles', async (t) => {
  const bytes = Buffer.from('0000000001000000028000000080000001', 'hex');
  const decode = (given: Buffer) => readHandles(new TpmReader(given, 'handles'));
  t.same(decode(bytes), [0x80000000, 0x80000001]);
  holds(
    t,
    bytes,
    (given) => ({ handles: decode(given), given }),
    ({ given }) => given,
  );
  t.throws(() => decode(Buffer.from('000000000100ffffff', 'hex')), { code: 'TPM_RESPONSE_INVALID' });
});

/**
 * Whole commands against changed responses: a real TPM answers once, with nonces and salts from a seed; then the same
 * commands are sent to a replay of those answers in which one is cut off or has a bit flipped. Whatever is changed, the
 * result is an error of a known code, or the very result of the unchanged answers.
 */
import { createHash } from 'node:crypto';
import t from 'tap';
import { type Clock, MsecError, randomBelow, seededRandom } from '../../../engine/base/index.ts';
import {
  activateCredential,
  attestationKeyTemplate,
  certify,
  connectSocket,
  create,
  createPrimary,
  defineNv,
  extendPcr,
  getRandom,
  load,
  makeCredential,
  manufacturer,
  pcrPolicy,
  pcrs,
  permanent,
  persist,
  policySecret,
  publicKeyOf,
  quote,
  RH_ENDORSEMENT,
  RH_OWNER,
  readNv,
  readObject,
  readPcrs,
  STORAGE_KEY_ECC,
  seal,
  secretPolicy,
  sign,
  signingKeyTemplate,
  Tpm,
  type TpmTransport,
  unsealWithPcrs,
  usingPolicy,
  verify,
  withPolicy,
  writeNv,
} from '../../../firmware/tpm/index.ts';
import { needs } from '../../support/needs.ts';
import { startSwtpm } from '../../support/swtpm.ts';
import { testSeed } from '../../support/test-seed.ts';

const SEED = Number(process.env.MSEC_SEED ?? testSeed());
const KNOWN_CODES = ['TPM_RESPONSE_INVALID', 'TPM_REFUSED', 'DEPENDENCY_DOWN'];
const digest = createHash('sha256').update('message').digest();
const NV = 0x01500001;
const PARENT = 0x81000001;

/** Nothing waits in a replay. */
const clock: Clock = {
  now: () => 0,
  monotonic: () => 0,
  after(delayMs, run) {
    let isLive = delayMs < 5_000;
    if (isLive) queueMicrotask(() => isLive && run());
    return {
      cancel() {
        isLive = false;
      },
    };
  },
};

/** What a program gets from the TPM, as one text. */
async function everything(tpm: Tpm): Promise<string> {
  const results: unknown[] = [await manufacturer(tpm), await getRandom(tpm, 8)];
  const parent = await readObject(tpm, PARENT);
  results.push(parent.name, await readNv(tpm, NV));
  const [before] = await readPcrs(tpm, pcrs(23));
  const policy = pcrPolicy([pcrs(23)], [before!]);
  const sealed = await seal(tpm, parent, { data: Buffer.from('the secret'), authPolicy: policy });
  results.push(await unsealWithPcrs(tpm, parent, sealed, [pcrs(23)]));
  const wrapped = await create(tpm, parent, { template: attestationKeyTemplate(), auth: 'ak' });
  const key = await load(tpm, parent, wrapped, 'ak');
  const quoted = await quote(tpm, key, Buffer.from('nonce'), [pcrs(23)]);
  results.push(publicKeyOf(key.area).export({ format: 'jwk' }), quoted.bytes, quoted.signature.bytes);
  const signing = await load(tpm, parent, await create(tpm, parent, { template: signingKeyTemplate() }));
  const signature = await sign(tpm, signing, digest);
  results.push(signature.bytes, await verify(tpm, signing, digest, signature));
  const certified = await certify(tpm, signing, key, Buffer.from('nonce'));
  results.push(certified.bytes, certified.signature.bytes);
  await tpm.flush(key);
  const endorsementPolicy = secretPolicy(permanent(RH_ENDORSEMENT).name);
  const endorsementKey = await createPrimary(tpm, permanent(RH_ENDORSEMENT), {
    template: { ...STORAGE_KEY_ECC, attributes: 0x000300b2, authPolicy: endorsementPolicy },
  });
  const credential = makeCredential(endorsementKey.area, signing.name, Buffer.from('credential'), seededRandom(5));
  results.push(
    await usingPolicy(tpm, async (session) => {
      await policySecret(tpm, session, permanent(RH_ENDORSEMENT));
      return await activateCredential(tpm, signing, withPolicy(endorsementKey, session), credential);
    }),
  );
  await extendPcr(tpm, 23, digest);
  return JSON.stringify(results);
}

class Replay implements TpmTransport {
  readonly address = 'replay';
  readonly isExclusive = true;
  readonly #responses: readonly Buffer[];
  #next = 0;

  constructor(responses: readonly Buffer[]) {
    this.#responses = responses;
  }

  async transmit(): Promise<Buffer> {
    const response = this.#responses[this.#next++];
    if (response === undefined) throw new MsecError('DEPENDENCY_DOWN', 'the recording has ended');
    return response;
  }

  async close(): Promise<void> {}
}

async function replayed(responses: readonly Buffer[]): Promise<string> {
  const tpm = await Tpm.open(new Replay(responses), { random: seededRandom(SEED), clock });
  try {
    return await everything(tpm);
  } finally {
    await tpm.close();
  }
}

t.test('no changed response is taken for the TPM’s', async (t) => {
  if (!needs(t, 'swtpm')) return;
  t.comment(`MSEC_SEED=${SEED}`);
  const swtpm = await startSwtpm();
  t.teardown(() => swtpm.stop());

  const first = await swtpm.open();
  await persist(first, await createPrimary(first, permanent(RH_OWNER), { template: STORAGE_KEY_ECC }), PARENT);
  await defineNv(first, NV, 64);
  await writeNv(first, NV, Buffer.alloc(64, 7));
  await first.close();

  const responses: Buffer[] = [];
  const transport = await connectSocket(swtpm);
  const recording = await Tpm.open(
    {
      address: transport.address,
      isExclusive: true,
      async transmit(command, timeLimitMs) {
        const response = await transport.transmit(command, timeLimitMs);
        responses.push(Buffer.from(response));
        return response;
      },
      close: () => transport.close(),
    },
    { random: seededRandom(SEED) },
  );
  const expected = await everything(recording);
  await recording.close();
  t.equal(await replayed(responses), expected, 'unchanged answers give the same result');

  const random = seededRandom(SEED);
  let changed = 0;
  let refused = 0;
  for (const [i, response] of responses.entries()) {
    const tries: Buffer[] = [];
    // Each byte of a header and of what follows it; of the long rest a part, another in each run.
    for (let byte = 0; byte < response.length; byte++) {
      if (byte > 24 && randomBelow(random, 12) !== 0) continue;
      const flipped = Buffer.from(response);
      flipped[byte]! ^= 1 << randomBelow(random, 8);
      tries.push(flipped, response.subarray(0, byte));
    }
    for (const bytes of tries) {
      const answers = responses.with(i, bytes);
      changed++;
      try {
        const result = await replayed(answers);
        if (result !== expected) t.fail(`response ${i} as ${bytes.toString('hex')} gives another result`);
      } catch (error) {
        if (error instanceof MsecError && KNOWN_CODES.includes(error.code)) refused++;
        else t.fail(`response ${i} as ${bytes.toString('hex')}: ${(error as Error).stack}`);
      }
    }
  }
  t.ok(refused > changed * 0.9, `${refused} of ${changed} changed responses are refused, the others say the same`);
});

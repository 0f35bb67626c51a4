/**
 * A software TPM: signatures over one connection, every command encrypted, beside a tpm2_sign process for each and beside
 * the bare command; and what a recorder on the socket sees of secrets in sessions that unseal and sign.
 */
import { createHash, randomBytes } from 'node:crypto';
import {
  connectSocket,
  create,
  createPrimary,
  encodePublic,
  load,
  permanent,
  persist,
  RH_OWNER,
  readObject,
  STORAGE_KEY_ECC,
  seal,
  sign,
  signingKeyTemplate,
  Tpm,
  type TpmObject,
  unseal,
  using,
  type WrappedObject,
} from '../../../firmware/tpm/index.ts';
import { type Swtpm, startSwtpm } from '../../../test/support/swtpm.ts';
import { startTpmRecorder, type TpmRecorder } from '../../../test/support/tpm-recorder.ts';
import { figure, type Workload } from '../../workload.ts';
import { throttledReadings } from './throttled.ts';

const PARENT = 0x81000001;
const KEY = 0x81000010;
const SIGN = 0x15d;
const AUTH = 'a password';
const WARM_UP = 200;
const BATCH_FRAMES = 1_024;

const hex = (handle: number): string => `0x${handle.toString(16)}`;
const sized = (bytes: Uint8Array): Buffer => Buffer.concat([Buffer.of(bytes.length >> 8, bytes.length & 255), bytes]);

export const tpm: Workload = {
  name: 'tpm',
  says: 'a TPM 2.0 (swtpm): signatures with encrypted parameters, beside tpm2-tools; readings behind a slow one; secrets on the socket',
  async run({ isQuick, progress }) {
    const [runs, signatures, processes, sessions, plain] = isQuick ? [3, 300, 10, 200, 3] : [5, 1_000, 40, 10_000, 20];
    const swtpm = await startSwtpm();
    try {
      const sealed = await provision(swtpm);
      const [ours, bare, tools, milliseconds]: number[][] = [[], [], [], []];
      for (let run = 1; run <= runs; run++) {
        const took = await timedSignatures(swtpm, signatures);
        milliseconds!.push(took.median);
        ours!.push(took.perSecond);
        bare!.push(await bareSignatures(swtpm, signatures));
        tools!.push(await processSignatures(swtpm, processes));
        progress(
          `run ${run}/${runs}: ${Math.round(took.perSecond)} signatures/s, tpm2_sign ${Math.round(tools!.at(-1)!)}/s`,
        );
      }
      const slow = await throttled(swtpm, isQuick ? 24 : 120);
      progress(`throttled: ${Math.round(slow.readingsPerSecond)} readings/s`);
      const seen = await recorded(swtpm, sealed, sessions, plain, progress);
      return [
        figure({
          name: 'tpm: signatures',
          unit: 'signatures/s',
          ours: ours!,
          peers: { tpm2_sign: tools!, 'bare command': bare! },
          floor: 10,
          aim: 30,
          judged: 'tpm2_sign',
          notes: [
            'one after another, ECDSA P-256, a persistent key with a password; digest encrypted, response authenticated',
            'bare command: the same TPM2_Sign with the password in clear, over the same socket',
          ],
        }),
        figure({
          name: 'tpm: one signature',
          unit: 'ms',
          ours: milliseconds!,
          peers: { tpm2_sign: tools!.map((rate) => 1000 / rate) },
          floor: null,
          aim: null,
          judged: 'ours',
          isLessBetter: true,
          notes: ['median of a run; of tpm2_sign the mean'],
        }),
        figure({
          name: 'tpm: readings behind 23.6 signatures/s',
          unit: 'readings/s, each provable alone',
          ours: [slow.readingsPerSecond],
          floor: 5_000,
          aim: 20_000,
          judged: 'ours',
          notes: [
            `one device, a TPM held to 42.4 ms a signature (${slow.signaturesPerSecond.toFixed(1)}/s were made), ${BATCH_FRAMES} frames under each`,
            `${slow.readings} readings came out of verify and decode; ${slow.proofs} of them proved offline with one signature and at most ${slow.hashesMax} hashes`,
          ],
        }),
        figure({
          name: 'tpm: secret seen on the socket',
          unit: 'times',
          ours: [seen.ours],
          peers: { [`tpm2_unseal, ${plain} sessions`]: [seen.tools] },
          floor: 0,
          aim: 0,
          judged: 'ours',
          isLessBetter: true,
          notes: [
            `${sessions} sessions of our own, each a connection that unseals 32 bytes and signs a digest; ${Math.round(seen.bytes / 1e6)} MB recorded`,
            'looked for: the secret, each half of it, the password, the digest',
          ],
        }),
      ];
    } finally {
      await swtpm.stop();
    }
  },
};

interface Sealed {
  readonly secret: Buffer;
  readonly object: WrappedObject;
}

async function provision(swtpm: Swtpm): Promise<Sealed> {
  const connection = await swtpm.open();
  const parent = await persist(
    connection,
    await createPrimary(connection, permanent(RH_OWNER), { template: STORAGE_KEY_ECC }),
    PARENT,
  );
  const wrapped = await create(connection, parent, { template: signingKeyTemplate(), auth: AUTH });
  await persist(connection, await load(connection, parent, wrapped, AUTH), KEY);
  const secret = randomBytes(32);
  const object = await seal(connection, parent, { data: secret, auth: AUTH });
  await connection.close();
  return { secret, object };
}

async function timedSignatures(swtpm: Swtpm, count: number) {
  const connection = await swtpm.open();
  const key = await readObject(connection, KEY, AUTH);
  const digest = randomBytes(32);
  for (let i = 0; i < WARM_UP; i++) await sign(connection, key, digest);
  const times: number[] = [];
  const from = performance.now();
  for (let i = 0; i < count; i++) {
    const at = performance.now();
    await sign(connection, key, digest);
    times.push(performance.now() - at);
  }
  const perSecond = (count * 1000) / (performance.now() - from);
  await connection.close();
  return { perSecond, median: times.sort((a, b) => a - b)[count >> 1]! };
}

async function throttled(swtpm: Swtpm, batches: number) {
  const connection = await swtpm.open();
  try {
    const slow = await throttledReadings(connection, await readObject(connection, KEY, AUTH), BATCH_FRAMES, batches);
    if (slow.readings !== batches * BATCH_FRAMES) throw new Error(`${slow.readings} readings of ${batches} batches`);
    return slow;
  } finally {
    await connection.close();
  }
}

async function bareSignatures(swtpm: Swtpm, count: number): Promise<number> {
  const transport = await connectSocket(swtpm);
  const auth = Buffer.concat([Buffer.from('40000009000000', 'hex'), sized(Buffer.from(AUTH))]);
  const authSize = Buffer.alloc(4);
  authSize.writeUInt32BE(auth.length);
  const body = Buffer.concat([
    Buffer.from(KEY.toString(16), 'hex'),
    authSize,
    auth,
    sized(randomBytes(32)),
    // No scheme of its own, and no ticket.
    Buffer.from('00108024400000070000', 'hex'),
  ]);
  const header = Buffer.alloc(10);
  header.writeUInt16BE(0x8002);
  header.writeUInt32BE(10 + body.length, 2);
  header.writeUInt32BE(SIGN, 6);
  const command = Buffer.concat([header, body]);
  const signOnce = async () => {
    const response = await transport.transmit(command, 10_000);
    if (response.readUInt32BE(6) !== 0) throw new Error(`refused: ${response.toString('hex')}`);
  };
  for (let i = 0; i < WARM_UP; i++) await signOnce();
  const from = performance.now();
  for (let i = 0; i < count; i++) await signOnce();
  const perSecond = (count * 1000) / (performance.now() - from);
  await transport.close();
  return perSecond;
}

async function processSignatures(swtpm: Swtpm, count: number): Promise<number> {
  swtpm.write('digest', randomBytes(32));
  const from = performance.now();
  for (let i = 0; i < count; i++) {
    await swtpm.tool('tpm2_sign', '-c', hex(KEY), '-p', AUTH, '-g', 'sha256', '-d', '-o', 'signature', 'digest');
  }
  return (count * 1000) / (performance.now() - from);
}

const timesIn = (bytes: Buffer, wanted: Buffer): number => {
  let times = 0;
  for (let at = bytes.indexOf(wanted); at >= 0; at = bytes.indexOf(wanted, at + 1)) times++;
  return times;
};

async function recorded(
  swtpm: Swtpm,
  { secret, object }: Sealed,
  sessions: number,
  plain: number,
  progress: (text: string) => void,
): Promise<{ ours: number; tools: number; bytes: number }> {
  const recorder = await startTpmRecorder(swtpm.port);
  const seen = { ours: 0, tools: 0, bytes: 0 };
  try {
    for (let i = 1; i <= sessions; i++) {
      const digest = createHash('sha256').update(`${i}`).digest();
      await session(recorder, object, secret, digest);
      const bytes = recorder.bytes();
      for (const wanted of [secret, secret.subarray(0, 16), secret.subarray(16), Buffer.from(AUTH), digest])
        seen.ours += timesIn(bytes, wanted);
      seen.bytes += bytes.length;
      recorder.forget();
      if (i % 1000 === 0) progress(`${i} sessions recorded, secret seen ${seen.ours} times`);
    }
    swtpm.write('sealed.pub', sized(encodePublic(object.area)));
    swtpm.write('sealed.priv', sized(object.private));
    const tapped = ['-T', `swtpm:host=127.0.0.1,port=${recorder.port}`];
    for (let i = 0; i < plain; i++) {
      await swtpm.tool('tpm2_load', ...tapped, '-C', hex(PARENT), '-u', 'sealed.pub', '-r', 'sealed.priv', '-c', 'ctx');
      await swtpm.tool('tpm2_flushcontext', '-t');
      await swtpm.tool('tpm2_unseal', ...tapped, '-c', 'ctx', '-p', AUTH, '-o', 'opened');
      await swtpm.tool('tpm2_flushcontext', '-t');
    }
    seen.tools = timesIn(recorder.bytes(), secret);
    return seen;
  } finally {
    await recorder.stop();
  }
}

/** One connection, with sessions of its own: unseal, sign, leave. */
async function session(recorder: TpmRecorder, object: WrappedObject, secret: Buffer, digest: Buffer): Promise<void> {
  const connection = await Tpm.open(await connectSocket({ host: '127.0.0.1', port: recorder.port }));
  try {
    const parent: TpmObject = await readObject(connection, PARENT);
    const opened = await using(connection, await load(connection, parent, object, AUTH), (sealed) =>
      unseal(connection, sealed),
    );
    if (!opened.equals(secret)) throw new Error('the secret that was unsealed is another');
    await sign(connection, await readObject(connection, KEY, AUTH), digest);
  } finally {
    await connection.close();
  }
}

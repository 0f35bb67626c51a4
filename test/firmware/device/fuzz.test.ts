/** The fuzzers of whatever the firmware parses, each for so many inputs from a seed of its own: firmware/device/fuzz/. */
import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { promisify } from 'node:util';
import t from 'tap';
import { encodeChallenge } from '../../../schemas/attestation/index.ts';
import { pcrs } from '../../../schemas/tpm/index.ts';
import { needs } from '../../support/needs.ts';
import { built, make } from './build.ts';

t.setTimeout(590_000);

const run = promisify(execFile);

const CONFIG = `device-id = roof-7 # a comment
token = a#b
broker = [::1]:1883
tcti = swtpm:host=127.0.0.1,port=2321
storage = /var/lib/roof-7
identity = 867723030040330
mode = session
receiver-key = receiver.pem
signing-handle = 0x81000012
pcrs = 0, 2,7
measure-pcr = none
attestation-handle = 0x81000011
clock-offset-ms = -5
storage-sync = no
`;
const KEY = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'pem' });

const CHALLENGE = Buffer.from(
  encodeChallenge({
    ...{ id: 7, issuedAtMs: 1000, deadlineMs: 9000, nonce: Buffer.alloc(8, 1), selections: [pcrs(0, 7, 14)] },
    ...{ wantsBootLog: true, wantsIma: false, imaEntries: 0, resetCount: 0 },
  }),
);

/** What a fuzzer begins with: text is found by nobody from nothing. */
for (const [name, runs, seeds] of [
  ['config', 40_000, [CONFIG]],
  ['receiver_key', 40_000, [KEY]],
  ['journal', 10_000, []],
  ['ring', 3_000, []],
  ['challenge', 100_000, [CHALLENGE]],
] as const) {
  t.test(`${name}: no input does harm`, async (t) => {
    if (!needs(t, 'clang-14', 'make')) return;
    await make('fuzz');
    const cwd = t.testdir({ corpus: Object.fromEntries(seeds.map((seed, i) => [`seed-${i}`, seed])) });
    const args = [
      `-runs=${runs}`,
      '-seed=1',
      '-max_len=2500',
      '-print_final_stats=0',
      `-artifact_prefix=${cwd}/`,
      'corpus',
    ];
    const { stderr } = await run(built('fuzz', `fuzz_${name}`), args, { cwd });
    t.match(stderr, `Done ${runs} runs`);
  });
}

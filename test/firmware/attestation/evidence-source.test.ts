/** Evidence of a real TPM (swtpm) with an IMA list that is longer than a message: parts ahead, and a quote that proves them all. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { checkPart } from '../../../actors/attest/check.ts';
import { imaStart } from '../../../actors/attest/evidence/ima-replay.ts';
import { attestationKey, checkEvidence, type Expectation, parsePolicy } from '../../../actors/attest/index.ts';
import type { ImaParts } from '../../../actors/attest/verdict.ts';
import { tpmEvidence } from '../../../firmware/attestation/index.ts';
import { deviceKeys } from '../../../firmware/provision/index.ts';
import { encodePublic, extendPcr, type Tpm } from '../../../firmware/tpm/index.ts';
import {
  type Challenge,
  decodeEvidence,
  EVIDENCE_BYTES_MAX,
  RESET_COUNT_NONE,
} from '../../../schemas/attestation/index.ts';
import { ALG_SHA256 } from '../../../schemas/tpm/index.ts';
import { bootAggregate, digest, imaDigests, type Measured, makeImaList } from '../../support/attester.ts';
import { needs } from '../../support/needs.ts';
import { startSwtpm } from '../../support/swtpm.ts';

t.setTimeout(590_000);

const PCRS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
const POLICY = `policy a 1
quote at most 60 s old
clock may be unsafe
pcr 0-9 is ${'0'.repeat(64)}
pcr 10 from ima log
file /usr/** any
`;

t.test('a list of several thousand entries, and one that grows while it is sent', async (t) => {
  if (!needs(t, 'swtpm')) return;
  const swtpm = await startSwtpm();
  t.teardown(() => swtpm.stop());
  // It serves one connection at a time.
  const using = async <T>(use: (tpm: Tpm) => Promise<T>): Promise<T> => {
    const tpm = await swtpm.open();
    try {
      return await use(tpm);
    } finally {
      await tpm.close();
    }
  };
  const { attestation } = await using((tpm) => deviceKeys(tpm));
  const files = (from: number, to: number): Measured[] =>
    Array.from({ length: to - from }, (_, i) => ({
      path: `/usr/lib/some/folder/file-${from + i}`,
      digest: digest(`${from + i}`),
    }));
  const aggregate = bootAggregate(Array.from({ length: 10 }, () => Buffer.alloc(32)));
  let measured: Measured[] = [];
  const file = join(t.testdir({}), 'ima');
  const measure = async (more: readonly Measured[]) => {
    await using(async (tpm) => {
      for (const one of imaDigests(more, ALG_SHA256)) await extendPcr(tpm, 10, one);
    });
    measured = [...measured, ...more];
    writeFileSync(file, makeImaList(measured).binary);
  };
  await measure([aggregate]);
  await measure(files(0, 10_000));
  const source = tpmEvidence({ connect: () => swtpm.open(), boundTo: null, files: { bootLog: null, ima: file } });
  const nonce = digest('nonce').subarray(0, 20);
  const challenge: Challenge = {
    ...{ id: 3, issuedAtMs: 1, deadlineMs: 2, nonce, selections: [{ bank: ALG_SHA256, pcrs: PCRS }] },
    ...{ wantsBootLog: false, wantsIma: true, imaEntries: 0, resetCount: RESET_COUNT_NONE },
  };
  const policy = parsePolicy(Buffer.from(POLICY));
  let parts: ImaParts = { policyId: 'p1', from: 0, state: imaStart(ALG_SHA256), aggregates: [] };
  let sent = 0;
  const shown = await source.answer(challenge, async (bytes) => {
    const { ima, isPart } = decodeEvidence(bytes);
    t.ok(isPart === true && bytes.length <= EVIDENCE_BYTES_MAX);
    const checked = checkPart(ima!, parts, { policy, references: null });
    t.same(checked.findings, []);
    parts = checked.parts!;
    if (++sent === 1) await measure(files(10_000, 10_100));
  });
  t.ok(sent > 1, `${sent} parts`);
  const message = decodeEvidence(shown.bytes);
  const expectation: Expectation = {
    ...{ key: attestationKey(encodePublic(attestation.area)), nonce, ageMs: 0, policy, references: null, before: null },
    parts,
  };
  const verdict = checkEvidence(message, expectation);
  t.match(verdict, { isTrusted: true, counts: { imaEntries: 10_101 } });
  t.equal(shown.imaEntries, 10_101);
  t.match(checkEvidence(message, { ...expectation, parts: null }), { isTrusted: false });
  await measure(files(10_100, 15_000));
  const notice = await source.notice(10_101);
  t.ok(notice !== null && notice.bytes.length <= EVIDENCE_BYTES_MAX && notice.imaEntries! < 15_001, 'as much as fits');
});

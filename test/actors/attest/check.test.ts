/** The judgement as a whole: a gateway in good order is trusted, and each thing that is taken away costs it the trust. */
import t from 'tap';
import {
  checkEvidence,
  type Evidence,
  type Expectation,
  parsePolicy,
  type Verdict,
} from '../../../actors/attest/index.ts';
import { ALG_SHA256 } from '../../../schemas/tpm/index.ts';
import { BOOT, expectationOf, FILES, makeDevice, POLICY } from '../../support/attested-device.ts';
import { bootAggregate, digest, type KeyKind, makeImaList } from '../../support/attester.ts';

const reasons = (verdict: Verdict): string[] =>
  verdict.isTrusted ? [] : [...new Set(verdict.findings.map(({ reason }) => reason))].sort();
const sentences = (verdict: Verdict): string =>
  verdict.isTrusted ? '' : verdict.findings.map((f) => f.says).join('\n');

const device = makeDevice();
const good = device.evidence();
const expected = expectationOf(device);
const judged = (evidence: Partial<Evidence> | null, expectation: Partial<Expectation> = {}): Verdict =>
  checkEvidence(evidence === null ? null : { ...good, ...evidence }, { ...expected, ...expectation });

for (const kind of ['rsassa', 'rsapss', 'ecdsa'] satisfies KeyKind[]) {
  t.test(`a gateway in good order is trusted, with a key of the kind ${kind}`, async (t) => {
    const other = makeDevice({ kind });
    const verdict = checkEvidence(other.evidence(), expectationOf(other));
    t.ok(verdict.isTrusted, sentences(verdict));
    if (!verdict.isTrusted) return;
    t.equal(verdict.firmware, '2.1');
    t.same(verdict.counts, { pcrs: 11, bootEvents: BOOT.length + 1, imaEntries: FILES.length + 1 });
    const twisted = Buffer.from(other.evidence().signature!);
    twisted[twisted.length - 1]! ^= 1;
    t.same(reasons(checkEvidence({ ...other.evidence(), signature: twisted }, expectationOf(other))), [
      'signature-invalid',
    ]);
  });
}

t.test('a firmware that is older than the oldest that is allowed costs the trust', async (t) => {
  const asking = (firmware: string) =>
    judged({}, { policy: parsePolicy(Buffer.from(POLICY.replace('firmware 2.1 or 2.2', `firmware ${firmware}`))) });
  for (const firmware of ['2.1 or newer', '2.0 or newer', '1 or newer']) t.ok(asking(firmware).isTrusted, firmware);
  const old = asking('2.2 or newer');
  t.same(reasons(old), ['file-changed', 'firmware-unknown', 'pcr-refused']);
  t.match(sentences(old), 'never so in the firmware 2.2 or newer');
  const none = asking('2.3 or newer');
  t.same(reasons(none), ['evidence-missing', 'file-unknown']);
  t.match(sentences(none), 'there are no reference values of the firmware 2.3 or newer');
});

t.test('the values of the PCRs may be left out where the logs tell all of them', async (t) => {
  t.ok(judged({ pcrs: null }).isTrusted);
  t.same(reasons(judged({ pcrs: null, bootLog: null })), ['pcr-digest-wrong']);
});

t.test('the ASCII list says the same as the binary one', async (t) => {
  t.ok(judged({ ima: { bytes: device.ima.ascii, format: 'ascii', after: 0 } }).isTrusted);
});

t.test('whatever is not shown costs the trust', async (t) => {
  t.same(reasons(judged(null)), ['evidence-missing']);
  t.same(reasons(judged({ quote: null })), ['evidence-missing']);
  t.same(reasons(judged({ signature: null })), ['evidence-missing']);
  t.same(reasons(judged({ bootLog: null })), ['evidence-missing']);
  t.same(reasons(judged({ ima: null })), ['evidence-missing']);
  t.same(reasons(judged({}, { references: null })), ['evidence-missing', 'file-unknown']);
  t.same(reasons(judged({}, { ageMs: null })), ['evidence-missing']);
  t.same(reasons(judged({ pcrs: Buffer.alloc(0) })), ['pcr-digest-wrong']);
  t.same(reasons(judged({ ima: { bytes: Buffer.alloc(0), format: 'binary', after: 0 } })), ['evidence-missing']);
});

t.test('a quote is too old at the first millisecond beyond the age', async (t) => {
  t.ok(judged({}, { ageMs: 60_000 }).isTrusted);
  for (const ageMs of [60_001, -1, Number.NaN, Number.POSITIVE_INFINITY])
    t.same(reasons(judged({}, { ageMs })), ['quote-old'], `${ageMs}`);
});

t.test('a quote for another challenge, or for none, is refused', async (t) => {
  t.same(reasons(judged({}, { nonce: digest('another') })), ['nonce-wrong']);
  t.same(reasons(judged(device.quote({ nonce: Buffer.alloc(0) }), { nonce: Buffer.alloc(0) })), ['nonce-wrong']);
});

t.test('what the key signed and is no quote is refused', async (t) => {
  t.same(
    reasons(judged(device.quote({ type: 0x8017 }))),
    ['evidence-unreadable'],
    'a quote under the type of a certificate',
  );
  t.same(reasons(judged(device.quote({ magic: 0x00544347 }))), ['not-a-quote']);
  const text = Buffer.from('any text');
  t.same(reasons(judged({ quote: text, signature: device.attester.sign(text) })), ['not-a-quote']);
});

t.test('a quote whose signature does not hold is not read at all', async (t) => {
  const other = makeDevice();
  // Everything in it is wrong; only the signature may be told.
  const forged = other.quote({ nonce: digest('another'), isSafe: false, type: 0x8017, magic: 1 });
  t.same(reasons(judged(forged)), ['signature-invalid']);
});

t.test('the signer in its hierarchy is compared where it is known', async (t) => {
  const signer = Buffer.concat([Buffer.of(0, 11), digest('signer')]);
  const known = (qualifiedName: Buffer) => ({ key: { ...expected.key, qualifiedName } });
  t.ok(judged({}, known(signer)).isTrusted);
  t.same(reasons(judged({}, known(Buffer.concat([Buffer.of(0, 11), digest('other')])))), ['signer-unknown']);
});

t.test('a clock that is not safe needs a policy that says so', async (t) => {
  const unsafe = device.quote({ isSafe: false });
  t.same(reasons(judged(unsafe)), ['clock-unsafe']);
  t.ok(judged(unsafe, { policy: parsePolicy(Buffer.from(`${POLICY}clock may be unsafe\n`)) }).isTrusted);
});

t.test('an event of the boot that differs is named', async (t) => {
  const boot = BOOT.map((step) => (step.type === 0x8000_0003 ? { ...step, measured: Buffer.from('a rootkit') } : step));
  const changed = makeDevice({ boot });
  const verdict = checkEvidence(changed.evidence(), expectationOf(changed));
  t.same(reasons(verdict), ['firmware-unknown', 'pcr-refused']);
  t.match(
    sentences(verdict),
    `boot log entry 6, EV_EFI_BOOT_SERVICES_APPLICATION in PCR 4 ("path of the kernel", unproven): it measures ${digest('a rootkit').toString('hex')}, where the firmware 2.1 measures ${digest('kernel 6.12').toString('hex')}`,
  );
});

t.test('PCRs of one version and others of another are no version', async (t) => {
  // 2.2 differs in PCR 4 alone: with 2.1 forbidden, PCR 4 of 2.1 is refused.
  const verdict = judged({}, { policy: parsePolicy(Buffer.from(POLICY.replace('2.1 or 2.2', '2.2'))) });
  t.same(reasons(verdict), ['file-changed', 'firmware-unknown', 'pcr-refused']);
});

t.test('a boot log that tells another story than the TPM is refused', async (t) => {
  const other = makeDevice({ boot: BOOT.slice(0, -1) });
  t.same(reasons(judged({ bootLog: other.bootLog })), ['boot-log-wrong']);
  t.same(reasons(judged({ bootLog: device.bootLog.subarray(0, -1) })), ['evidence-unreadable']);
});

t.test('files that are changed, unknown, or measured while they changed are named', async (t) => {
  const cases = [
    [
      { path: '/usr/bin/msec-gateway', digest: digest('a trojan') },
      'file-changed',
      'IMA entry 5, /usr/bin/msec-gateway',
    ],
    [{ path: '/opt/new', digest: digest('new') }, 'file-unknown', 'IMA entry 5, /opt/new'],
    [{ path: '/usr/bin/new', digest: digest('new') }, 'file-unknown', 'the firmware 2.1 or 2.2 has no such file'],
    [{ path: '/usr/lib/libc.so.6', digest: digest('other') }, 'file-changed', 'IMA entry 5, /usr/lib/libc.so.6'],
    [{ path: '/tmp/x', digest: digest('x'), isViolation: true }, 'ima-violation', 'IMA entry 5, /tmp/x'],
    [{ path: '/tmp/../usr/bin/x', digest: digest('x') }, 'file-unknown', 'IMA entry 5, /tmp/../usr/bin/x'],
  ] as const;
  for (const [entry, reason, says] of cases) {
    const changed = makeDevice({ files: [...FILES, entry] });
    const verdict = checkEvidence(changed.evidence(), expectationOf(changed));
    t.same(reasons(verdict), [reason], entry.path);
    t.match(sentences(verdict), says);
  }
  const harmless = makeDevice({ files: [...FILES, { path: '/tmp/x', digest: digest('x') }] });
  t.ok(checkEvidence(harmless.evidence(), expectationOf(harmless)).isTrusted);
});

t.test('a list of another start is refused', async (t) => {
  const list = makeImaList([bootAggregate(makeDevice({ boot: BOOT.slice(1) }).values), ...FILES]);
  const tenth = list.values(ALG_SHA256).at(-1)!;
  const quoted = [...device.values.slice(0, 10), tenth];
  const verdict = judged({
    ...device.quote({ values: quoted }),
    ima: { bytes: list.binary, format: 'binary', after: 0 },
  });
  t.same(reasons(verdict), ['boot-aggregate-wrong']);
});

t.test('a list without its first entry is refused', async (t) => {
  const list = makeImaList(FILES);
  const quoted = [...device.values.slice(0, 10), list.values(ALG_SHA256).at(-1)!];
  const verdict = judged({
    ...device.quote({ values: quoted }),
    ima: { bytes: list.binary, format: 'binary', after: 0 },
  });
  t.same(reasons(verdict), ['boot-aggregate-wrong']);
});

t.test('an entry that was changed in the list is refused, and so is one that was left out', async (t) => {
  const bytes = Buffer.from(device.ima.binary);
  bytes[bytes.lastIndexOf('libc') + 1]! ^= 1;
  const verdict = judged({ ima: { bytes, format: 'binary', after: 0 } });
  t.same(reasons(verdict), ['file-unknown', 'ima-entry-wrong', 'ima-log-wrong']);
  const short = device.ima.binary.subarray(0, device.ima.starts.binary[3]);
  t.same(reasons(judged({ ima: { bytes: short, format: 'binary', after: 0 } })), ['ima-log-wrong']);
});

t.test('whatever goes wrong inside is distrust, not an exception', async (t) => {
  const broken = { ...expected, policy: null } as unknown as Expectation;
  t.same(reasons(checkEvidence(good, broken)), ['check-failed']);
  t.same(reasons(checkEvidence({} as Evidence, expected)), ['evidence-missing']);
});

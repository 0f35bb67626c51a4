/** IMA lists that are longer than a message: they go ahead in parts, are held against the policy at once, and proven by the quote. */
import t from 'tap';
import type { AttestOptions } from '../../../../actors/attest/index.ts';
import { testActor } from '../../../../engine/testkit/actor-driver.ts';
import { imaEntriesBehind } from '../../../../firmware/attestation/index.ts';
import {
  type Challenge,
  decodeChallenge,
  EVIDENCE_BYTES_MAX,
  encodeEvidence,
} from '../../../../schemas/attestation/index.ts';
import { decodeAttestation } from '../../../../schemas/index.ts';
import {
  ATTEST_CHALLENGES,
  ATTEST_EVIDENCE,
  DEVICE_ATTESTATION,
  DEVICE_FRAMES,
  encodeEvidenceRecord,
  KIND_EVIDENCE,
} from '../../../../schemas/topics/index.ts';
import { ALG_SHA256 } from '../../../../schemas/tpm/index.ts';
import { attestedCity, attestOptions, BAD_FILE, Gateway, TERMS } from '../../../support/attested-city.ts';
import { FILES } from '../../../support/attested-device.ts';
import { bootAggregate, digest, type ImaList, type Measured, makeImaList } from '../../../support/attester.ts';

t.setTimeout(590_000);

const PART_BYTES = EVIDENCE_BYTES_MAX - 64;
const EMPTY = new Uint8Array(0);

const scripts = (count: number, name = 'script'): Measured[] =>
  Array.from({ length: count }, (_, i) => ({
    path: `/tmp/folder/of/scripts/that/have/long/names/${name}-${i}`,
    digest: digest(`${i}`),
  }));

class Case {
  readonly gateway = new Gateway('gate-1');
  readonly driver: Awaited<ReturnType<typeof testActor>>;
  list: ImaList;

  private constructor(driver: Awaited<ReturnType<typeof testActor>>, files: readonly Measured[]) {
    this.driver = driver;
    this.list = this.#listOf(files);
  }

  static async open(files: readonly Measured[], change: Partial<AttestOptions> = {}): Promise<Case> {
    const it = new Case(await testActor(attestedCity(attestOptions(change))), files);
    const { control, evidence } = it.gateway.registered();
    it.driver.sendBytes(DEVICE_FRAMES, 'gate-1', control);
    it.driver.sendBytes(ATTEST_EVIDENCE, 'gate-1', evidence);
    await it.driver.advance(1);
    return it;
  }

  #listOf(files: readonly Measured[]): ImaList {
    this.gateway.files = [...FILES, ...files];
    return makeImaList([bootAggregate(this.gateway.bootLog.values.get(ALG_SHA256)!), ...this.gateway.files]);
  }

  grow(files: readonly Measured[]): void {
    this.list = this.#listOf([...this.gateway.files.slice(FILES.length), ...files]);
  }

  get challenge(): Challenge {
    return decodeChallenge(this.driver.outputs(ATTEST_CHALLENGES).at(-1)!.bytes!);
  }

  get says(): string {
    const { state, reason, entry } = decodeAttestation(this.driver.outputs(DEVICE_ATTESTATION).at(-1)!.bytes!);
    return `${state}: ${reason}${entry > 0 ? ` ${entry}` : ''}`;
  }

  /** Parts of the list as the agent cuts them, behind the first entries; the last one goes with the quote. */
  cut(after = 0): { readonly after: number; readonly bytes: Uint8Array }[] {
    const parts: ReturnType<typeof imaEntriesBehind>[] = [];
    do parts.push(imaEntriesBehind(this.list.binary, parts.at(-1)?.entries ?? after, PART_BYTES));
    while (!parts.at(-1)!.isWhole);
    return parts;
  }

  async part({ after, bytes }: { after: number; bytes: Uint8Array }, challengeId = this.challenge.id): Promise<void> {
    const nothing = { quote: EMPTY, signature: EMPTY, pcrs: null, bootLog: null };
    const ima = { after, format: 'binary', bytes } as const;
    await this.evidence(
      encodeEvidenceRecord(KIND_EVIDENCE, encodeEvidence({ challengeId, ...nothing, ima, isPart: true })),
    );
  }

  async last({ after, bytes }: { after: number; bytes: Uint8Array }): Promise<void> {
    const ima = { after, format: 'binary', bytes } as const;
    const record = this.gateway.answer(this.challenge, { ima });
    t.ok(record.length <= EVIDENCE_BYTES_MAX + 1, `${record.length} bytes`);
    await this.evidence(record);
  }

  async evidence(record: Uint8Array): Promise<void> {
    this.driver.sendBytes(ATTEST_EVIDENCE, 'gate-1', record);
    await this.driver.settle();
  }

  async showAll(after = 0): Promise<number> {
    const parts = this.cut(after);
    // The boot log takes room beside the last one.
    for (const part of parts) await this.part(part);
    await this.last({ after: this.list.starts.binary.length, bytes: EMPTY });
    return parts.length;
  }
}

for (const count of [10_000, 50_000])
  t.test(`a list of ${count} entries is trusted, and goes on behind them`, async (t) => {
    const it = await Case.open(scripts(count));
    const startedMs = performance.now();
    const parts = await it.showAll();
    const tookMs = performance.now() - startedMs;
    t.equal(it.says, 'trusted: proven');
    t.comment(`${it.list.binary.length} bytes in ${parts} parts, ${Math.round(tookMs)} ms`);
    await it.driver.advance(TERMS.intervalMs);
    t.equal(it.challenge.imaEntries, count + FILES.length + 1);
    it.grow(scripts(3, 'later'));
    await it.last(it.cut(it.challenge.imaEntries)[0]!);
    t.equal(it.says, 'trusted: proven');
    await it.driver.close();
  });

t.test('what a part says against the device is believed at once, with its entry', async (t) => {
  const it = await Case.open([...scripts(4_000), BAD_FILE, ...scripts(4_000, 'other')]);
  const [first, second] = it.cut();
  await it.part(first!);
  t.equal(it.says, 'unknown: never-proven');
  await it.part(second!);
  t.equal(it.says, `suspect: file-changed ${4_000 + FILES.length + 2}`);
  await it.driver.close();
});

t.test('parts are proven by the quote behind them, all or none', async (t) => {
  const it = await Case.open(scripts(8_000));
  const [first, second, ...rest] = it.cut();
  await it.part(first!);
  const forged = Buffer.from(second!.bytes);
  // A name in the middle, of which only the digest tells.
  forged[forged.indexOf('script-', 1_000) + 1] = 0x78;
  await it.part({ after: second!.after, bytes: forged });
  t.match(it.says, /^suspect: ima-entry-wrong/);
  await it.driver.advance(TERMS.retryMs);
  // The list of a device that leaves its last part out of what it shows.
  for (const part of [first!, second!, ...rest.slice(0, -1)]) await it.part(part);
  const end = rest.at(-1)!.after;
  await it.last({ after: end, bytes: EMPTY });
  t.equal(it.says, 'suspect: ima-log-wrong');
  await it.driver.close();
});

t.test('a boot aggregate that went ahead is held against the quoted PCRs', async (t) => {
  const it = await Case.open(scripts(8_000));
  const wrong = makeImaList([{ path: 'boot_aggregate', digest: digest('another start') }, ...it.gateway.files]);
  const tenth = wrong.values(ALG_SHA256).at(-1)!;
  it.list = wrong;
  for (const part of it.cut()) await it.part(part);
  const { challenge, gateway } = it;
  const values = gateway.bootLog.values.get(ALG_SHA256)!;
  const quoted = gateway.attester.quote({
    ...{ nonce: challenge.nonce, selections: challenge.selections, clockMs: 5_000n, resetCount: 1 },
    values: challenge.selections[0]!.pcrs.map((pcr) => (pcr === 10 ? tenth : values[pcr]!)),
  });
  const ima = { after: wrong.starts.binary.length, format: 'binary', bytes: EMPTY } as const;
  await it.evidence(gateway.answer(challenge, { ...quoted, ima }));
  t.equal(it.says, 'suspect: boot-aggregate-wrong 1');
  await it.driver.close();
});

t.test('a repeated part is nothing; one that leaves entries out, or of no open challenge, is distrust', async (t) => {
  const it = await Case.open(scripts(12_000));
  const [first, second, third, ...rest] = it.cut();
  for (const part of [first!, first!, second!, first!, second!, third!, ...rest]) await it.part(part);
  await it.last({ after: it.list.starts.binary.length, bytes: EMPTY });
  t.equal(it.says, 'trusted: proven');
  await it.part(first!);
  t.equal(it.says, 'trusted: proven', 'of the challenge that was answered');
  await it.driver.advance(TERMS.intervalMs);
  await it.part(third!);
  t.equal(it.says, 'suspect: evidence-missing');
  await it.driver.advance(TERMS.retryMs);
  await it.part(first!, it.challenge.id + 5);
  t.equal(it.says, 'suspect: nonce-wrong');
  await it.driver.close();
});

t.test('parts of one challenge say nothing for the next, nor after a start of the device', async (t) => {
  const it = await Case.open(scripts(8_000));
  for (const part of it.cut().slice(0, -1)) await it.part(part);
  await it.driver.advance(TERMS.deadlineMs + 2 * TERMS.retryMs);
  const last = it.cut().at(-1)!;
  await it.last(last);
  t.match(it.says, /evidence-missing$/);
  await it.driver.advance(2 * TERMS.retryMs);
  await it.showAll();
  t.equal(it.says, 'trusted: proven');
  await it.driver.advance(TERMS.intervalMs);
  // It goes on behind what is proven, and the quote says that the list began anew.
  it.grow(scripts(4_000, 'later'));
  for (const part of it.cut(it.challenge.imaEntries)) await it.part(part);
  it.gateway.resetCount++;
  await it.last({ after: it.list.starts.binary.length, bytes: EMPTY });
  t.equal(it.says, 'suspect: evidence-missing');
  await it.driver.close();
});

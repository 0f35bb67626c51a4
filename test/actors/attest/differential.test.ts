// Time limit: 900 s.
/**
 * More than 5,000 mutated quotes, IMA lists and boot logs: the verdict of Keylime's own verifier code and of
 * go-attestation, each run offline, is ours, but for what test/oracle/attestation/differences.ts explains.
 */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { bootCases, type Case, imaCases, quoteCases } from '../../oracle/attestation/cases.ts';
import { DIFFERENCES, type Difference } from '../../oracle/attestation/differences.ts';
import { buildGoAttestation, KEYLIME_PACKAGES, keylimeProgram } from '../../oracle/attestation/peers.ts';
import { makeJudge } from '../../oracle/attestation/verdicts.ts';
import { needs } from '../../support/needs.ts';
import { makePython } from '../../support/python.ts';

const run = promisify(execFile);
const SEED = 20_261_126;
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

const folder = t.testdir({});
const cases: Case[] = [...quoteCases(SEED), ...imaCases(SEED), ...bootCases(SEED)];
const file = join(folder, 'cases.ndjson');
writeFileSync(file, cases.map((item, id) => `${JSON.stringify(lineOf(item, id))}\n`).join(''));
const judge = makeJudge();
const ours = cases.map(judge);
const used = new Set<Difference>();

t.test('the cases are enough, and of either verdict', async (t) => {
  t.ok(cases.length >= 5_000, `${cases.length} cases`);
  const accepted = ours.filter((verdict) => verdict === 'accepted').length;
  t.ok(accepted > 100 && accepted < cases.length / 5, `${accepted} accepted`);
  for (const [id, { mutation }] of cases.entries())
    if (/(^|: )nothing$/.test(mutation) && ours[id] !== 'accepted') t.fail(`${mutation}: ${ours[id]}`);
});

t.test('Keylime comes to the same verdicts', async (t) => {
  if (!needs(t, 'python3-venv')) return;
  const python = await makePython(KEYLIME_PACKAGES);
  try {
    compare(t, 'keylime', await python.run(keylimeProgram(), [file]), (item) => item.kind !== 'boot');
  } finally {
    python.remove();
  }
});

t.test('go-attestation comes to the same verdicts', async (t) => {
  if (!needs(t, 'go')) return;
  const { stdout } = await run(await buildGoAttestation(folder), [file], { maxBuffer: OUTPUT_BYTES_MAX });
  compare(t, 'go-attestation', stdout, (item) => item.kind !== 'ima');
});

function compare(t: Test, peer: Difference['peer'], output: string, isJudged: (item: Case) => boolean): void {
  const said = new Map<number, { isAccepted: boolean; says: string }>();
  for (const line of output.trimEnd().split('\n')) {
    const [id, verdict, ...says] = line.split(' ');
    said.set(Number(id), { isAccepted: verdict === 'accepted', says: says.join(' ') });
  }
  const unexplained = new Map<string, number>();
  let [judged, different] = [0, 0];
  for (const [id, item] of cases.entries()) {
    if (!isJudged(item)) continue;
    judged += 1;
    const theirs = said.get(id);
    const own = ours[id]!;
    if (theirs !== undefined && theirs.isAccepted === (own === 'accepted')) continue;
    different += 1;
    const row = DIFFERENCES.find(
      (known) => known.peer === peer && known.ours === own && known.mutation.test(item.mutation),
    );
    if (row !== undefined && theirs !== undefined) used.add(row);
    else {
      const what = `${item.kind}, ${item.mutation}: ${own} here, there ${theirs?.isAccepted ?? 'nothing'} ${theirs?.says ?? ''}`;
      unexplained.set(what, (unexplained.get(what) ?? 0) + 1);
    }
  }
  t.comment(`${judged} verdicts of ${peer}, ${different} differ, each explained`);
  t.same(
    [...unexplained].map(([what, times]) => `${times} × ${what}`),
    [],
  );
  const unneeded = DIFFERENCES.filter((row) => row.peer === peer && !used.has(row)).map(
    ({ ours: own, why }) => `${own}: ${why}`,
  );
  t.same(unneeded, [], 'each explanation is needed');
}

function lineOf(item: Case, id: number): object {
  const pcrs = (all: readonly (readonly [number, Buffer])[]) => all.map(([pcr, value]) => [pcr, value.toString('hex')]);
  const base64 = (bytes: Buffer) => bytes.toString('base64');
  if (item.kind === 'boot') return { id, kind: 'boot', log: base64(item.log), pcrs: pcrs(item.pcrs) };
  if (item.kind === 'ima') {
    const files = Object.fromEntries([...item.files].map(([path, digest]) => [path, [digest.toString('hex')]]));
    return { id, kind: 'ima', list: base64(item.list), quoted: item.quoted.toString('hex'), files };
  }
  const { key, attest, signature, nonce } = item;
  return {
    ...{ id, kind: 'quote', key: base64(key), attest: base64(attest), signature: base64(signature) },
    ...{ nonce: base64(nonce), pcrs: pcrs(item.pcrs) },
  };
}

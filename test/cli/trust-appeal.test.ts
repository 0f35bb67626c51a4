/** `msec trust appeal` and `ban` through an engine that runs, into the log of one that does not, and what cannot be done. */
import { join } from 'node:path';
import t from 'tap';
import { ByteWriter } from '../../engine/base/index.ts';
import { BatchEncoder, openEmbeddedLog, partitionForKey } from '../../engine/index.ts';
import { encodeInteraction } from '../../schemas/index.ts';
import { TRUST_DECISIONS, TRUST_INTERACTIONS, TRUST_SCORES } from '../../schemas/topics/index.ts';
import { msec, recordsIn, startUp, type TailedRecord, tail } from './run-cli.ts';

t.setTimeout(590_000);

const PARTITIONS = 2;
const YAML = `log:
  partitions: ${PARTITIONS}
trust:
  enabled: true
registry:
  port: 0
`;

interface Decided extends TailedRecord {
  readonly value: { readonly action: string; readonly before: { readonly standing: string } };
}

/** Three interactions with one provider. */
async function fill(cwd: string, schemaId: number): Promise<void> {
  const log = await openEmbeddedLog(join(cwd, 'data', 'log'));
  try {
    const key = Buffer.from('weather-1');
    const encoder = new BatchEncoder();
    for (let i = 0; i < 3; i++) {
      const writer = new ByteWriter();
      encodeInteraction(writer, schemaId, {
        ...{ id: `${i}`, trustor: `roof-${i}`, service: 'temperature', satisfaction: 0.9, weight: 1 },
        ...{ time: Date.now() - 1_000, responseMs: null, availability: null, quality: null, reason: null },
      });
      const value = writer.take();
      encoder.append(Date.now(), key, 0, key.length, value, 0, value.length);
    }
    const partition = partitionForKey(key, 0, key.length, PARTITIONS);
    await log.commit({ appends: [{ topic: TRUST_INTERACTIONS, partition, bytes: encoder.finish() }] });
  } finally {
    await log.close();
  }
}

t.test('an operator bans and hears appeals, whether the engine runs or not, and all of it is kept', async (t) => {
  const cwd = t.testdir({ 'msec.yaml': YAML });
  const trust = (...args: string[]) => msec(['trust', ...args], { cwd });
  const given = ['weather-1', '-s', 'temperature', '--by', 'olga', '--because', 'so'];
  t.match(await trust('ban', ...given), { code: 66, err: /There is no log/ });
  const first = await startUp(['--no-fleet', '--workers', '1'], { cwd });
  const answer = await fetch(`${first.said.registry}/subjects/${TRUST_INTERACTIONS}-value/versions/latest`);
  const { id } = (await answer.json()) as { id: number };
  first.kill('SIGINT');
  await first.ended;
  await fill(cwd, id);

  const running = await startUp(['--no-fleet', '--workers', '1'], { cwd });
  t.teardown(() => running.kill('SIGKILL'));
  await recordsIn(running, TRUST_SCORES, 4);
  const path = `${running.said.console}/api/reputation/temperature/weather-1/standing`;
  const body = JSON.stringify({ action: 'ban', by: 'eve', why: 'for fun' });
  const stranger = await fetch(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  t.equal(stranger.status, 401, 'without the token nobody decides');
  t.match(await trust('appeal', ...given, '--grant'), {
    code: 65,
    err: /weather-1 is normal for temperature: there is no blacklisting to appeal/,
  });
  t.match(await trust('appeal', ...given), { code: 64, err: /one of --grant and --refuse/ });
  t.match(await trust('ban', 'weather-9', ...given.slice(1)), { code: 65, err: /Nobody .* weather-9 for temperature/ });
  const other = await trust('ban', 'weather-1', '-s', 'heat', ...given.slice(3));
  t.match(other, { code: 65, err: /weather-1 for heat, but for temperature/ });
  t.match(await trust('ban', ...given), {
    code: 0,
    out: 'weather-1 is blacklisted for good for temperature, and was normal.\n',
  });
  t.match(await trust('ban', ...given), { err: /blacklisted for good already/ });
  t.match(await trust('appeal', ...given, '--refuse'), {
    code: 0,
    out: 'weather-1 is still blacklisted for good for temperature.\n',
  });
  running.kill('SIGINT');
  await running.ended;

  const waits = await trust('appeal', ...given, '--grant', '--json');
  t.equal(waits.code, 0, waits.err);
  t.match(JSON.parse(waits.out), {
    before: { standing: 'permanent', says: 'appeal refused by olga: so' },
    after: null,
  });
  const again = await startUp(['--no-fleet', '--workers', '1'], { cwd });
  t.teardown(() => again.kill('SIGKILL'));
  await recordsIn(again, TRUST_DECISIONS, 3);
  again.kill('SIGINT');
  await again.ended;
  const decided = await tail<Decided>(cwd, TRUST_DECISIONS);
  t.match(
    decided.map(({ value }) => `${value.action} ${value.before.standing}`),
    ['ban normal', 'refuse permanent', 'grant permanent'],
  );
  const scores = await tail<TailedRecord & { value: { standing?: string; says?: string } }>(cwd, TRUST_SCORES);
  const last = scores.filter(({ value }) => value.standing !== undefined).at(-1)!;
  t.match(last.value, { standing: 'reintegrated', says: 'appeal granted by olga: so' });
});

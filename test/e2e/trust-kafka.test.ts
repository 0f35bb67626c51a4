// Time limit: 900 s.
/**
 * Trust on a real broker while the engine is killed again and again: each interaction that was answered counts once, its log holds
 * whole, and scores and standings follow from it. Then what operators say, beside an engine, in another folder, and without one.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { msec, type Running, startUp, type TailedRecord, tail } from '../cli/run-cli.ts';
import { startKafka } from '../support/kafka-server.ts';
import { needs } from '../support/needs.ts';

t.setTimeout(890_000);

const YAML = `registry:
  port: 0
log:
  partitions: 2
trust:
  enabled: true
  checkpoint: 1s
  blacklistBelow: 0.4123
  blacklistRaters: 3
`;
const KILLS = 3;
/** Answered between two kills. */
const BETWEEN = 120;
const SENDERS = 6;

interface Verified {
  readonly holds: boolean;
  readonly partitions: readonly {
    readonly chain: { readonly size: number; readonly faults: readonly unknown[] };
    readonly faults: readonly unknown[];
    readonly standings: number;
  }[];
}

interface Decided extends TailedRecord {
  readonly value: { readonly action: string; readonly by: string; readonly after: { readonly standing: string } };
}

t.test('interactions over kill -9, and operators’ words, on a broker', async (t) => {
  if (!needs(t, 'java', 'mvn')) return;
  const kafka = await startKafka();
  t.teardown(() => kafka.stop());
  const folder = t.testdir({ engine: { 'msec.yaml': YAML }, elsewhere: { 'msec.yaml': YAML } });
  const [engine, elsewhere] = [join(folder, 'engine'), join(folder, 'elsewhere')];
  const onKafka = ['--kafka', kafka.bootstrap];
  const trust = (cwd: string, ...args: string[]) => msec(['trust', ...args, ...onKafka], { cwd });
  let running: Running = await startUp([...onKafka, '--no-fleet', '--workers', '1'], { cwd: engine });
  t.teardown(() => running.kill('SIGKILL'));
  const token = readFileSync(join(engine, 'data', 'admin-token'), 'utf8').trim();

  let [next, answered] = [0, 0];
  let told: (() => void) | null = null;
  const total = (KILLS + 1) * BETWEEN;
  /** One that is not answered is sent again, to the engine that runs then, under the same id. */
  const sender = async (): Promise<void> => {
    for (let i = next++; i < total; i = next++) {
      const trustee = ['bob', 'eve'][i % 2]!;
      const satisfaction = trustee === 'bob' ? 0.1 : 0.9;
      const said = { id: `i-${i}`, trustor: `a-${(i >> 1) % 4}`, trustee, service: 'heat', satisfaction, quality: 0.5 };
      // Without a time it would be that of its receipt, and another one the second time: a correction.
      const body = { ...said, time: Date.now() };
      while (!(await isTaken(running, token, body)));
      answered++;
      told?.();
    }
  };
  const senders = Promise.all(Array.from({ length: SENDERS }, sender));
  for (let kill = 1; kill <= KILLS; kill++) {
    while (answered < kill * BETWEEN)
      await new Promise<void>((resolve) => {
        told = resolve;
      });
    running.kill('SIGKILL');
    await running.ended;
    running = await startUp([...onKafka, '--no-fleet', '--workers', '1'], { cwd: engine });
  }
  await senders;

  const verify = async (): Promise<Verified> => JSON.parse((await trust(engine, 'verify', '--json')).out) as Verified;
  const sizeOf = ({ partitions }: Verified) => partitions.reduce((sum, { chain }) => sum + chain.size, 0);
  let found = await verify();
  // It ends with the test's time where something is lost.
  while (sizeOf(found) < total) found = await verify();
  t.equal(sizeOf(found), total, 'each once');
  t.ok(found.holds, JSON.stringify(found.partitions.map(({ chain, faults }) => [chain.faults, faults])));
  t.equal(
    found.partitions.reduce((sum, { standings }) => sum + standings, 0),
    2,
  );

  const because = ['-s', 'heat', '--by', 'olga', '--because'];
  t.match(await trust(engine, 'appeal', 'bob', '--refuse', ...because, 'no proof'), { code: 0 });
  t.match(await trust(elsewhere, 'appeal', 'bob', '--grant', ...because, 'a new sensor'), { code: 0 });
  t.match(await trust(elsewhere, 'tell', 'gate-9', 'eve', 'heat', '0.75', '--id', 'beside'), { code: 0 });
  running.kill('SIGINT');
  t.same(await running.ended, [0, null]);
  t.match(await trust(engine, 'tell', 'gate-9', 'eve', 'heat', '0.5', '--id', 'without'), { code: 0 });
  t.match(await trust(engine, 'ban', 'eve', ...because, 'it was tampered with'), { code: 0 });
  running = await startUp([...onKafka, '--no-fleet', '--workers', '1'], { cwd: engine });
  let decisions: Decided[] = [];
  while (decisions.length < 3) decisions = await tail<Decided>(elsewhere, 'trust.decisions', onKafka);
  t.same(decisions.map(({ value }) => `${value.action} ${value.after.standing}`).sort(), [
    'ban permanent',
    'grant reintegrated',
    'refuse blacklisted',
  ]);
  found = await verify();
  while (sizeOf(found) < total + 2) found = await verify();
  t.equal(sizeOf(found), total + 2);
  t.ok(found.holds, JSON.stringify(found.partitions.map(({ chain, faults }) => [chain.faults, faults])));

  const proof = await trust(engine, 'proof', 'make', 'a-0', 'bob', 'i-0');
  t.match(proof, { code: 0, out: /^c2sp\.org\/tlog-proof@v1\n/ });
  running.kill('SIGINT');
  t.same(await running.ended, [0, null]);
});

async function isTaken({ said }: Running, token: string, body: object): Promise<boolean> {
  try {
    const answer = await fetch(`${said.console}/api/interactions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(60_000),
    });
    await answer.arrayBuffer();
    return answer.ok;
  } catch {
    // The engine is dead, or not there yet.
    return false;
  }
}

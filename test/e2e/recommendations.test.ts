// Time limit: 900 s.
/** From interactions in the log to whom a device should ask: over HTTP, over the request topic, and at the command line. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { BatchEncoder, ByteWriter, openEmbeddedLog, partitionForKey, type TopicCodec } from '../../engine/index.ts';
import type { TrustInteraction } from '../../schemas/index.ts';
import {
  interactionCodec,
  recommendationTopics,
  TRUST_INTERACTIONS,
  TRUST_REQUESTS,
} from '../../schemas/topics/index.ts';
import type { Recommendation } from '../../services/trust/index.ts';
import { msec, type Running, startUp, type TailedRecord, tail } from '../cli/run-cli.ts';

t.setTimeout(890_000);

const PARTITIONS = 4;

interface Sent {
  readonly key: string;
  readonly value: Uint8Array;
}

async function schemaId(running: Running, subject: string): Promise<number> {
  const answer = await fetch(`${running.said.registry}/subjects/${subject}/versions/latest`);
  return ((await answer.json()) as { id: number }).id;
}

function encoded<T>(codec: TopicCodec<T>, value: T): Uint8Array {
  const writer = new ByteWriter();
  codec.encode(value, writer);
  return writer.take();
}

/** As a bridge or another producer would. */
async function append(folder: string, topic: string, sent: readonly Sent[]): Promise<void> {
  const log = await openEmbeddedLog(join(folder, 'data', 'log'));
  const byPartition = Map.groupBy(sent, ({ key }) => partitionForKey(Buffer.from(key), 0, key.length, PARTITIONS));
  const appends = [...byPartition].map(([partition, records]) => {
    const encoder = new BatchEncoder();
    for (const { key, value } of records)
      encoder.append(Date.now(), Buffer.from(key), 0, key.length, value, 0, value.length);
    return { topic, partition, bytes: encoder.finish() };
  });
  await log.commit({ appends });
  await log.close();
}

const names = ({ providers }: Recommendation) => providers.map(({ provider }) => provider);

t.test('interactions become recommendations, for a device, for a program and for a person', async (t) => {
  const cwd = t.testdir({});
  writeFileSync(
    join(cwd, 'msec.yaml'),
    'trust:\n  enabled: true\n  introductions: 0\nfleet:\n  enabled: false\nworkers: 1\n',
  );
  const first = await startUp([], { cwd });
  t.teardown(() => first.kill('SIGKILL'));
  const added = await msec(['device', 'add', 'bus-1', '--type', 'crowd', '--identity', '1', '--json'], { cwd });
  const { secrets } = JSON.parse(added.out) as { secrets: { token: string } };
  for (const [station, place] of [
    ['station-1', '40.41,-3.70'],
    ['station-2', '40.42,-3.70'],
  ] as const)
    await msec(
      ['device', 'add', station, '--type', 'crowd', '--identity', station.replace('-', ''), '--at', place, '--json'],
      { cwd },
    );
  const codec = interactionCodec();
  codec.bindSchemaIds?.(
    new Map([[`${TRUST_INTERACTIONS}-value`, await schemaId(first, `${TRUST_INTERACTIONS}-value`)]]),
  );
  const { requests } = recommendationTopics();
  const subject = `${TRUST_REQUESTS}-value`;
  requests.codec.bindSchemaIds?.(new Map([[subject, await schemaId(first, subject)]]));
  first.kill('SIGINT');
  t.same(await first.ended, [0, null]);

  let id = 0;
  const interaction = (trustor: string, trustee: string, satisfaction: number): Sent => {
    const measured = { responseMs: trustee === 'station-1' ? 40 : null, availability: null, quality: null };
    const value: TrustInteraction = {
      ...{ id: `i${id++}`, trustor, service: 'air', satisfaction, weight: 1, time: Date.now(), reason: null },
      ...measured,
    };
    return { key: trustee, value: encoded(codec, value) };
  };
  const told = Array.from({ length: 6 }, () => [
    interaction('bus-1', 'station-1', 0.95),
    interaction('bus-2', 'station-1', 0.9),
    interaction('bus-1', 'station-3', 0.2),
    interaction('bus-2', 'station-2', 0.7),
  ]).flat();
  await append(cwd, TRUST_INTERACTIONS, told);
  const asked = {
    ...{ id: 'q1', trustor: 'bus-2', service: 'air', limit: 1, among: null, without: [], weights: null },
    near: { latitude: 40.42, longitude: -3.7, radiusM: 300 },
  };
  await append(cwd, TRUST_REQUESTS, [{ key: 'bus-2', value: encoded(requests.codec, asked) }]);

  const second = await startUp([], { cwd });
  t.teardown(() => second.kill('SIGKILL'));
  const ask = async (query: string) => {
    const answer = await fetch(`${second.said.http}/v1/trust/who?${query}`, {
      headers: { authorization: `Bearer bus-1:${secrets.token}` },
    });
    return { status: answer.status, body: (await answer.json()) as Recommendation };
  };
  // The scores follow the interactions in a moment.
  const until = async <T>(look: () => Promise<T>, isGood: (found: T) => boolean): Promise<T> => {
    for (;;) {
      const found = await look();
      if (isGood(found)) return found;
    }
  };
  const { body } = await until(
    () => ask('service=air'),
    ({ status, body: { providers } }) =>
      status === 200 && providers.length === 3 && providers[0]!.interactions === 6 && providers[0]!.raters === 1,
  );
  t.same(names(body), ['station-1', 'station-2', 'station-3'], 'the best first, by own and others’ experience');
  t.match(body.providers[0], { interactions: 6, raters: 1, standing: 'normal', isIntroduced: false });
  t.ok(body.providers[0]!.reliability! > 0.9);
  t.match(body.providers[0]!.says.join('; '), /own experience 0\.9\d, of 6 interactions; 1 other make/);
  t.same(names((await ask('service=air&near=40.42,-3.7&radius=300')).body), ['station-2']);
  t.match((await ask('service=air&limit=0')).body, { code: 'REQUEST_INVALID', field: 'limit' });
  const page = (await (await fetch(`${second.said.console}/api/reputation/air`)).json()) as { total: number };
  t.equal(page.total, 3);

  const who = ['trust', 'who', 'air', '--for', 'bus-1', '--json'];
  const running = await msec(who, { cwd });
  t.same(names(JSON.parse(running.out) as Recommendation), names(body));
  const people = await msec(['trust', 'who', 'air', '--for', 'bus-1', '--at', '40.41,-3.70'], { cwd });
  t.match(
    people.out,
    /station-1[\s\S]*·T 0\.9[\s\S]*·R′ 0\.96[\s\S]*own experience 0\.9\d, of 6 interactions.*0 m away/,
  );
  const wrong = await msec(['trust', 'who', 'air', '--for', 'bus-1', '--weights', '1,1,1,1'], { cwd });
  t.match(wrong.err, /whose sum is 1/);
  t.equal(wrong.code, 64, 'a mistake in the command line');

  interface Answer extends TailedRecord {
    readonly value: { readonly request: string; readonly providers: readonly { readonly provider: string }[] };
  }
  const [answer] = await until(
    () => tail<Answer>(cwd, 'trust.recommendations'),
    (found) => found.length > 0,
  );
  t.equal(answer!.value.request, 'q1');
  second.kill('SIGINT');
  t.same(await second.ended, [0, null]);
  const alone = await msec(who, { cwd });
  t.same(names(JSON.parse(alone.out) as Recommendation), names(body), 'the same from the log, without an engine');
  t.equal((await tail<Answer>(cwd, 'trust.recommendations')).length, 1, 'a request is answered once');
});

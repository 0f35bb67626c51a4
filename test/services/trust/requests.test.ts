/** Each request is answered once, wherever whoever answers dies. */
import t from 'tap';
import { BatchCursor, BatchEncoder, ByteWriter, type Log, MsecError, systemClock } from '../../../engine/index.ts';
import type { RecommendationRecord, RecommendationRequest } from '../../../schemas/index.ts';
import {
  recommendationSchemas,
  recommendationTopicConfigs,
  recommendationTopics,
  TRUST_RECOMMENDATIONS,
  TRUST_REQUESTS,
} from '../../../schemas/topics/index.ts';
import { type Question, type Recommendation, TrustRequests } from '../../../services/trust/index.ts';
import { memoryLog } from '../memory-log.ts';

const schemaIds = new Map(recommendationSchemas().map(({ subject }, i) => [subject, i + 1]));

async function city(): Promise<Log> {
  const log = await memoryLog(1);
  await log.createTopics(recommendationTopicConfigs(1));
  return log;
}

function bound() {
  const topics = recommendationTopics();
  for (const { codec } of Object.values(topics)) codec.bindSchemaIds?.(schemaIds);
  return topics;
}

const request = (id: string, more: Partial<RecommendationRequest> = {}): RecommendationRequest => ({
  ...{ id, trustor: 'bus-1', service: 'water', limit: null, near: null, among: null, without: [], weights: null },
  ...more,
});

async function ask(log: Log, ...requests: readonly (RecommendationRequest | Uint8Array)[]): Promise<void> {
  const encoder = new BatchEncoder();
  const writer = new ByteWriter();
  const { requests: topic } = bound();
  for (const one of requests) {
    writer.clear();
    if (one instanceof Uint8Array) writer.copy(one);
    else topic.codec.encode(one, writer);
    encoder.append(1_000, Buffer.from('bus-1'), 0, 5, writer.bytes, 0, writer.position);
  }
  await log.commit({ appends: [{ topic: TRUST_REQUESTS, partition: 0, bytes: encoder.finish() }] });
}

async function answered(log: Log): Promise<RecommendationRecord[]> {
  const reader = log.openReader();
  const cursor = new BatchCursor();
  const answers: RecommendationRecord[] = [];
  const { recommendations } = bound();
  const { end } = await reader.bounds(TRUST_RECOMMENDATIONS, 0);
  for (let offset = 0; offset < end; offset = cursor.offsetNext) {
    const fetched = await reader.fetch(TRUST_RECOMMENDATIONS, 0, offset, 1 << 20);
    cursor.reset(fetched.bytes, fetched.start, fetched.end);
    cursor.seek(offset);
    while (cursor.next()) {
      t.equal(Buffer.from(cursor.bytes.subarray(cursor.keyStart, cursor.keyEnd)).toString(), 'bus-1');
      answers.push(recommendations.codec.decode(cursor.bytes, cursor.valueStart, cursor.valueEnd));
    }
  }
  await reader.close();
  return answers;
}

const answerTo = ({ service, trustor }: Question): Recommendation => ({
  ...{ service, trustor, at: 7, considered: 2, barred: 1 },
  providers: [
    {
      ...{ provider: 'pump', dependability: 0.9, trust: null, reputation: 0.9, reliability: 1, popularity: 0 },
      ...{ weights: { trust: 0, reputation: 0.8, reliability: 0.15, popularity: 0.05 }, interactions: 0, raters: 3 },
      ...{ distanceM: 12.5, standing: 'normal', isIntroduced: false, says: ['no own experience', '3 others'] },
    },
  ],
});

function life(log: Log, who = async (question: Question) => answerTo(question), isHere = () => true) {
  return new TrustRequests({
    ...{ log, clock: systemClock, partitions: 1, schemaIds, isHere, who },
    onFailure: (error) => t.fail(String(error)),
  });
}

t.test('a request is answered once, with its id and its key, also by whoever comes after', async (t) => {
  const log = await city();
  await ask(log, request('one'), request('two', { near: { latitude: 1, longitude: 2, radiusM: 3 }, limit: 1 }));
  const first = life(log);
  t.equal(await first.step(), true);
  t.equal(await first.step(), false);
  await first.close();
  await ask(log, request('three'));
  const second = life(log);
  await second.step();
  await second.close();
  const answers = await answered(log);
  t.same(
    answers.map(({ request: id, error }) => [id, error]),
    [
      ['one', null],
      ['two', null],
      ['three', null],
    ],
  );
  t.same(answers[0]!.providers, answerTo({ service: 'water', trustor: 'bus-1' } as Question).providers);
  await log.close();
});

t.test('one that was fenced commits nothing: its requests are the other one’s', async (t) => {
  const log = await city();
  await ask(log, request('one'));
  let go: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    go = resolve;
  });
  let begin: () => void = () => undefined;
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const slow = life(log, async (question) => {
    begin();
    await held;
    return answerTo(question);
  });
  const stepping = slow.step();
  const other = life(log);
  await begun;
  await other.step();
  go();
  await t.rejects(stepping, { code: 'FENCED' });
  await slow.close();
  await other.close();
  t.same(
    (await answered(log)).map(({ request: id }) => id),
    ['one'],
  );
  await log.close();
});

t.test('what is wrong with a request is its answer, and the ones behind it are answered', async (t) => {
  const log = await city();
  const wrong = [
    request('limit', { limit: 1_000 }),
    request('name', { service: 'a b' }),
    request('weights', { weights: { trust: 1, reputation: 1, reliability: 0, popularity: 0 } }),
    request('near', { near: { latitude: Number.NaN, longitude: 0, radiusM: 1 } }),
  ];
  await ask(log, Buffer.from('no Avro'), ...wrong, request('good'));
  const one = life(log);
  await one.step();
  await one.close();
  const answers = await answered(log);
  t.same(
    answers.map(({ request: id, error }) => [id, error]),
    [
      ['', 'AVRO_INVALID'],
      ['limit', 'REQUEST_INVALID'],
      ['name', 'REQUEST_INVALID'],
      ['weights', 'REQUEST_INVALID'],
      ['near', 'REQUEST_INVALID'],
      ['good', null],
    ],
  );
  t.match(answers[1]!.message, '1 to 100');
  await log.close();
});

t.test('while nobody can answer, a request waits', async (t) => {
  const log = await city();
  await ask(log, request('one'));
  let isReady = false;
  const one = life(log, async (question) => {
    if (!isReady) throw new MsecError('DEPENDENCY_DOWN', 'The scores are still being read.');
    return answerTo(question);
  });
  await t.rejects(one.step(), { code: 'DEPENDENCY_DOWN' });
  t.same(await answered(log), []);
  isReady = true;
  await one.step();
  await one.close();
  t.equal((await answered(log)).length, 1);
  await log.close();
});

t.test('partitions of another process are left to that one', async (t) => {
  const log = await city();
  await ask(log, request('one'));
  const one = life(log, undefined, () => false);
  t.equal(await one.step(), false);
  await one.close();
  t.same(await answered(log), []);
  await log.close();
});

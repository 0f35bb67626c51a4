// Every anomaly is planted into a history that has none, and found by its name; what Kafka allows is found to be allowed.
import t from 'tap';
import { randomBelow, seededRandom } from '../../../../engine/index.ts';
import { testSeed } from '../../../support/test-seed.ts';
import { ANOMALIES, countAnomalies } from './anomalies.ts';
import { check } from './check.ts';
import type { History, OffsetRead, Outcome, Read, Takeover, Transaction } from './history.ts';

type Lists = Readonly<Record<string, readonly number[]>>;

const wrote = (
  id: number,
  [begun, ended]: readonly [number, number],
  appends: Lists,
  more: Partial<Transaction> = {},
): Transaction => ({
  id,
  owner: 'a',
  instance: 1,
  appends: Object.entries(appends).flatMap(([key, values]) => values.map((value) => ({ key, value }))),
  offset: null,
  begun,
  ended,
  outcome: 'ok',
  ...more,
});
const saw = (begun: number, ended: number, lists: Lists): Read => ({
  reader: `reader at ${begun}`,
  begun,
  ended,
  lists: new Map(Object.entries(lists)),
});
const took = (instance: number, begun: number, ended: number): Takeover => ({ owner: 'a', instance, begun, ended });
const stood = (offset: number | null, begun: number): OffsetRead => ({ owner: 'a', begun, ended: begun + 1, offset });
const history = (transactions: readonly Transaction[], final: Lists, more: Partial<History> = {}): History => ({
  transactions,
  takeovers: [],
  reads: [],
  offsetReads: [],
  finalRead: saw(1000, 1001, final),
  finalOffsets: [],
  hangingKeys: new Set(),
  ...more,
});
const found = (planted: History) => countAnomalies(check(planted).anomalies);

const two = [wrote(1, [1, 4], { x: [1, 2], y: [1] }), wrote(2, [5, 8], { x: [3], y: [2] })];
const both: Lists = { x: [1, 2, 3], y: [1, 2] };
const outcome = (kind: Outcome) => [two[0]!, { ...two[1]!, outcome: kind }];

const PLANTED: Readonly<Record<string, readonly [History, ReturnType<typeof found>]>> = {
  'an aborted read in the end': [history(outcome('fail'), both), { abortedRead: 2 }],
  'an aborted read on the way': [
    history(outcome('fail'), { x: [1, 2], y: [1] }, { reads: [saw(9, 10, { x: [1, 2, 3] })] }),
    { abortedRead: 1, wentBack: 1 },
  ],
  'a lost write, the whole transaction': [history(two, { x: [1, 2], y: [1] }), { lostWrite: 2 }],
  'a torn transaction that was committed': [
    history(two, { x: [1, 2], y: [1, 2] }),
    { lostWrite: 1, tornTransaction: 1 },
  ],
  'a torn transaction of which nobody knew': [history(outcome('info'), { ...both, y: [1] }), { tornTransaction: 1 }],
  'a part of one key’s appends': [history(two, { ...both, x: [1, 3] }), { lostWrite: 1, tornTransaction: 1 }],
  'a duplicate': [history(two, { ...both, x: [1, 2, 2, 3] }), { duplicate: 1 }],
  'two orders of a key': [history(two, both, { reads: [saw(9, 10, { x: [1, 3, 2] })] }), { incompatibleOrder: 1 }],
  'a read that went back': [
    history(two, both, { reads: [saw(9, 10, { x: [1, 2, 3] }), saw(11, 12, { x: [1, 2] })] }),
    { wentBack: 1 },
  ],
  'a committed transaction behind a later one': [history(two, { x: [3, 1, 2], y: [1, 2] }), { lateWrite: 1 }],
  'an unknown transaction that comes after its owner was taken over': [
    history(
      [{ ...two[0]!, outcome: 'info' }, wrote(2, [9, 12], { x: [3], y: [2] }, { instance: 2 })],
      { x: [3, 1, 2], y: [2, 1] },
      {
        takeovers: [took(1, 0, 1), took(2, 5, 8)],
      },
    ),
    { lateWrite: 2 },
  ],
  'a zombie that commits': [history(two, both, { takeovers: [took(2, 2, 4.5)] }), { zombieCommit: 1 }],
  'a zombie whose commit nobody answered, and which is there': [
    history(outcome('info'), both, { takeovers: [took(2, 2, 4.5)] }),
    { zombieCommit: 1 },
  ],
  'an instance that goes on after a transaction which is not there': [
    history([{ ...two[0]!, outcome: 'info' }, two[1]!], { x: [3], y: [2] }, { isOrdered: true }),
    { skipped: 1 },
  ],
  'a value that nobody wrote': [history(two, { ...both, z: [9] }), { unexpectedValue: 1 }],
  'an offset that is lost': [
    history(
      [wrote(1, [1, 4], { x: [1] }, { offset: 1 }), wrote(2, [5, 8], { x: [2] }, { offset: 2 })],
      { x: [1, 2] },
      {
        offsetReads: [stood(1, 9)],
        finalOffsets: [stood(2, 1002)],
      },
    ),
    { lostOffset: 1 },
  ],
  'an offset without its appends': [
    history(
      [wrote(1, [1, 4], { x: [1] }, { offset: 1, outcome: 'info' })],
      { x: [] },
      { finalOffsets: [stood(1, 1002)] },
    ),
    { tornTransaction: 1 },
  ],
  'appends without their offset': [
    history([wrote(1, [1, 4], { x: [1] }, { offset: 1 })], { x: [1] }, { finalOffsets: [stood(null, 1002)] }),
    { tornTransaction: 1, lostOffset: 1 },
  ],
  'an aborted offset': [
    history([wrote(1, [1, 4], { x: [1] }, { offset: 1, outcome: 'fail' })], {}, { finalOffsets: [stood(1, 1002)] }),
    { abortedOffset: 1 },
  ],
  'an offset that nobody committed': [history([], {}, { finalOffsets: [stood(7, 1002)] }), { unexpectedValue: 1 }],
  'an offset that went back': [
    history(
      [wrote(1, [1, 20], { x: [1] }, { offset: 1 }), wrote(2, [1, 20], { x: [2] }, { offset: 2 })],
      { x: [1, 2] },
      {
        offsetReads: [stood(2, 4), stood(1, 8)],
        finalOffsets: [stood(2, 1002)],
      },
    ),
    { wentBack: 1 },
  ],
  'a partition that stands still': [
    history(two, { x: [1, 2, 3], y: [1] }, { hangingKeys: new Set(['y']) }),
    { hangingTransaction: 1 },
  ],
};

for (const [title, [planted, expected]] of Object.entries(PLANTED)) {
  t.test(`found: ${title}`, async (t) => {
    t.same(
      found(planted),
      expected,
      check(planted)
        .anomalies.map(({ says }) => says)
        .join('\n'),
    );
  });
}

t.test('every kind of anomaly is planted', async (t) => {
  const planted = new Set(Object.values(PLANTED).flatMap(([, expected]) => Object.keys(expected)));
  t.same([...planted].toSorted(), [...ANOMALIES].toSorted());
});

const ALLOWED: Readonly<Record<string, History>> = {
  'nothing at all': history([], {}),
  'two transactions, one after the other': history(two, both),
  'an unknown transaction that is there': history(outcome('info'), both),
  'an unknown transaction that is not there': history(outcome('info'), { x: [1, 2], y: [1] }),
  'an aborted one that is not there': history(outcome('fail'), { x: [1, 2], y: [1] }),
  'an unknown transaction that lands late, while its owner lives on': history(
    [{ ...two[0]!, outcome: 'info' }, two[1]!],
    {
      x: [3, 1, 2],
      y: [2, 1],
    },
  ),
  'an unknown transaction that is resolved by the takeover': history(
    [{ ...two[0]!, outcome: 'info' }, wrote(2, [9, 12], { x: [3], y: [2] }, { instance: 2 })],
    both,
    { takeovers: [took(1, 0, 1), took(2, 5, 8)] },
  ),
  'a zombie that is refused': history(outcome('fail'), { x: [1, 2], y: [1] }, { takeovers: [took(2, 2, 4.5)] }),
  'an instance that goes on, where nobody promised that it does not': history(
    [{ ...two[0]!, outcome: 'info' }, two[1]!],
    { x: [3], y: [2] },
  ),
  'an instance of which a beginning is there': history(outcome('info'), { x: [1, 2], y: [1] }, { isOrdered: true }),
  'a read that overlaps with a longer one': history(two, both, {
    reads: [saw(9, 11, { x: [1, 2, 3] }), saw(10, 12, { x: [1, 2] })],
  }),
  'offsets that follow their transactions': history(
    [wrote(1, [1, 4], { x: [1] }, { offset: 1 })],
    { x: [1] },
    {
      offsetReads: [stood(null, 2), stood(1, 5)],
      finalOffsets: [stood(1, 1002)],
    },
  ),
};

for (const [title, planted] of Object.entries(ALLOWED)) {
  t.test(`allowed: ${title}`, async (t) => {
    t.same(check(planted).anomalies, []);
  });
}

t.test('circles of write orders and reads of a part are counted, and are no anomalies', async (t) => {
  const crossed = [wrote(1, [1, 9], { x: [1], y: [1] }), wrote(2, [2, 8], { x: [2], y: [2] }, { owner: 'b' })];
  const { anomalies, observations } = check(
    history(crossed, { x: [1, 2], y: [2, 1] }, { reads: [saw(9, 10, { x: [1], y: [] })] }),
  );
  t.same(anomalies, []);
  t.same(observations, { writeCycles: 1, fracturedReads: 1, intermediateReads: 0 });
  const partial = check(history(two, both, { reads: [saw(3, 4, { x: [1] })] }));
  t.same(partial.anomalies, []);
  t.same(partial.observations, { writeCycles: 0, fracturedReads: 0, intermediateReads: 1 });
});

t.test('a history that writes a value twice is refused: nothing can be inferred from it', async (t) => {
  t.throws(() => check(history([two[0]!, { ...two[0]!, id: 9 }], both)), /wrote x=1 twice/);
});

t.test('whatever a faultless log does, nothing is found', async (t) => {
  const seed = testSeed();
  t.comment(`seed ${seed}`);
  const random = seededRandom(seed);
  for (let round = 0; round < 200; round++) t.same(found(faultless(random)), {}, `round ${round}`);
});

/** A log that applies whole transactions at one moment within their time, or never; some answers are lost. */
function faultless(random: ReturnType<typeof seededRandom>): History {
  const lists: Record<string, number[]> = { x: [], y: [], z: [] };
  const transactions: Transaction[] = [];
  const reads: Read[] = [];
  let now = 0;
  for (let id = 1; id <= 40; id++) {
    const begun = now++;
    const appends: Record<string, number[]> = {};
    for (const key of Object.keys(lists)) {
      if (randomBelow(random, 2) === 0)
        appends[key] = Array.from({ length: 1 + randomBelow(random, 3) }, (_, i) => id * 10 + i);
    }
    const isApplied = randomBelow(random, 4) > 0;
    if (isApplied) for (const [key, values] of Object.entries(appends)) lists[key]!.push(...values);
    if (randomBelow(random, 3) === 0) reads.push(saw(now++, now++, structuredClone(lists)));
    const isAnswered = randomBelow(random, 4) > 0;
    const said: Outcome = !isAnswered ? 'info' : isApplied ? 'ok' : 'fail';
    transactions.push(wrote(id, [begun, now++], appends, { outcome: said, owner: `owner ${id % 3}` }));
  }
  return history(transactions, lists, { reads });
}

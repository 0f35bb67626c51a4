/** Compares what a run left behind with what it must have: nothing lost, nothing twice, in order where order is promised. */
import { type ExpectedLetter, type ExpectedRecord, PartitionOracle } from './expected.ts';
import { type Difference, type PlainLog, type PlainRecord, tellsTime } from './plain.ts';

export interface Evidence {
  /** Whether offsets may be left out, as where markers of transactions take some. */
  readonly hasGaps: boolean;
  readonly partitions: number;
  readonly isFused: boolean;
  readonly log: PlainLog;
  /** What was acknowledged to the outside, and where. */
  readonly written: readonly {
    readonly topic: string;
    readonly partition: number;
    readonly offset: number;
    readonly records: readonly { timestamp: number; key: string | null; value: Uint8Array | null }[];
  }[];
  /** Letters that were asked for again, each at least once. */
  readonly requests: readonly { readonly topic: string; readonly partition: number; readonly offset: number }[];
  /** Topic → for each partition, the offset from which on devices send to mended actors. */
  readonly mendedAt: Readonly<Record<string, readonly number[]>>;
  /** The time of the record that ends each input. */
  readonly finalMs: number;
}

export function judge(evidence: Evidence): Difference[] {
  const differences: Difference[] = [];
  const { log, partitions } = evidence;
  judgeOffsets(evidence, differences);
  judgeInputs(evidence, differences);
  judgeResends(evidence, differences);
  const oracles: PartitionOracle[] = [];
  for (let partition = 0; partition < partitions; partition++) {
    const oracle = new PartitionOracle(evidence.isFused);
    const mendedAt = Object.entries(evidence.mendedAt).map(([topic, offsets]) => [topic, offsets[partition] ?? 0]);
    oracle.run(log, partition, Object.fromEntries(mendedAt), evidence.finalMs);
    oracles.push(oracle);
    judgePartition(evidence, partition, oracle, differences);
  }
  judgeZones(log, oracles, differences);
  return differences;
}

function judgeOffsets({ log, hasGaps }: Evidence, differences: Difference[]): void {
  for (const [topic, partitions] of Object.entries(log))
    for (const [partition, records] of partitions.entries())
      for (const [i, { offset }] of records.entries()) {
        const lowest = i === 0 ? 0 : records[i - 1]!.offset + 1;
        if (hasGaps ? offset >= lowest : offset === lowest) continue;
        differences.push({ where: `${topic}-${partition}`, says: `record ${i} has offset ${offset}` });
        break;
      }
}

const recordAt = (log: PlainLog, topic: string, partition: number, offset: number): PlainRecord | undefined =>
  log[topic]?.[partition]?.find((record) => record.offset === offset);

/** Every acknowledged record lies where it was said to, and nothing else was ever invented. */
function judgeInputs({ log, written }: Evidence, differences: Difference[]): void {
  const sent = new Set<string>();
  for (const { topic, partition, offset, records } of written)
    for (const [i, record] of records.entries()) {
      const value = record.value === null ? null : Buffer.from(record.value).toString('hex');
      const text = JSON.stringify([record.timestamp, record.key, value]);
      sent.add(`${topic}-${partition} ${text}`);
      const found = recordAt(log, topic, partition, offset + i);
      if (found === undefined || plainText(found) !== text)
        differences.push({ where: `${topic}-${partition}@${offset + i}`, says: `acknowledged ${text} is not there` });
    }
  for (const topic of ['readings', 'settings'])
    for (const [partition, records] of (log[topic] ?? []).entries())
      for (const record of records)
        if (!tellsTime(record) && !sent.has(`${topic}-${partition} ${plainText(record)}`))
          differences.push({ where: `${topic}-${partition}@${record.offset}`, says: 'a record that nobody sent' });
}

const plainText = ({ timestamp, key, value }: PlainRecord): string => JSON.stringify([timestamp, key, value]);

function judgeResends({ log, requests }: Evidence, differences: Difference[]): void {
  const asked = new Map<string, string[]>();
  for (const { topic, partition, offset } of requests) {
    const letter = recordAt(log, `${topic}.dlq`, partition, offset);
    const where = `${topic}.resend-${partition}`;
    asked.set(where, [...(asked.get(where) ?? []), letter === undefined ? 'no letter' : letterText(letter)]);
  }
  for (const [name, partitions] of Object.entries(log)) {
    if (!name.endsWith('.resend')) continue;
    for (const [partition, records] of partitions.entries()) {
      const where = `${name}-${partition}`;
      compareSets(where, asked.get(where) ?? [], records.map(letterText), differences);
    }
  }
}

const letterText = ({ timestamp, key, value, headers }: PlainRecord): string =>
  JSON.stringify([timestamp, key, value, Object.entries(headers).sort()]);

function judgePartition(
  { log, isFused }: Evidence,
  partition: number,
  oracle: PartitionOracle,
  differences: Difference[],
): void {
  const found = (topic: string) => (log[topic]?.[partition] ?? []).filter((record) => !tellsTime(record));
  const sequence = (topic: string, expected: readonly ExpectedRecord[], actual = found(topic)) =>
    compareSequences(`${topic}-${partition}`, expected.map(expectedText), actual.map(plainText), differences);
  if (!isFused) sequence('checked', oracle.checked);
  for (const [topic, expected] of [
    ['windows', oracle.windows],
    ['coarse', oracle.coarse],
    ['coarse-late', oracle.coarseLate],
    ['notes', oracle.notes],
    ['joined', oracle.joined],
  ] as const)
    sequence(topic, expected);
  const late = found('late');
  const [from, to] = oracle.lateOfLetters;
  sequence('late', oracle.late.slice(0, from), late.slice(0, from));
  const letters = [oracle.late.slice(from, to).map(expectedText), late.slice(from, to).map(plainText)] as const;
  compareSets(`late-${partition} of letters`, ...letters, differences);
  sequence('late', oracle.late.slice(to), late.slice(to));
  for (const input of ['01', '02'])
    sequence(
      'join-late',
      oracle.joinLate.filter(({ value }) => value.startsWith(input)),
      found('join-late').filter(({ value }) => value?.startsWith(input)),
    );
  judgeLetters(log, partition, oracle.letters, differences);
}

const expectedText = ({ timestamp, key, value }: ExpectedRecord): string => JSON.stringify([timestamp, key, value]);

function judgeLetters(
  log: PlainLog,
  partition: number,
  expected: readonly ExpectedLetter[],
  differences: Difference[],
): void {
  for (const topic of Object.keys(log).filter((name) => name.endsWith('.dlq'))) {
    const actual = (log[topic]?.[partition] ?? []).map((letter) => {
      const { headers, timestamp, key, value } = letter;
      const between = headers['msec.topic'] === 'checked';
      if (between) judgeOrigin(log, topic, partition, letter, differences);
      return JSON.stringify([
        ...[timestamp, key, value, headers['msec.reason'], headers['msec.actor'], headers['msec.stage']],
        ...[Number(headers['msec.attempts']), Number(headers['msec.partition']), headers['msec.topic']],
        between ? null : Number(headers['msec.offset']),
      ]);
    });
    const wanted = expected
      .filter((letter) => letter.topic === topic)
      .map(({ timestamp, key, value, reason, actor, stage, attempts, originTopic, originOffset }) =>
        JSON.stringify([timestamp, key, value, reason, actor, stage, attempts, partition, originTopic, originOffset]),
      );
    compareSets(`${topic}-${partition}`, wanted, actual, differences);
  }
}

/** Where a topic stands between two stages, the letter must name the record there that it is about. */
function judgeOrigin(
  log: PlainLog,
  topic: string,
  partition: number,
  letter: PlainRecord,
  differences: Difference[],
): void {
  const origin = recordAt(log, 'checked', partition, Number(letter.headers['msec.offset']));
  if (origin === undefined || plainText(origin) !== plainText(letter))
    differences.push({ where: `${topic}-${partition}@${letter.offset}`, says: 'its origin is another record' });
}

/** Records under another key: those of one source partition keep their order, and each key's total follows its topic. */
function judgeZones(log: PlainLog, oracles: readonly PartitionOracle[], differences: Difference[]): void {
  const zoned = (log['by-zone'] ?? []).map((records) => records.filter((record) => !tellsTime(record)));
  const home = new Map<string | null, number>();
  for (const [partition, records] of zoned.entries())
    for (const { key } of records) {
      if ((home.get(key) ?? partition) !== partition)
        differences.push({ where: 'by-zone', says: `${key} is in two partitions` });
      home.set(key, partition);
    }
  const all = zoned.flat();
  compareSets(
    'by-zone',
    oracles.flatMap((oracle) => oracle.zoned.map(expectedText)),
    all.map(plainText),
    differences,
  );
  for (const [source, { zoned: expected }] of oracles.entries())
    for (const zone of new Set(expected.map(({ key }) => key))) {
      const mine = expected.filter(({ key }) => key === zone).map(expectedText);
      const texts = new Set(mine);
      const theirs = all.filter((record) => record.key === zone).map(plainText);
      compareSequences(
        `by-zone ${zone} of ${source}`,
        mine,
        theirs.filter((text) => texts.has(text)),
        differences,
      );
    }
  for (const [partition, records] of zoned.entries()) {
    const totals = new Map<string, { count: number; sum: number }>();
    const expected = records.map(({ key, value, timestamp }) => {
      const before = totals.get(key ?? '') ?? { count: 0, sum: 0 };
      const amount = Buffer.from(value ?? '', 'hex').readInt16BE(5);
      const after = { count: before.count + 1, sum: before.sum + amount };
      totals.set(key ?? '', after);
      const bytes = Buffer.alloc(16);
      bytes.writeDoubleBE(after.count, 0);
      bytes.writeDoubleBE(after.sum, 8);
      return JSON.stringify([timestamp, key, bytes.toString('hex')]);
    });
    const actual = (log['zone-totals']?.[partition] ?? []).map(plainText);
    compareSequences(`zone-totals-${partition}`, expected, actual, differences);
  }
}

function compareSequences(
  where: string,
  expected: readonly string[],
  actual: readonly string[],
  into: Difference[],
): void {
  const length = Math.max(expected.length, actual.length);
  for (let i = 0; i < length; i++)
    if (expected[i] !== actual[i]) {
      const says = `record ${i}: expected ${expected[i] ?? 'no more'}, found ${actual[i] ?? 'no more'}`;
      into.push({ where, says: `${says} (${expected.length} expected, ${actual.length} found)` });
      return;
    }
}

function compareSets(where: string, expected: readonly string[], actual: readonly string[], into: Difference[]): void {
  compareSequences(where, expected.toSorted(), actual.toSorted(), into);
}

import { join } from 'node:path';
import t from 'tap';
import { KAFKA_ERROR, kafkaError } from '../../../../../engine/log/kafka/client/index.ts';
import { answerError, KAFKA_ERRORS } from '../../../../../engine/log/kafka/client/kafka-errors.ts';
import { runJavaFile } from '../../../../support/kafka-server.ts';
import { needs } from '../../../../support/needs.ts';

/** Kafka's client retries a corrupt batch as damaged on the way; the same bytes would be so again. The rest is known there by the place where it comes. */
const OTHERWISE: ReadonlySet<string> = new Set([
  ...['CORRUPT_MESSAGE', 'UNKNOWN_SERVER_ERROR', 'BROKER_NOT_AVAILABLE', 'REBALANCE_IN_PROGRESS'],
  ...['MEMBER_ID_REQUIRED', 'UNRELEASED_INSTANCE_ID', 'NEW_LEADER_ELECTED', 'REBOOTSTRAP_REQUIRED'],
  ...['STALE_CONTROLLER_EPOCH', 'INVALID_RECORD_STATE'],
]);

t.test("the table is Kafka's own, and what its client retries is retried", async (t) => {
  if (!needs(t, 'java', 'javac', 'mvn')) return;
  const { stdout, stderr, code } = await runJavaFile(join(import.meta.dirname, 'JavaErrors.java'));
  t.equal(code, 0, stderr);
  const rows = stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split(' '));
  t.equal(rows.length, KAFKA_ERRORS.size + 1, 'all but NONE');
  for (const [number, name = '', how] of rows) {
    if (name === 'NONE') continue;
    const found = kafkaError(Number(number));
    t.equal(found.name, name);
    if (OTHERWISE.has(name)) continue;
    t.equal(how === '-' ? 'no' : 'yes', found.code === 'DEPENDENCY_DOWN' ? 'yes' : 'no', name);
    if (how === 'refresh') t.equal(found.class, 'refresh', name);
  }
});

t.test('what may pass by itself is DEPENDENCY_DOWN, and nothing else is', async (t) => {
  for (const { name, code, class: kind } of KAFKA_ERRORS.values()) {
    t.equal(code === 'DEPENDENCY_DOWN', kind === 'retry' || kind === 'refresh', name);
  }
  t.equal(kafkaError(9999).code, 'DEPENDENCY_DOWN', 'a number of a broker of tomorrow');
});

t.test('an error says what was asked and what the broker says of it', async (t) => {
  const { code, message } = answerError(KAFKA_ERROR.PRODUCER_FENCED, 'EndTxn of a-0', 'newer epoch');
  t.same([code, message], ['FENCED', 'Kafka answers PRODUCER_FENCED to EndTxn of a-0: newer epoch']);
});

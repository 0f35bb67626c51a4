/** An operator's word: looked up where somebody knows, read from the scores where nobody does or what is known may be old. */
import t from 'tap';
import { BatchEncoder, ByteWriter, type Log, MsecError, systemClock } from '../../../engine/index.ts';
import { encodeProviderScore, NORMAL, type StandingNow } from '../../../schemas/index.ts';
import { decodeStandingCommand, type StandingCommand } from '../../../schemas/standing/index.ts';
import { TRUST_COMMANDS, TRUST_DECISIONS, TRUST_SCORES } from '../../../schemas/topics/index.ts';
import { eachRecord } from '../../../services/record-walk/index.ts';
import { StandingDesk, type StandingDeskOptions } from '../../../services/standing/index.ts';
import { memoryLog } from '../memory-log.ts';
import { providerScore } from '../trust/graph-fixture.ts';

const OUT: StandingNow = { standing: 'blacklisted', since: 1, until: 9, blacklistings: 1, says: 'so bad' };
const ORDER = { trustee: 'bob', service: 'heat', action: 'grant', by: 'olga', why: 'so' } as const;

async function city(t: { teardown(run: () => unknown): void }, written: StandingNow | null) {
  const log = await memoryLog(1);
  t.teardown(() => log.close());
  for (const name of [TRUST_SCORES, TRUST_COMMANDS, TRUST_DECISIONS])
    await log.createTopics([{ name, partitions: 1, cleanup: 'delete' }]);
  if (written !== null) await write(log, providerScore({ trustee: 'bob', service: 'heat', ...written }));
  let scoresRead = 0;
  const counting: Log = Object.assign(Object.create(log) as Log, {
    openReader() {
      const reader = log.openReader();
      return {
        bounds: (topic: string, partition: number) => reader.bounds(topic, partition),
        fetch(topic: string, partition: number, offset: number, bytes: number) {
          if (topic === TRUST_SCORES) scoresRead++;
          return reader.fetch(topic, partition, offset, bytes);
        },
        wait: reader.wait.bind(reader),
        close: () => reader.close(),
      };
    },
    describe: (names: readonly string[]) => log.describe(names),
    commit: (transaction: Parameters<Log['commit']>[0]) => log.commit(transaction),
  });
  return {
    desk: (lookUp?: StandingDeskOptions['lookUp']) =>
      new StandingDesk({ log: counting, clock: systemClock, waitMs: 0, ...(lookUp === undefined ? {} : { lookUp }) }),
    scoresRead: () => scoresRead,
    async commands() {
      const found: StandingCommand[] = [];
      const reader = log.openReader();
      await eachRecord(reader, { topic: TRUST_COMMANDS, partition: 0, from: 0 }, ({ value }) => {
        found.push(decodeStandingCommand(value!));
      });
      await reader.close();
      return found;
    },
  };
}

async function write(log: Log, score: ReturnType<typeof providerScore>): Promise<void> {
  const writer = new ByteWriter();
  encodeProviderScore(writer, 1, score);
  const [key, value] = [Buffer.from(`${score.trustee} ${score.service}`), writer.take()];
  const encoder = new BatchEncoder();
  encoder.append(1, key, 0, key.length, value, 0, value.length);
  await log.commit({ appends: [{ topic: TRUST_SCORES, partition: 0, bytes: encoder.finish() }] });
}

t.test('whoever knows how a provider stands is asked, and no score is read', async (t) => {
  const made = await city(t, OUT);
  const asked: string[] = [];
  const desk = made.desk(async (service, trustee) => {
    asked.push(`${trustee} ${service}`);
    return { standing: OUT, services: ['heat'] };
  });
  t.match(await desk.order(ORDER), { ...ORDER, before: OUT, after: null });
  t.same(asked, ['bob heat']);
  t.equal(made.scoresRead(), 0);
  t.match(await made.commands(), [{ service: 'heat', action: 'grant', by: 'olga' }]);
});

t.test('what would be a refusal is read from the scores first: what is known may be a moment old', async (t) => {
  for (const standing of [NORMAL, null]) {
    const made = await city(t, OUT);
    const desk = made.desk(async () => ({ standing, services: [] }));
    t.match(await desk.order(ORDER), { before: OUT });
    t.ok(made.scoresRead() > 0);
  }
  const made = await city(t, NORMAL);
  const desk = made.desk(async () => ({ standing: NORMAL, services: ['heat'] }));
  await t.rejects(desk.order(ORDER), { code: 'STANDING_UNCHANGED', field: 'action' });
  t.same(await made.commands(), []);
});

t.test('whoever does not know yet, or has too much to do, holds nobody up; what fails otherwise is told', async (t) => {
  for (const code of ['DEPENDENCY_DOWN', 'INTAKE_BUSY'] as const) {
    const made = await city(t, OUT);
    const desk = made.desk(() => Promise.reject(new MsecError(code, 'not now')));
    t.match(await desk.order(ORDER), { before: OUT });
  }
  const made = await city(t, OUT);
  const desk = made.desk(() => Promise.reject(new TypeError('a bug')));
  await t.rejects(desk.order(ORDER), TypeError);
  t.same(await made.commands(), []);
});

t.test('nobody, and another service than those that it serves, are told apart', async (t) => {
  const made = await city(t, OUT);
  const desk = made.desk();
  await t.rejects(desk.order({ ...ORDER, trustee: 'eve' }), { code: 'TRUSTEE_UNKNOWN', field: 'trustee' });
  await t.rejects(desk.order({ ...ORDER, service: 'light' }), {
    code: 'TRUSTEE_UNKNOWN',
    field: 'service',
    message: /but for heat\.$/,
  });
});

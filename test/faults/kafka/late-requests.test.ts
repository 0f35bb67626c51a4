// Jepsen's two schedules, each made to happen: a request that the network held back arrives in the next transaction.
// With the old protocol the checker finds what they do, so it can fail; with ours nothing comes of them.
import t from 'tap';
import { needs } from '../../support/needs.ts';
import { countAnomalies } from './checker/anomalies.ts';
import { check } from './checker/check.ts';
import type { Append, Takeover, Transaction } from './checker/history.ts';
import type { ListWriter, Patience } from './clients/list-client.ts';
import { RawBroker } from './judge/raw-broker.ts';
import { RawListReader } from './judge/raw-list-reader.ts';
import { type Decision, PASS } from './proxy/fault-plan.ts';
import { API } from './proxy/request-head.ts';
import { prepare } from './round.ts';
import { CLIENTS, type ClientName, openStage } from './stage.ts';
import { groupOf, OFFSET_PARTITION } from './workload.ts';

/** Until it is let go. A reset, so that what follows takes another connection and is not held back behind it. */
const HELD: Decision = { fault: 'heldCut', delayMs: 60_000, others: 1000 };
/** Until one that was held has been let go, and answered. */
const BEHIND: Decision = { fault: 'heldMute', delayMs: 60_000, others: 0 };
/** Each order here comes from resets and answers; only ours waits for a time to run out. */
const PATIENCE: Patience = { requestMs: 30_000, transactionMs: 120_000 };
const PATIENCE_OF_OURS: Patience = { ...PATIENCE, requestMs: 2_000 };
const TOPIC = 'lists';

if (needs(t, 'java', 'mvn')) await main();

async function main(): Promise<void> {
  const stage = await openStage();
  const { proxy, server } = stage;
  await prepare(proxy.address, TOPIC, []);
  const judge = await RawBroker.connect(server.bootstrap);
  t.teardown(async () => {
    judge.close();
    await stage.close();
  });
  let values = 0;

  /** Runs `steps` with one writer, and gives what the checker says of them. */
  async function story(name: ClientName, steps: (write: Write) => Promise<void>) {
    const client = await CLIENTS[name](proxy.address, name === 'msec' ? PATIENCE_OF_OURS : PATIENCE);
    const owner = `${name}-${values}`;
    const transactions: Transaction[] = [];
    const takeovers: Takeover[] = [];
    let moment = 0;
    const open = async () => {
      const begun = moment++;
      const opened = await client.open(owner, { group: groupOf(owner), topic: TOPIC, partition: OFFSET_PARTITION });
      takeovers.push({ owner, instance: takeovers.length + 1, begun, ended: moment++ });
      return opened;
    };
    let writer = await open();
    const write: Write = async (keys, isAborted = false) => {
      const appends = keys.map((key): Append => ({ key: `${owner}-${key}`, value: ++values }));
      const begun = moment++;
      const { outcome, isUsable } = await writeOne(writer, appends, isAborted);
      const id = transactions.length + 1;
      const instance = takeovers.length;
      transactions.push({ id, owner, instance, appends, offset: null, begun, ended: moment++, outcome });
      if (!isUsable) {
        await writer.close();
        writer = await open();
      }
      return outcome;
    };
    try {
      await steps(write);
    } finally {
      proxy.script = () => undefined;
      proxy.releaseAll();
      await writer.close();
      await (await open()).close();
    }
    const lists = new Map<string, number[]>();
    await new RawListReader(judge, TOPIC, 4).read(lists);
    const own = new Map([...lists].filter(([key]) => key.startsWith(`${owner}-`)));
    const finalRead = { reader: 'judge', begun: moment++, ended: moment++, lists: own };
    const nothing = { reads: [], offsetReads: [], finalOffsets: [], hangingKeys: new Set<string>() };
    return countAnomalies(check({ ...nothing, transactions, takeovers, finalRead }).anomalies);
  }

  /** The first transaction's Produce is given up by its client and arrives just before the second's. */
  const lateProduce = (name: ClientName) =>
    story(name, async (write) => {
      proxy.script = ({ apiKey }) => (apiKey === API.produce ? HELD : PASS);
      t.comment(`first: ${await write(['a'])}`);
      proxy.script = ({ apiKey }) => {
        if (apiKey !== API.produce) return PASS;
        proxy.script = () => undefined;
        proxy.releaseAll();
        return BEHIND;
      };
      t.comment(`second: ${await write(['a', 'b'])}`);
    });

  /** The first transaction's commit is repeated by its client; the first copy arrives in the second, before `api`. */
  const lateCommit = (name: ClientName, api: number, isAborted: boolean) =>
    story(name, async (write) => {
      proxy.script = ({ apiKey }) => {
        if (apiKey !== API.endTxn) return PASS;
        proxy.script = () => undefined;
        return HELD;
      };
      t.comment(`first: ${await write(['a'])}`);
      let requests = 0;
      proxy.script = ({ apiKey }) => {
        if (apiKey !== api || ++requests < (api === API.produce ? 2 : 1)) return PASS;
        proxy.script = () => undefined;
        proxy.releaseAll();
        return BEHIND;
      };
      t.comment(`second: ${await write(['a', 'b'], isAborted)}`);
    });

  t.test('without faults nothing is found, whoever writes', async (t) => {
    for (const name of ['kafkajs', 'platformatic', 'msec'] as const) {
      const found = await story(name, async (write) => {
        for (const keys of [['a'], ['a', 'b'], ['b', 'c']]) t.equal(await write(keys), 'ok', name);
      });
      t.same(found, {}, name);
    }
  });

  t.test('kafkajs: a Produce that comes late takes the place of the next transaction’s', async (t) => {
    t.same(await lateProduce('kafkajs'), { abortedRead: 1, lostWrite: 1, tornTransaction: 1 });
  });

  t.test('@platformatic/kafka: a commit that comes late commits the next transaction, which is aborted', async (t) => {
    t.same(await lateCommit('platformatic', API.endTxn, true), { abortedRead: 2 });
  });

  t.test('@platformatic/kafka: a commit that comes late tears the next transaction', async (t) => {
    t.match(await lateCommit('platformatic', API.produce, false), { abortedRead: 1 });
  });

  t.test('msec: what comes late comes to nothing', async (t) => {
    t.same(await lateProduce('msec'), {}, 'a Produce');
    t.same(await lateCommit('msec', API.endTxn, false), {}, 'a commit, at the end of the next transaction');
    t.same(await lateCommit('msec', API.produce, false), {}, 'a commit, amid the next transaction');
  });
}

type Write = (keys: readonly string[], isAborted?: boolean) => Promise<string>;

/** Each append leaves by itself. */
const writeOne = (writer: ListWriter, appends: readonly Append[], isAborted: boolean) =>
  writer.write({
    topic: TOPIC,
    appends: appends.map((append) => ({ ...append, partition: 'abcd'.indexOf(append.key.at(-1)!) })),
    sends: appends.length,
    offset: null,
    isAborted,
  });

// Time limit: 900 s.
// Two minutes of list-append with our own log on Kafka; `npm run list-append` goes on for as long as one likes.
import t from 'tap';
import { needs } from '../../support/needs.ts';
import { testSeed } from '../../support/test-seed.ts';
import { API } from './proxy/request-head.ts';
import { runRound } from './round.ts';
import { CLIENTS, openStage } from './stage.ts';

/** The second has the owners of a process share its transactions. */
const ROUNDS = ['msec', 'msec-carriers'] as const;
const SECONDS = 60;
const COMMITTED_LEAST = 50;
const FAULTS = ['heldCut', 'heldMute', 'cutBefore', 'cutAfter', 'mute', 'slow', 'slowAnswer', 'leaderAway'];

if (needs(t, 'java', 'mvn')) await main();

async function main(): Promise<void> {
  const stage = await openStage();
  const { proxy, server } = stage;
  t.teardown(() => stage.close());
  let carried = 0;
  proxy.script = ({ apiKey, transactionalId }) => {
    if (apiKey === API.endTxn && transactionalId?.includes('-carrier-') === true) carried++;
    return undefined;
  };
  const seed = testSeed();
  const happened = new Set<string>();

  for (const [round, name] of ROUNDS.entries()) {
    t.test(`nothing is lost, aborted, torn or twice: ${name}`, async (t) => {
      t.comment(`seed ${seed + round}`);
      const client = await CLIENTS[name](proxy.address);
      t.teardown(() => client.close());
      const options = { client, proxy, broker: server.bootstrap, name: `r${round}`, seconds: SECONDS };
      const { verdict, history, faults } = await runRound({
        ...options,
        seed: seed + round,
        enough: (transactions, faults) =>
          transactions.filter(({ outcome }) => outcome === 'ok').length >= COMMITTED_LEAST &&
          transactions.some(({ outcome }) => outcome === 'fail') &&
          (carried > 0 || name !== 'msec-carriers') &&
          (round < ROUNDS.length - 1 || FAULTS.every((fault) => happened.has(fault) || faults[fault] !== undefined)),
      });
      t.comment(JSON.stringify({ ...verdict.counts, ...verdict.observations, ...faults }));
      t.same(
        verdict.anomalies.map(({ kind, says }) => `${kind} ${says}`),
        [],
      );
      t.equal(faults.silences, undefined, 'every call was answered');
      t.equal(faults.ownersLost, undefined, 'every owner could be taken over in the end');
      t.ok(verdict.counts.ok >= COMMITTED_LEAST, `${verdict.counts.ok} transactions are committed`);
      t.equal(carried > 0, name === 'msec-carriers', `${carried} transactions of carriers`);
      t.ok(verdict.counts.fail > 0, `of ${verdict.counts.fail} it is certain that they are not`);
      for (const fault of Object.keys(faults)) happened.add(fault);

      const lists = history.finalRead.lists;
      const values = [...lists.values()].reduce((sum, list) => sum + list.length, 0);
      const args = ['--bootstrap-server', server.bootstrap, '--topic', `lists-r${round}`, '--from-beginning'];
      args.push('--isolation-level', 'read_committed', '--property', 'print.key=true', '--timeout-ms', '60000');
      args.push('--max-messages', `${values}`);
      const java = await server.tool('org.apache.kafka.tools.consumer.ConsoleConsumer', args);
      t.equal(java.code, 0, java.stderr);
      const lines = java.stdout.split('\n').flatMap((line) => (line.includes('\t') ? [line.split('\t')] : []));
      const read = Map.groupBy(lines, ([key]) => key!);
      for (const [key, list] of lists) {
        const found = (read.get(key) ?? []).map(([, value]) => Number(value));
        if (`${found}` !== `${list}`) t.fail(`Java reads ${key} as ${found}, the judge as ${list}`);
      }
      t.equal(lines.length, values, 'Java’s console consumer reads the same lists as the judge');
    });
  }

  t.test('every kind of fault has happened', async (t) => {
    for (const fault of FAULTS) t.ok(happened.has(fault), fault);
  });
}

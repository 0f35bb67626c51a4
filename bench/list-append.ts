/**
 * The list-append checker against a client behind the fault proxy:
 *   npm run list-append -- --client msec|msec-carriers|kafkajs|platformatic [--seconds 120] [--seed N] [--round-seconds 60]
 *                          [--broker-version 3.9.1] [--transaction-version 0] [--json] [--keep FOLDER] [--nft]
 * --nft, in a network namespace of its own and as root, partitions with nftables as well.
 * --keep writes what the clients did and what the log holds, for each round in which something was found.
 * A soak is the same with --seconds 3600. Exit code 1 where an anomaly was found, 64 for a wrong call.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type AnomalyKind, countAnomalies } from '../test/faults/kafka/checker/anomalies.ts';
import { PacketFilter } from '../test/faults/kafka/packet-filter.ts';
import { runRound } from '../test/faults/kafka/round.ts';
import { CLIENTS, type ClientName, openStage } from '../test/faults/kafka/stage.ts';

const { values } = parseArgs({
  options: {
    client: { type: 'string', default: 'msec' },
    seconds: { type: 'string', default: '120' },
    seed: { type: 'string', default: `${Date.now() % 1_000_000}` },
    'round-seconds': { type: 'string', default: '60' },
    'broker-version': { type: 'string' },
    'transaction-version': { type: 'string' },
    json: { type: 'boolean', default: false },
    keep: { type: 'string' },
    nft: { type: 'boolean', default: false },
  },
});

const SAYS_MAX = 10;

process.exitCode = await main();

async function main(): Promise<number> {
  const { client: name, json } = values;
  const seed = Number(values.seed);
  const seconds = Number(values.seconds);
  const roundSeconds = Math.min(Number(values['round-seconds']), seconds);
  if (!Object.hasOwn(CLIENTS, name) || !Number.isSafeInteger(seed) || !(roundSeconds > 0)) {
    console.error(
      `--client is one of ${Object.keys(CLIENTS).join(', ')}; --seed, --seconds, --round-seconds are numbers`,
    );
    return 64;
  }
  if (values.keep !== undefined) mkdirSync(values.keep, { recursive: true });
  const version = values['broker-version'];
  const level = values['transaction-version'];
  const stage = await openStage({
    ...(version === undefined ? {} : { version }),
    ...(level === undefined ? {} : { features: { 'transaction.version': Number(level) } }),
  });
  const client = await CLIENTS[name as ClientName](stage.proxy.address);
  const partition = values.nft ? new PacketFilter(Number(stage.proxy.address.split(':')[1])) : undefined;
  const totals: Record<string, number> = {};
  const add = (counts: Readonly<Record<string, number>>) => {
    for (const [kind, count] of Object.entries(counts)) totals[kind] = (totals[kind] ?? 0) + count;
  };
  let isClean = true;
  try {
    for (let round = 0; round * roundSeconds < seconds; round++) {
      const { verdict, faults, history, log } = await runRound({
        client,
        proxy: stage.proxy,
        broker: stage.server.bootstrap,
        name: `r${round}`,
        seed: seed + round,
        seconds: roundSeconds,
        enough: (transactions) => transactions.some(({ outcome }) => outcome === 'ok'),
        ...(partition === undefined ? {} : { partition }),
      });
      const found: Partial<Record<AnomalyKind, number>> = countAnomalies(verdict.anomalies);
      isClean &&= verdict.anomalies.length === 0;
      add({ rounds: 1, ...verdict.counts, ...verdict.observations, ...faults, ...found });
      console.log(`${name}, seed ${seed + round}: ${JSON.stringify({ ...found, ...verdict.counts })}`);
      if (values.keep !== undefined && verdict.anomalies.length > 0) {
        const lines = [...history.takeovers, ...history.transactions].toSorted((a, b) => a.begun - b.begun);
        const file = join(values.keep, `${name}-${seed + round}.txt`);
        writeFileSync(file, [...lines.map((line) => JSON.stringify(line)), ...log].map((line) => `${line}\n`).join(''));
      }
      for (const { kind, says } of verdict.anomalies.slice(0, SAYS_MAX)) console.log(`  ${kind} ${says}`);
    }
  } finally {
    await client.close();
    await stage.close();
  }
  console.log(
    json
      ? JSON.stringify(totals)
      : Object.entries(totals)
          .map(([kind, count]) => `${kind} ${count}`)
          .join(', '),
  );
  return isClean ? 0 : 1;
}

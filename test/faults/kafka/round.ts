/**
 * One round: a topic, a seed, a client; some seconds of work under faults, then calm, then the last read of everything
 * and the checker's verdict. A soak is a sequence of rounds, so that memory stays small and a finding is repeated by
 * its own round's seed.
 */
import { Kafka, logLevel } from 'kafkajs';
import { pause, type Random, seededRandom, systemClock } from '../../../engine/index.ts';
import { check, type Verdict } from './checker/check.ts';
import type { History, OffsetRead, Read, Transaction } from './checker/history.ts';
import type { ListClient, ListReader } from './clients/list-client.ts';
import { RawBroker } from './judge/raw-broker.ts';
import { RawListReader } from './judge/raw-list-reader.ts';
import { type Partition, torment } from './nemesis.ts';
import type { FaultProxy } from './proxy/fault-proxy.ts';
import { groupOf, OFFSET_PARTITION, Workload } from './workload.ts';

export interface RoundOptions {
  readonly client: ListClient;
  readonly proxy: FaultProxy;
  /** The broker itself, past the proxy. */
  readonly broker: string;
  readonly name: string;
  readonly seed: number;
  readonly seconds: number;
  /** Where the machine is slow, it goes on until this holds as well, some times as long at most. */
  enough?(transactions: readonly Transaction[], faults: Readonly<Record<string, number>>): boolean;
  /** A second way to cut, beside the proxy's. */
  readonly partition?: Partition;
}

export interface RoundResult {
  /** Every batch of the topic, one a line, where something was found. */
  readonly log: readonly string[];
  readonly verdict: Verdict;
  readonly history: History;
  /**
   * Faults by name; `silences`: calls of the client that were never answered; `ownersLost`: owners that could not be taken
   * over in the end, though all was calm.
   */
  readonly faults: Readonly<Record<string, number>>;
}

const PARTITIONS = 4;
const OWNERS = 6;
const READ_PAUSE_MS = 150;
/** Each so many reads one is of everything, from the beginning. */
const WHOLE_READ_EVERY = 20;
/** Far longer than the broker lets a transaction be. */
const HANGING_MS = 120_000;
const PREPARE_MS_MAX = 180_000;
const CLOSING_MS = 180_000;
const LONGER_MAX = 4;

export async function runRound(options: RoundOptions): Promise<RoundResult> {
  const { client, proxy, broker, name, seed, seconds } = options;
  const topic = `lists-${name}`;
  const owners = Array.from({ length: OWNERS }, (_, i) => `${name}-owner-${i}`);
  await prepare(proxy.address, topic, owners);
  const workload = new Workload({ client, random: seededRandom(seed), topic, partitions: PARTITIONS });
  const judge = await RawBroker.connect(broker);
  const faults: Record<string, number> = {};
  const count = (fault: string) => {
    faults[fault] = (faults[fault] ?? 0) + 1;
  };
  proxy.begin(fractions(seededRandom(seed + 1)), count);
  const ended = new AbortController();
  const readers = new AbortController();
  try {
    const reading = [readJudge(workload, judge, topic, owners, readers.signal)];
    if (client.openReader !== undefined) {
      reading.push(readClient(workload, client.openReader(topic, PARTITIONS), readers.signal));
    }
    const working = owners.map((owner) => workload.own(owner, ended.signal));
    working.push(torment(proxy, options.partition, seededRandom(seed + 2), ended.signal, count));
    const longest = systemClock.monotonic() + seconds * 1000 * LONGER_MAX;
    await pause(systemClock, seconds * 1000);
    while (options.enough?.(workload.transactions, faults) === false && systemClock.monotonic() < longest)
      await pause(systemClock, READ_PAUSE_MS);
    ended.abort();
    await Promise.all(working);
    proxy.calm();
    for (const owner of owners) {
      const writer = await workload.open(owner, AbortSignal.timeout(CLOSING_MS));
      if (writer === undefined) count('ownersLost');
      else await writer.close();
    }
    readers.abort();
    await Promise.all(reading);
    const history = { ...(await finish(workload, judge, topic, owners)), isOrdered: client.isOrdered === true };
    if (workload.silences > 0) faults.silences = workload.silences;
    const verdict = check(history);
    return { verdict, history, faults, log: verdict.anomalies.length > 0 ? await logOf(judge, topic) : [] };
  } finally {
    ended.abort();
    readers.abort();
    proxy.calm();
    judge.close();
  }
}

function fractions(random: Random): () => number {
  return () => random.u32() / 2 ** 32;
}

async function logOf(judge: RawBroker, topic: string): Promise<string[]> {
  const lines: string[] = [];
  for (let partition = 0; partition < PARTITIONS; partition++) {
    for (const { base, producerId, epoch, sequence, marker, records } of await judge.batches(topic, partition)) {
      const what = marker ?? records.map(({ key, value }) => `${key}=${value}`).join(' ');
      lines.push(`${partition} @${base} producer ${producerId}/${epoch} sequence ${sequence}: ${what}`);
    }
  }
  return lines;
}

/** The topic, and a coordinator that knows the groups: the first question for one makes the broker's own topic. */
export async function prepare(bootstrap: string, topic: string, owners: readonly string[]): Promise<void> {
  const admin = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: PARTITIONS }], waitForLeaders: true });
  const deadline = systemClock.monotonic() + PREPARE_MS_MAX;
  for (const owner of owners) {
    for (;;) {
      try {
        await admin.fetchOffsets({ groupId: groupOf(owner), topics: [topic] });
        break;
      } catch (error) {
        if (systemClock.monotonic() > deadline) throw error;
        await pause(systemClock, READ_PAUSE_MS);
      }
    }
  }
  await admin.disconnect();
}

/** A read of the keys that changed, or of all of them. */
function recordRead(
  workload: Workload,
  reader: string,
  begun: number,
  lists: ReadonlyMap<string, readonly number[]>,
  keys: Iterable<string>,
): Read {
  const read = new Map<string, readonly number[]>();
  for (const key of keys) read.set(key, [...(lists.get(key) ?? [])]);
  return { reader, begun, ended: workload.tick(), lists: read };
}

async function readJudge(
  workload: Workload,
  judge: RawBroker,
  topic: string,
  owners: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const lists = new Map<string, number[]>();
  const reader = new RawListReader(judge, topic, PARTITIONS);
  for (let round = 1; !signal.aborted; round++) {
    const begun = workload.tick();
    if (round % WHOLE_READ_EVERY === 0) {
      const whole = new Map<string, number[]>();
      await new RawListReader(judge, topic, PARTITIONS).read(whole);
      workload.reads.push(recordRead(workload, 'judge, all', begun, whole, whole.keys()));
    } else {
      const changed = await reader.read(lists);
      workload.reads.push(recordRead(workload, 'judge', begun, lists, changed));
    }
    for (const owner of owners) {
      const read = await readOffset(workload, judge, topic, owner);
      if (read !== 'unstable') workload.offsetReads.push(read);
    }
    await pause(systemClock, READ_PAUSE_MS, signal);
  }
}

async function readOffset(
  workload: Workload,
  judge: RawBroker,
  topic: string,
  owner: string,
): Promise<OffsetRead | 'unstable'> {
  const begun = workload.tick();
  const offset = await judge.committedOffset(groupOf(owner), topic, OFFSET_PARTITION);
  return offset === 'unstable' ? offset : { owner, begun, ended: workload.tick(), offset };
}

/** Reads that fail under faults are no reads; what they had read counts with the next. */
async function readClient(workload: Workload, reader: ListReader, signal: AbortSignal): Promise<void> {
  const lists = new Map<string, number[]>();
  while (!signal.aborted) {
    const begun = workload.tick();
    const changed = await reader.read(lists).catch(() => undefined);
    if (changed !== undefined) workload.reads.push(recordRead(workload, 'client', begun, lists, changed));
    await pause(systemClock, READ_PAUSE_MS, signal);
  }
  await reader.close();
}

/** Waits until nothing is undecided any more, or says what hangs; then reads everything. */
async function finish(
  workload: Workload,
  judge: RawBroker,
  topic: string,
  owners: readonly string[],
): Promise<History> {
  const deadline = systemClock.monotonic() + HANGING_MS;
  let hanging: number[] = [];
  do {
    const { stable, written } = await judge.ends(topic, PARTITIONS);
    hanging = [...stable.keys()].filter((partition) => stable[partition]! < written[partition]!);
    if (hanging.length > 0) await pause(systemClock, READ_PAUSE_MS);
  } while (hanging.length > 0 && systemClock.monotonic() < deadline);
  const finalOffsets: OffsetRead[] = [];
  for (const owner of owners) {
    for (;;) {
      const read = await readOffset(workload, judge, topic, owner);
      if (read === 'unstable' && systemClock.monotonic() < deadline) continue;
      if (read !== 'unstable') finalOffsets.push(read);
      break;
    }
  }
  const begun = workload.tick();
  const lists = new Map<string, number[]>();
  await new RawListReader(judge, topic, PARTITIONS).read(lists);
  const { transactions, takeovers, reads, offsetReads, keys } = workload;
  return {
    transactions,
    takeovers,
    reads,
    offsetReads,
    finalRead: recordRead(workload, 'judge, at last', begun, lists, keys.keys()),
    finalOffsets,
    hangingKeys: new Set([...keys].filter(([, partition]) => hanging.includes(partition)).map(([key]) => key)),
  };
}

/**
 * The one way in for an operator's word on a provider's standing: looked at beside trust.scores first, so that a mistake is
 * said at once, then one record of trust.commands. The trust actor does it in the transaction of its state and writes
 * trust.decisions; until that is read, nothing is said to be done.
 */
import { whyUnchanged } from '../../actors/trust/index.ts';
import {
  BatchCursor,
  BatchEncoder,
  type Clock,
  type Log,
  type LogReader,
  MsecError,
  partitionForKey,
  pause,
  type Random,
  systemRandom,
} from '../../engine/index.ts';
import { decodeProviderScore, type ProviderScore, type StandingNow } from '../../schemas/index.ts';
import {
  checkStandingCommand,
  decodeStandingDecision,
  encodeStandingCommand,
  type StandingAction,
  type StandingDecision,
} from '../../schemas/standing/index.ts';
import { TRUST_COMMANDS, TRUST_DECISIONS, TRUST_SCORES } from '../../schemas/topics/index.ts';

export interface Ordered {
  readonly trustee: string;
  readonly service: string;
  readonly action: StandingAction;
  readonly by: string;
  readonly why: string;
}

export interface StandingAnswer extends Ordered {
  readonly id: string;
  readonly before: StandingNow;
  /** Null where the engine has not done it yet. */
  readonly after: StandingNow | null;
}

export interface StandingDeskOptions {
  readonly log: Log;
  readonly clock: Clock;
  readonly random?: Random;
  /** How long the engine is waited for; 0 where none runs. */
  readonly waitMs: number;
  readonly onDecided?: (decision: StandingDecision) => void;
}

const FETCH_BYTES = 1024 * 1024;
const LOOK_MS = 25;
const NAMED_MAX = 5;

export class StandingDesk {
  readonly #options: StandingDeskOptions;

  constructor(options: StandingDeskOptions) {
    this.#options = options;
  }

  /** TOPIC_UNKNOWN where no trust is kept, TRUSTEE_UNKNOWN, STANDING_UNCHANGED, VALUE_INVALID with the field. */
  async order({ trustee, service, action, by, why }: Ordered): Promise<StandingAnswer> {
    const { log, clock, random = systemRandom, waitMs, onDecided } = this.#options;
    const id = Buffer.from(random.bytes(8)).toString('hex');
    const command = checkStandingCommand({ version: 1, id, service, action, by, why });
    const topics = await log.describe([TRUST_SCORES, TRUST_COMMANDS, TRUST_DECISIONS]);
    if (topics.length < 3) throw new MsecError('TOPIC_UNKNOWN', 'No trust is kept here: see trust.enabled.');
    const key = Buffer.from(trustee);
    const partition = partitionForKey(key, 0, key.length, topics[0]!.partitions);
    const reader = log.openReader();
    try {
      const { standing, since, until, blacklistings, says } = await providerOf(reader, partition, trustee, service);
      const before = { standing, since, until, blacklistings, says };
      const unchanged = whyUnchanged(action, standing);
      if (unchanged !== null)
        throw new MsecError(
          'STANDING_UNCHANGED',
          `How ${trustee} stands for ${service} is ${standing}: ${unchanged}.`,
          { field: 'action' },
        );
      const { end } = await reader.bounds(TRUST_DECISIONS, partition);
      const encoder = new BatchEncoder();
      const value = encodeStandingCommand(command);
      encoder.append(clock.now(), key, 0, key.length, value, 0, value.length);
      const appends = [{ topic: TRUST_COMMANDS, partition, bytes: encoder.finish() }];
      await log.commit({ appends, admission: 'internal' });
      const decision = await this.#decisionOn(reader, partition, end, id, waitMs);
      if (decision !== null) onDecided?.(decision);
      const answer = { id, trustee, service, action, by, why };
      return { ...answer, before: decision?.before ?? before, after: decision?.after ?? null };
    } finally {
      await reader.close();
    }
  }

  async #decisionOn(reader: LogReader, partition: number, from: number, id: string, waitMs: number) {
    const { clock } = this.#options;
    const until = clock.monotonic() + waitMs;
    let found: StandingDecision | null = null;
    for (let offset = from; clock.monotonic() < until; ) {
      offset = await eachRecord(reader, TRUST_DECISIONS, partition, offset, (_key, value) => {
        const decision = decodeStandingDecision(value);
        if (decision.id === id) found = decision;
      });
      if (found !== null) return found as StandingDecision;
      await pause(clock, LOOK_MS);
    }
    return null;
  }
}

async function providerOf(
  reader: LogReader,
  partition: number,
  trustee: string,
  service: string,
): Promise<ProviderScore> {
  let found: ProviderScore | null = null;
  const others = new Set<string>();
  const wanted = `${trustee} ${service}`;
  const own = Buffer.from(`${trustee} `);
  await eachRecord(reader, TRUST_SCORES, partition, 0, (key, value) => {
    if (key.length <= own.length || own.compare(key, 0, own.length) !== 0) return;
    const name = Buffer.from(key).toString('utf8');
    if (name === wanted) found = decodeProviderScore(value);
    else others.add(name.split(' ')[1]!);
  });
  if (found !== null) return found as ProviderScore;
  const known = [...others].sort().slice(0, NAMED_MAX).join(', ');
  throw new MsecError(
    'TRUSTEE_UNKNOWN',
    `Nobody has had an interaction with ${trustee} for ${service}${known === '' ? '' : `, but for ${known}`}.`,
    { field: known === '' ? 'trustee' : 'service' },
  );
}

/** Every record with key and value, up to where the partition ends now; returns the next offset. */
async function eachRecord(
  reader: LogReader,
  topic: string,
  partition: number,
  from: number,
  take: (key: Uint8Array, value: Uint8Array) => void,
): Promise<number> {
  const cursor = new BatchCursor();
  const { start, end } = await reader.bounds(topic, partition);
  let offset = Math.max(from, start);
  while (offset < end) {
    const fetched = await reader.fetch(topic, partition, offset, FETCH_BYTES);
    cursor.reset(fetched.bytes, fetched.start, fetched.end);
    cursor.seek(offset);
    while (cursor.next()) {
      const { bytes, keyStart, keyEnd, valueStart, valueEnd } = cursor;
      if (keyStart >= 0 && valueStart >= 0)
        take(bytes.subarray(keyStart, keyEnd), bytes.subarray(valueStart, valueEnd));
    }
    // What is left are transactions that are not decided yet.
    if (cursor.offsetNext <= offset) break;
    offset = cursor.offsetNext;
  }
  return offset;
}

/**
 * Records that lie in another partition than their key's, as foreign producers put them there (librdkafka's default
 * partitioner is CRC-32 based, Java's is murmur2). No actor may see one: its key's state is another task's. Looked at
 * once for each key, not for each record.
 *
 * `repartition` writes the record again, to the partition that is its key's, in the transaction that carries the offset
 * past it: it is there once. Records of one key that came through one partition keep their order; their place among
 * what others write for the key is where they are written again. What was moved lies right by the rule that moved it,
 * so that nothing moves twice. `refuse` makes it a dead letter.
 */
import { MsecError } from '../base/index.ts';
import { type BatchCursor, type KeyTable, partitionForKey } from '../batch/index.ts';
import type { TaskOutputs } from './outputs.ts';
import { LETTER_BYTES_MAX } from './stage-input.ts';
import type { StageRunner } from './stage-runner.ts';

export type ForeignPartitioning = 'refuse' | 'repartition';

interface Place {
  readonly topic: string;
  readonly foreignPartitioning: ForeignPartitioning | null;
  readonly feeds: readonly { readonly stage: StageRunner; readonly input: number }[];
}

const UNKNOWN = 0;
const AT_HOME = 1;
const FOREIGN = 2;

export class ForeignRecords {
  readonly #keys: KeyTable;
  readonly #outputs: TaskOutputs;
  readonly #partition: number;
  readonly #partitions: number;
  /** By key id. */
  #known = new Uint8Array(64);

  constructor(keys: KeyTable, outputs: TaskOutputs, partition: number, partitions: number) {
    this.#keys = keys;
    this.#outputs = outputs;
    this.#partition = partition;
    this.#partitions = partitions;
  }

  /** Deals with the cursor's record, whose key is not at home here. */
  move(source: Place, keyId: number, cursor: BatchCursor): void {
    const { keyStart, keyEnd, valueStart, valueEnd, timestamp, bytes } = cursor;
    const home = partitionForKey(bytes, keyStart, keyEnd, this.#partitions);
    if (source.foreignPartitioning === 'repartition') {
      const lane = this.#outputs.lane(source.topic, home, LETTER_BYTES_MAX);
      const headers = cursor.headersCount === 0 ? undefined : cursor.readHeaders();
      this.#outputs.append(lane, timestamp, bytes, keyStart, keyEnd, bytes, valueStart, valueEnd, headers);
      for (const { stage } of source.feeds) stage.count('repartitioned');
      return;
    }
    const reason = new MsecError(
      'PARTITION_WRONG',
      `The record's key belongs to partition ${home}: its producer partitions otherwise than Kafka's Java client.`,
      { field: 'key' },
    );
    for (const { stage, input } of source.feeds) stage.refuse(input, keyId, timestamp, reason, 1);
  }

  /** Key ids may stand for other keys from now on. */
  forget(): void {
    this.#known.fill(UNKNOWN);
  }

  isAtHome(keyId: number): boolean {
    if (keyId >= this.#known.length) this.#grow(keyId);
    const known = this.#known[keyId]!;
    if (known !== UNKNOWN) return known === AT_HOME;
    const { arena } = this.#keys;
    const home = partitionForKey(arena, this.#keys.startOf(keyId), this.#keys.endOf(keyId), this.#partitions);
    this.#known[keyId] = home === this.#partition ? AT_HOME : FOREIGN;
    return home === this.#partition;
  }

  #grow(keyId: number): void {
    const grown = new Uint8Array(Math.max(this.#known.length * 2, keyId + 1));
    grown.set(this.#known);
    this.#known = grown;
  }
}

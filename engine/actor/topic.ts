/**
 * A topic as actors see it: a name and the codec of its values. The value a codec hands out may be one object that it
 * fills anew for each record (a flyweight), so that a million records a second cost no garbage.
 */
import type { Codec } from '../base/index.ts';

export interface SchemaDeclaration {
  /** Subject in the schema registry. */
  readonly subject: string;
  /** Avro schema as JSON text. */
  readonly schema: string;
}

/** A codec whose format has schemas: it is told once per thread, before the first record, the id of each subject. */
export interface TopicCodec<T> extends Codec<T> {
  readonly schemas?: readonly SchemaDeclaration[];
  bindSchemaIds?(ids: ReadonlyMap<string, number>): void;
}

export interface TopicOptions {
  readonly cleanup?: 'delete' | 'compact';
  readonly retentionMs?: number;
  readonly retentionBytes?: number;
  /** Groups that retention has to wait for, beside the actors that read the topic. */
  readonly requiredReaders?: readonly string[];
  /** `public`: analysts may read it, so it is always written. `internal` (default): left out where stages fuse. */
  readonly access?: 'public' | 'internal';
  /** Filled from outside (a bridge), so that no actor needs to produce it. */
  readonly external?: boolean;
  /** Its records tell nothing of how far event time has come: who reads it goes by its other inputs alone. */
  readonly timeless?: boolean;
  /**
   * What becomes of a record that somebody outside has put into another partition than its key's: moved there, or a dead
   * letter (PARTITION_WRONG). Absent: nobody looks, because only msec's own producers write here.
   */
  readonly foreignPartitioning?: 'refuse' | 'repartition';
}

export interface Topic<T> extends TopicOptions {
  readonly name: string;
  readonly codec: TopicCodec<T>;
}

export function topic<T>(name: string, codec: TopicCodec<T>, options: TopicOptions = {}): Topic<T> {
  return { name, codec, ...options };
}

/** A slice of bytes in somebody else's buffer, valid as long as the record it came with. */
export class ByteSlice {
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;

  copy(): Uint8Array<ArrayBuffer> {
    return this.bytes.slice(this.start, this.end) as Uint8Array<ArrayBuffer>;
  }
}

/** The bytes as they are, without a copy. */
export function rawCodec(): Codec<ByteSlice> {
  const slice = new ByteSlice();
  return {
    format: 'raw',
    decode(bytes, start, end) {
      slice.bytes = bytes;
      slice.start = start;
      slice.end = end;
      return slice;
    },
    encode: (value, writer) => writer.copy(value.bytes, value.start, value.end),
  };
}

/**
 * The few requests that the driver sends, each in the last version before compact encodings, with their answers. The
 * grammar is that of the protocol guide; `decode` keeps only what the driver uses. No request is made for a record.
 */
import type { WireReader, WireWriter } from './wire.ts';

/** One kind of request: `encode` writes its body, `decode` reads the body of the answer. */
export interface Message<Request, Answer> {
  readonly name: string;
  readonly apiKey: number;
  readonly version: number;
  encode(writer: WireWriter, request: Request): void;
  decode(reader: WireReader): Answer;
}

interface PartitionOf<T> {
  readonly topic: string;
  readonly partitions: readonly T[];
}

/** The protocol groups partitions by topic; both sides of the driver prefer them flat. */
function writeByTopic<T extends { readonly topic: string }>(
  writer: WireWriter,
  items: readonly T[],
  write: (item: T) => void,
): void {
  const grouped = [...Map.groupBy(items, (item) => item.topic)].map(
    ([topic, partitions]): PartitionOf<T> => ({ topic, partitions }),
  );
  writer.array(grouped, ({ topic, partitions }) => writer.string(topic).array(partitions, write));
}

function readByTopic<T>(reader: WireReader, read: (topic: string) => T): T[] {
  return reader
    .array(() => {
      const topic = reader.string();
      return reader.array(() => read(topic));
    })
    .flat();
}

interface Place {
  readonly topic: string;
  readonly partition: number;
}

interface PlaceAnswer extends Place {
  readonly error: number;
}

export const apiVersions: Message<undefined, { error: number; ranges: { key: number; min: number; max: number }[] }> = {
  name: 'ApiVersions',
  apiKey: 18,
  version: 0,
  encode() {},
  decode: (reader) => ({
    error: reader.i16(),
    ranges: reader.array(() => ({ key: reader.i16(), min: reader.i16(), max: reader.i16() })),
  }),
};

export interface MetadataAnswer {
  readonly brokers: readonly { readonly id: number; readonly host: string; readonly port: number }[];
  readonly topics: readonly {
    readonly error: number;
    readonly name: string;
    readonly isInternal: boolean;
    readonly partitions: readonly { readonly partition: number; readonly leader: number }[];
  }[];
}

/** Null asks for all topics. */
export const metadata: Message<readonly string[] | null, MetadataAnswer> = {
  name: 'Metadata',
  apiKey: 3,
  version: 8,
  encode(writer, topics) {
    if (topics === null) writer.i32(-1);
    else writer.array(topics, (topic) => writer.string(topic));
    writer.bool(false).bool(false).bool(false);
  },
  decode(reader) {
    reader.i32();
    const brokers = reader.array(() => {
      const broker = { id: reader.i32(), host: reader.string(), port: reader.i32() };
      reader.nullableString();
      return broker;
    });
    reader.nullableString();
    reader.i32();
    const topics = reader.array(() => {
      const topic = { error: reader.i16(), name: reader.string(), isInternal: reader.bool() };
      const partitions = reader.array(() => {
        reader.i16();
        const found = { partition: reader.i32(), leader: reader.i32() };
        reader.i32();
        for (let list = 0; list < 3; list++) reader.array(() => reader.i32());
        return found;
      });
      reader.i32();
      return { ...topic, partitions };
    });
    return { brokers, topics };
  },
};

export interface ProduceItem extends Place {
  /** One batch: the protocol takes no more for a partition of one request. */
  readonly batch: Uint8Array;
}

export interface ProduceAnswer extends PlaceAnswer {
  readonly baseOffset: number;
  readonly message: string | null;
}

export const produce: Message<{ items: readonly ProduceItem[]; timeoutMs: number }, ProduceAnswer[]> = {
  name: 'Produce',
  apiKey: 0,
  version: 8,
  encode(writer, { items, timeoutMs }) {
    // No transaction; acknowledged by all replicas in sync.
    writer.string(null).i16(-1).i32(timeoutMs);
    writeByTopic(writer, items, ({ partition, batch }) => writer.i32(partition).bytes(batch));
  },
  decode: (reader) =>
    readByTopic(reader, (topic) => {
      const head = { topic, partition: reader.i32(), error: reader.i16(), baseOffset: reader.i64() };
      reader.i64();
      reader.i64();
      reader.array(() => {
        reader.i32();
        reader.nullableString();
      });
      return { ...head, message: reader.nullableString() };
    }),
};

export interface FetchItem extends Place {
  readonly offset: number;
  readonly bytesMax: number;
}

export interface AbortedTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
}

export interface FetchAnswer extends PlaceAnswer {
  readonly lastStableOffset: number;
  readonly logStartOffset: number;
  readonly aborted: readonly AbortedTransaction[];
  /** Where its batches lie in the answer's bytes. */
  readonly start: number;
  readonly end: number;
}

export interface FetchRequest {
  readonly items: readonly FetchItem[];
  readonly waitMsMax: number;
  readonly bytesMin: number;
  readonly bytesMax: number;
}

/** What is committed, from the leaders, without a fetch session. */
export const fetchBatches: Message<FetchRequest, { error: number; items: FetchAnswer[] }> = {
  name: 'Fetch',
  apiKey: 1,
  version: 11,
  encode(writer, { items, waitMsMax, bytesMin, bytesMax }) {
    writer.i32(-1).i32(waitMsMax).i32(bytesMin).i32(bytesMax).i8(1).i32(0).i32(-1);
    writeByTopic(writer, items, (item) =>
      writer.i32(item.partition).i32(-1).i64(item.offset).i64(-1).i32(item.bytesMax),
    );
    writer.i32(0).string('');
  },
  decode(reader) {
    reader.i32();
    const error = reader.i16();
    reader.i32();
    const items = readByTopic(reader, (topic) => {
      const place = { topic, partition: reader.i32(), error: reader.i16() };
      reader.i64();
      const offsets = { lastStableOffset: reader.i64(), logStartOffset: reader.i64() };
      const aborted = reader.array(() => ({ producerId: reader.i64(), firstOffset: reader.i64() }));
      reader.i32();
      return { ...place, ...offsets, aborted, ...reader.span() };
    });
    return { error, items };
  },
};

export const EARLIEST = -2;
export const LATEST = -1;

/** The first offset, or the one after the last committed. */
export const listOffsets: Message<
  readonly (Place & { readonly timestamp: number })[],
  (PlaceAnswer & { readonly offset: number })[]
> = {
  name: 'ListOffsets',
  apiKey: 2,
  version: 5,
  encode(writer, items) {
    writer.i32(-1).i8(1);
    writeByTopic(writer, items, ({ partition, timestamp }) => writer.i32(partition).i32(-1).i64(timestamp));
  },
  decode(reader) {
    reader.i32();
    return readByTopic(reader, (topic) => {
      const place = { topic, partition: reader.i32(), error: reader.i16() };
      reader.i64();
      const offset = reader.i64();
      reader.i32();
      return { ...place, offset };
    });
  },
};

export const findCoordinator: Message<string, { error: number; id: number }> = {
  name: 'FindCoordinator',
  apiKey: 10,
  version: 2,
  encode(writer, group) {
    writer.string(group).i8(0);
  },
  decode(reader) {
    reader.i32();
    const error = reader.i16();
    reader.nullableString();
    return { error, id: reader.i32() };
  },
};

/** As a member of no group, so only while nobody has joined it. */
export const offsetCommit: Message<
  { group: string; items: readonly (Place & { readonly offset: number })[] },
  PlaceAnswer[]
> = {
  name: 'OffsetCommit',
  apiKey: 8,
  version: 7,
  encode(writer, { group, items }) {
    writer.string(group).i32(-1).string('').string(null);
    writeByTopic(writer, items, ({ partition, offset }) => writer.i32(partition).i64(offset).i32(-1).string(''));
  },
  decode(reader) {
    reader.i32();
    return readByTopic(reader, (topic) => ({ topic, partition: reader.i32(), error: reader.i16() }));
  },
};

export const offsetFetch: Message<
  { group: string; items: readonly Place[] },
  { error: number; items: (PlaceAnswer & { readonly offset: number })[] }
> = {
  name: 'OffsetFetch',
  apiKey: 9,
  version: 5,
  encode(writer, { group, items }) {
    writer.string(group);
    writeByTopic(writer, items, ({ partition }) => writer.i32(partition));
  },
  decode(reader) {
    reader.i32();
    const items = readByTopic(reader, (topic) => {
      const place = { topic, partition: reader.i32(), offset: reader.i64() };
      reader.i32();
      reader.nullableString();
      return { ...place, error: reader.i16() };
    });
    return { error: reader.i16(), items };
  },
};

/** Everything below `before` goes. */
export const deleteRecords: Message<
  { items: readonly (Place & { readonly before: number })[]; timeoutMs: number },
  PlaceAnswer[]
> = {
  name: 'DeleteRecords',
  apiKey: 21,
  version: 1,
  encode(writer, { items, timeoutMs }) {
    writeByTopic(writer, items, ({ partition, before }) => writer.i32(partition).i64(before));
    writer.i32(timeoutMs);
  },
  decode(reader) {
    reader.i32();
    return readByTopic(reader, (topic) => {
      const partition = reader.i32();
      reader.i64();
      return { topic, partition, error: reader.i16() };
    });
  },
};

/** The size of each replica of these partitions on one broker. */
export const describeLogDirs: Message<readonly Place[], (Place & { readonly bytes: number })[]> = {
  name: 'DescribeLogDirs',
  apiKey: 35,
  version: 1,
  encode(writer, places) {
    writeByTopic(writer, places, ({ partition }) => writer.i32(partition));
  },
  decode(reader) {
    reader.i32();
    return reader
      .array(() => {
        reader.i16();
        reader.string();
        return readByTopic(reader, (topic) => {
          const found = { topic, partition: reader.i32(), bytes: reader.i64() };
          reader.i64();
          reader.bool();
          return found;
        });
      })
      .flat();
  },
};

export interface NewTopic {
  readonly name: string;
  readonly partitions: number;
  readonly configs: readonly (readonly [name: string, value: string | number])[];
}

/** With as many replicas as the brokers' default says. */
export const createTopics: Message<
  { topics: readonly NewTopic[]; timeoutMs: number },
  { topic: string; error: number; message: string | null }[]
> = {
  name: 'CreateTopics',
  apiKey: 19,
  version: 4,
  encode(writer, { topics, timeoutMs }) {
    writer.array(topics, ({ name, partitions, configs }) => {
      writer.string(name).i32(partitions).i16(-1).i32(0);
      writer.array(configs, ([config, value]) => writer.string(config).string(String(value)));
    });
    writer.i32(timeoutMs).bool(false);
  },
  decode(reader) {
    reader.i32();
    return reader.array(() => ({ topic: reader.string(), error: reader.i16(), message: reader.nullableString() }));
  },
};

const TOPIC_RESOURCE = 2;

/** The configuration of topics. */
export const describeConfigs: Message<
  readonly string[],
  { name: string; error: number; message: string | null; configs: ReadonlyMap<string, string | null> }[]
> = {
  name: 'DescribeConfigs',
  apiKey: 32,
  version: 1,
  encode(writer, names) {
    writer.array(names, (name) => writer.i8(TOPIC_RESOURCE).string(name).i32(-1)).bool(false);
  },
  decode(reader) {
    reader.i32();
    return reader.array(() => {
      const error = reader.i16();
      const message = reader.nullableString();
      reader.i8();
      const name = reader.string();
      const configs = new Map<string, string | null>();
      reader.array(() => {
        configs.set(reader.string(), reader.nullableString());
        reader.bool();
        reader.i8();
        reader.bool();
        reader.array(() => reader.string() + reader.nullableString() + reader.i8());
      });
      return { name, error, message, configs };
    });
  },
};

/** What a broker must know; each is asked for in exactly this version. */
export const USED_MESSAGES: readonly { readonly name: string; readonly apiKey: number; readonly version: number }[] = [
  metadata,
  produce,
  fetchBatches,
  listOffsets,
  findCoordinator,
  offsetCommit,
  offsetFetch,
  deleteRecords,
  describeLogDirs,
  createTopics,
  describeConfigs,
];

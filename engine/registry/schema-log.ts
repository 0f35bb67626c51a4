/**
 * Where the registry keeps its state: a compacted log of records in Confluent's own form (topic `_schemas`), so that
 * either registry could take over the other's topic. Keys and values are JSON text. One writer at a time.
 */

export interface SchemaLogRecord {
  readonly key: string;
  /** Null ends the key. */
  readonly value: string | null;
}

export interface SchemaLog {
  /**
   * Every record there is, in the order of writing; earlier records of a key may be missing. A later call may leave out
   * what an earlier one has given.
   */
  load(): AsyncIterable<SchemaLogRecord>;
  /** Resolves once durable. Calls come one after another. FENCED where others may have written since the last claim. */
  append(key: string, value: string): Promise<void>;
  /** Keeps all others from writing until they claim it in turn. Absent where nobody else can write. */
  claim?(): Promise<void>;
}

/** A log that lasts as long as the process: for tests, simulation and engines that need not remember. */
export function memorySchemaLog(records: SchemaLogRecord[] = []): SchemaLog & { readonly records: SchemaLogRecord[] } {
  return {
    records,
    async *load() {
      yield* records;
    },
    async append(key, value) {
      records.push({ key, value });
    },
  };
}

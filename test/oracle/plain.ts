/** What a run left in its log, as plain objects. The oracle knows nothing else of it, and imports nothing of the engine. */

export interface PlainRecord {
  readonly offset: number;
  readonly timestamp: number;
  /** Latin-1 text of the key; null where it has none. */
  readonly key: string | null;
  /** Hexadecimal; null where it has none. */
  readonly value: string | null;
  readonly headers: Readonly<Record<string, string>>;
}

/** Topic → partition → records. */
export type PlainLog = Readonly<Record<string, readonly (readonly PlainRecord[])[]>>;

export interface Difference {
  readonly where: string;
  readonly says: string;
}

/** Neither key nor value: such a record tells the time and nothing else. */
export const tellsTime = (record: PlainRecord): boolean => record.key === null && record.value === null;

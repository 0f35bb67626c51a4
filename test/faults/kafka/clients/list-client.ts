/** What the workload asks of each client under test. */
import type { Append, Outcome } from '../checker/history.ts';

export interface PlacedAppend extends Append {
  readonly partition: number;
}

export interface OffsetPlace {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
}

export interface WriteJob {
  readonly topic: string;
  readonly appends: readonly PlacedAppend[];
  /** In how many sends the appends leave, where the client sends before it commits. */
  readonly sends: number;
  /** Committed with the appends, for this group; null without one. */
  readonly offset: { readonly group: string; readonly partition: number; readonly offset: number } | null;
  /** Whether the application changes its mind and aborts. Clients without such a call commit. */
  readonly isAborted: boolean;
}

export interface WriteResult {
  readonly outcome: Outcome;
  /** Whether the client would go on with this writer; else it makes a new one. */
  readonly isUsable: boolean;
}

/** One instance of an application that holds a transactional id. Nothing is thrown. */
export interface ListWriter {
  write(job: WriteJob): Promise<WriteResult>;
  /** As much as its library can do; also of one that hangs. */
  close(): Promise<void>;
}

export interface ListReader {
  /** Appends what is new to the lists, and gives the keys that changed. Throws where it could not read to the end. */
  read(lists: Map<string, number[]>): Promise<ReadonlySet<string>>;
  close(): Promise<void>;
}

export interface ListClient {
  readonly name: string;
  /** How many writes a writer takes at once. */
  readonly inFlightMax: number;
  /** Whether it promises that nothing is committed behind a commit that failed, within one writer. */
  readonly isOrdered?: boolean;
  /**
   * Takes the owner over: resolves once every earlier instance is fenced. Throws where that did not succeed. The owner
   * commits offsets of that place and of no other.
   */
  open(owner: string, place: OffsetPlace): Promise<ListWriter>;
  /** A reader through the client's own code, where it can read what it is told to. */
  openReader?(topic: string, partitions: number): ListReader;
  close(): Promise<void>;
}

export interface Patience {
  /** A request without an answer is given up after this long. */
  readonly requestMs: number;
  /** The broker aborts a transaction that is older. */
  readonly transactionMs: number;
}

/** The same for all. */
export const PATIENCE: Patience = { requestMs: 600, transactionMs: 5_000 };
/** Tries after the first, where the client counts tries. */
export const RETRIES = 4;
export const RETRY_PAUSE_MS = 30;

/** The appends in the parts that leave one after another. */
export function parts(job: WriteJob): PlacedAppend[][] {
  const groups: PlacedAppend[][] = Array.from({ length: job.sends }, () => []);
  for (const [i, append] of job.appends.entries()) groups[i % job.sends]!.push(append);
  return groups.filter((group) => group.length > 0);
}

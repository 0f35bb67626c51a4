/** Files that transactions carry, as EVE's fileinfo tells of them. */
import type { Direction } from './direction.ts';

export interface TransactionFile {
  readonly name: Uint8Array;
  readonly direction: Direction;
  /** Bytes that came, those beyond the limit of what is kept included, and those missing in the middle. */
  readonly size: number;
  /** closed: whole; truncated: it ended early, lacks bytes or its protocol stopped following it. */
  readonly state: 'open' | 'closed' | 'truncated';
  /** Bytes are missing in the middle. */
  readonly hasGaps: boolean;
  /** Of a closed one, in hexadecimal. */
  digest(algorithm: DigestName): string | null;
  /** Rules were asked about it when it was over, and are not any more. */
  readonly isGone?: boolean;
  /** By its bytes, in libmagic's words, once there are enough of them; null: not yet, or nobody here can tell. */
  kind(): Uint8Array | null;
  /** What a rule has had looked up; null: none has. */
  readonly knownKind: string | null;
  /** Its record is written, with a packet of this direction; null: nothing is let go with it. */
  told?(packets: Direction | null): void;
  /** A packet of its direction was examined: if it is over, rules find it no more. */
  letGo?(): void;
  /** Where it lies in a larger one; without it: it is whole. */
  readonly range?: FileRange | null;
}

export interface FileRange {
  readonly start: number;
  readonly end: number;
}

export type DigestName = 'md5' | 'sha1' | 'sha256';

/** One that is being received. */
export class ReceivedFile implements TransactionFile {
  readonly name: Uint8Array;
  readonly direction: Direction;
  size = 0;
  state: 'open' | 'closed' | 'truncated' = 'open';
  hasGaps = false;
  range: FileRange | null = null;
  knownKind: string | null = null;

  constructor(name: Uint8Array, direction: Direction) {
    this.name = name;
    this.direction = direction;
  }

  /** Of one whose bytes are not kept there is none. */
  digest(_algorithm: DigestName): string | null {
    return null;
  }

  kind(): Uint8Array | null {
    return null;
  }
}

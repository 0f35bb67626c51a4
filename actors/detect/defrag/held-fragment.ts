/** Headers that stand before a datagram's body. */
export interface Head {
  readonly bytes: Uint8Array;
  /** Where in them the next header is named; -1 in IPv4. */
  readonly nextHeaderAt: number;
  readonly protocol: number;
}

export interface HeldFragment {
  readonly start: number;
  readonly bytes: Uint8Array;
  /** Bytes at its beginning that others give. */
  trim: number;
  isSkipped: boolean;
  readonly hasMore: boolean;
  /** Of a fragment at the datagram's beginning. */
  readonly head: Head | null;
}

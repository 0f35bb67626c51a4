/**
 * One packet of a capture, reused for each: `bytes` from `start` to `end` are a view into the piece that was pushed or
 * the reader's own memory, and good until the reader is asked for the next.
 */
export class CapturedPacket {
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;
  /** Length on the wire; what was captured may be less. */
  wireLength = 0;
  linkType = 0;
  /** Microseconds since 1970; finer resolutions are rounded down. */
  timeUs = 0;
  /** Of the packet in its capture, from 1, as in every dissector. */
  number = 0;
}

/** A packet that says it is longer is not a packet: libpcap's own bound. */
export const MAX_CAPTURED_BYTES = 262_144;

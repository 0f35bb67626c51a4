/** Segments of one flow over TCP, with the options that it has. */
import { bytesOf, n16, n32, tcpSegment } from '../frames.ts';
import type { Send } from './network.ts';

export const FIN = 1;
export const SYN = 2;
export const RST = 4;
export const PUSH = 8;
export const ACK = 16;
export const URG = 32;
export const ECE = 64;
export const CWR = 128;
export const PUSH_ACK = PUSH | ACK;

export interface SegmentOptions {
  readonly hasTimestamps: boolean;
  readonly window: number;
}

const LARGEST_WINDOW = 65_535;

export class Segments {
  readonly window: number;
  readonly #ports: readonly [number, number];
  readonly #hasTimestamps: boolean;
  readonly #send: Send;
  /** The next timestamp. */
  clock = 1000;

  constructor(ports: readonly [number, number], { hasTimestamps, window }: SegmentOptions, send: Send) {
    this.#ports = ports;
    this.#hasTimestamps = hasTimestamps;
    this.window = window;
    this.#send = send;
  }

  /** `window`: where it is not what the flow's is. */
  send(
    direction: 0 | 1,
    flags: number,
    sequence: number,
    acknowledgment: number,
    bytes: Uint8Array = new Uint8Array(),
    window: number = this.window,
  ): void {
    const [fromPort, toPort] = direction === 0 ? this.#ports : [this.#ports[1], this.#ports[0]];
    const options = this.#options((flags & SYN) !== 0);
    const fields = {
      fromPort,
      toPort,
      sequence: sequence >>> 0,
      acknowledgment: acknowledgment >>> 0,
      flags,
      window,
      options,
    };
    this.#send(direction, 6, (way) => tcpSegment(way, fields, bytes));
  }

  #options(isSyn: boolean): Uint8Array {
    this.clock += 1;
    const timestamps = this.#hasTimestamps
      ? bytesOf(8, 10, n32(this.clock), n32(isSyn ? 0 : this.clock - 1), 1, 1)
      : new Uint8Array();
    if (!isSyn || this.window === LARGEST_WINDOW) return timestamps;
    return bytesOf(2, 4, n16(1460), 4, 2, 3, 3, 0, 1, 1, 1, timestamps);
  }
}

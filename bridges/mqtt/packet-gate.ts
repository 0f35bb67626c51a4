/**
 * Stands between a socket and the broker's parser, which would collect a packet of any announced size: it walks the
 * fixed headers, refuses a packet above the limit before its bytes are kept, and holds back reading while the intake
 * has no room, so that TCP slows the clients down.
 *
 * Fixed header (MQTT 3.1.1, 2.2): type and flags u8 · remaining length, 1 to 4 bytes of 7 bits, the lowest first.
 */
import type { Socket } from 'node:net';

export interface PacketLimits {
  /** Remaining length of a CONNECT, which comes from someone unknown. */
  readonly connectBytesMax: number;
  /** Remaining length of any later packet. */
  readonly packetBytesMax: number;
  /** A packet above this needs room that all connections share; absent: none does. */
  readonly largePacketBytes?: number;
}

export type PacketFault = 'PACKET_TOO_LARGE' | 'LENGTH_MALFORMED' | 'NO_ROOM';

/** Bytes of large packets that are coming in, announced or there, on all connections together. */
export class LargeRoom {
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  tryTake(bytes: number): boolean {
    if (this.#bytes + bytes > this.#bytesMax) return false;
    this.#bytes += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#bytes -= bytes;
  }
}

/** Follows packet boundaries through chunks of any size, keeping a few numbers. */
export class PacketWalk {
  readonly #limits: PacketLimits;
  #bytesMax: number;
  /** Bytes of the current packet's body that have not come yet. */
  #skip = 0;
  /** Bytes of the current fixed header that have come; 0 between packets. */
  #headerBytes = 0;
  #length = 0;
  readonly #large: LargeRoom | undefined;
  #largeBytes = 0;

  constructor(limits: PacketLimits, large?: LargeRoom) {
    this.#limits = limits;
    this.#large = large;
    this.#bytesMax = limits.connectBytesMax;
  }

  /** Undefined while all is well. After a fault the walk is over. */
  advance(chunk: Uint8Array): PacketFault | undefined {
    const end = chunk.length;
    let at = 0;
    while (at < end) {
      if (this.#skip > 0) {
        const step = Math.min(this.#skip, end - at);
        this.#skip -= step;
        at += step;
        if (this.#skip === 0) this.end();
        continue;
      }
      const byte = chunk[at++] as number;
      if (this.#headerBytes === 0) {
        this.#headerBytes = 1;
        this.#length = 0;
        continue;
      }
      this.#length += (byte & 0x7f) * 128 ** (this.#headerBytes - 1);
      this.#headerBytes += 1;
      if (byte >= 0x80) {
        if (this.#headerBytes > 4) return 'LENGTH_MALFORMED';
        continue;
      }
      if (this.#length > this.#bytesMax) return 'PACKET_TOO_LARGE';
      if (this.#length > (this.#limits.largePacketBytes ?? Number.POSITIVE_INFINITY)) {
        if (this.#large?.tryTake(this.#length) === false) return 'NO_ROOM';
        this.#largeBytes = this.#length;
      }
      this.#bytesMax = this.#limits.packetBytesMax;
      this.#skip = this.#length;
      this.#headerBytes = 0;
    }
    return undefined;
  }

  /** The current packet is over, or its connection. */
  end(): void {
    if (this.#largeBytes > 0) this.#large?.give(this.#largeBytes);
    this.#largeBytes = 0;
  }
}

export interface Room {
  hasRoom(): boolean;
  whenRoom(run: () => void): void;
}

/**
 * The broker pulls with `socket.read`, so that is where the gate stands: a stream of our own around the socket would
 * cost a second pass through the stream machinery for each acknowledgement.
 */
export function gateSocket(
  socket: Socket,
  limits: PacketLimits,
  room: Room,
  onFault: (fault: PacketFault) => void,
  large?: LargeRoom,
): void {
  const walk = new PacketWalk(limits, large);
  socket.once('close', () => walk.end());
  const read = socket.read.bind(socket);
  let isWaiting = false;
  socket.read = (size?: number): Buffer | null => {
    if (!room.hasRoom()) {
      if (isWaiting) return null;
      isWaiting = true;
      room.whenRoom(() => {
        isWaiting = false;
        socket.emit('readable');
      });
      return null;
    }
    const chunk = read(size) as Buffer | null;
    if (chunk === null) return null;
    const fault = walk.advance(chunk);
    if (fault === undefined) return chunk;
    onFault(fault);
    socket.destroy();
    return null;
  };
}

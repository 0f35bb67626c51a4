/** What is new in a conversation to those who examine its packets. */
import type { Direction } from '../direction.ts';

const NO_EVENTS: readonly string[] = [];
const WITH_THIS_PACKET = 4;

export class News {
  /** What was odd with the packet in hand. */
  events: readonly string[] = NO_EVENTS;
  /** Bits of the directions that were given something since the last packet of theirs, and of any with this packet. */
  #given = 0;

  /** Each once for a packet. */
  note(event: string): void {
    if (!this.events.includes(event)) this.events = [...this.events, event];
  }

  /** Something of the direction was given to the parser. */
  add(direction: Direction): void {
    this.#given |= (1 << direction) | WITH_THIS_PACKET;
  }

  has(direction: Direction): boolean {
    return (this.#given & ((1 << direction) | WITH_THIS_PACKET)) !== 0;
  }

  /** The direction's packet was examined. True: something of the direction was new. */
  clear(direction: Direction): boolean {
    const had = (this.#given & (1 << direction)) !== 0;
    this.#given &= ~((1 << direction) | WITH_THIS_PACKET);
    if (this.events.length > 0) this.events = NO_EVENTS;
    return had;
  }

  /** The directions are the other way round. */
  turn(): void {
    const given = this.#given;
    this.#given = (given & WITH_THIS_PACKET) | ((given & 1) << 1) | ((given >> 1) & 1);
  }
}

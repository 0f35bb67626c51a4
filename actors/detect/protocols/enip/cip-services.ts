/**
 * Services of CIP in a message of EtherNet/IP, in the order in which Suricata notes them, read as it reads them: with places of
 * 16 bits, and without regard for where an item or the message ends.
 *
 *   data     = interface u32 · timeout u16 · items u16 · address item · data item
 *   address  = type u16 · length u16 · connection u32 where it is connected · sequence u32 where it is sequenced
 *   item     = type u16 · length u16 · sequence u16 where it is connected · request or response
 *   request  = service u8 · words of the path u8 · path · what the service asks
 *   response = service u8 with its highest bit · 0 u8 · status u16 · what the service answers
 *   packet of several services = count u16 · places u16 each, from the count on · requests or responses
 */
import { HEADER_BYTES } from './encapsulation.ts';

export interface CipService {
  readonly code: number;
  readonly isResponse: boolean;
  /** Of the path. */
  readonly classes: readonly number[];
  /** For each attribute of the path the class before it: of an attribute's own number Suricata keeps nothing. */
  readonly ofAttributes: readonly number[];
  /** Attributes that a list names. */
  readonly listed: readonly number[];
}

/** What is read of services of one piece of data, all messages together; more is not looked for. */
const STEPS_MAX = 1_000_000;
export class Effort {
  #left = STEPS_MAX;

  /** false: it is too much. */
  spend(): boolean {
    this.#left -= 1;
    return this.#left >= 0;
  }
}

export const GET_ATTRIBUTE_LIST = 0x03;
export const SET_ATTRIBUTE_LIST = 0x04;
const MULTIPLE_SERVICES = 0x0a;
const RESPONSE = 0x80;
/** So many and one more. */
const SERVICES_MAX = 32;

const ITEMS = { connectedAddress: 0xa1, connectedData: 0xb1, unconnectedData: 0xb2, sequencedAddress: 0xb002 } as const;
const SEGMENTS = { class8: 0x20, class16: 0x21, instance8: 0x24, instance16: 0x25, attribute8: 0x30 } as const;
const DATA_BYTES_MIN = 8;
const REQUEST_BYTES_MIN = 2;
const RESPONSE_BYTES_MIN = 4;
const PLACE_MASK = 0xffff;

/** `bytes`: from the message's header on. */
export function readServices(bytes: Uint8Array, effort: Effort): readonly CipService[] {
  const reader = new ServiceReader(bytes, effort);
  reader.read();
  return reader.services;
}

class ServiceReader {
  readonly services: CipService[] = [];
  readonly #bytes: Uint8Array;
  readonly #effort: Effort;
  #itemLength = 0;

  constructor(bytes: Uint8Array, effort: Effort) {
    this.#bytes = bytes;
    this.#effort = effort;
  }

  read(): void {
    if (this.#word(2) < DATA_BYTES_MIN) return;
    const address = HEADER_BYTES + DATA_BYTES_MIN;
    const addressType = this.#word(address);
    const isAddressed = addressType === ITEMS.connectedAddress || addressType === ITEMS.sequencedAddress;
    const connection = address + 4 + (isAddressed ? 4 : 0);
    const item = connection + (addressType === ITEMS.sequencedAddress ? 4 : 0);
    const type = this.#word(item);
    this.#itemLength = this.#word(item + 2);
    if (type === ITEMS.unconnectedData) this.#service(item + 4);
    else if (type === ITEMS.connectedData && this.#word(item + 4) >= 0) this.#service(item + 6);
  }

  #service(at: number): void {
    const first = this.#byte(at);
    if (first < 0 || this.#itemLength <= 0 || this.services.length > SERVICES_MAX || !this.#effort.spend()) return;
    if (first < RESPONSE) this.#request(first, at);
    else this.#response(first - RESPONSE, at);
  }

  #request(code: number, at: number): void {
    const words = this.#byte(at + 1);
    if (this.#itemLength < REQUEST_BYTES_MIN || words < 0) return;
    const path = (at + 2) & PLACE_MASK;
    this.services.push(this.#path(code, path, words));
    if (code === MULTIPLE_SERVICES) this.#several((path + 2 * words) & PLACE_MASK);
  }

  #response(code: number, at: number): void {
    if (this.#itemLength < RESPONSE_BYTES_MIN || this.#byte(at + 1) < 0 || this.#word(at + 2) < 0) return;
    this.services.push({ code, isResponse: true, classes: [], ofAttributes: [], listed: [] });
    if (code === MULTIPLE_SERVICES) this.#several((at + 4) & PLACE_MASK);
  }

  #several(start: number): void {
    const last = this.#bytes.length - 2;
    if (start >= last) return;
    const count = this.#word(start);
    for (let i = 1; i <= count; i += 1) {
      const at = (start + 2 * i) & PLACE_MASK;
      if (at >= last || this.services.length > SERVICES_MAX || !this.#effort.spend()) return;
      this.#service((start + this.#word(at)) & PLACE_MASK);
    }
  }

  /** What stands before a segment that is not known, or cut off, counts. */
  #path(code: number, start: number, words: number): CipService {
    const service = {
      code,
      isResponse: false,
      classes: [] as number[],
      ofAttributes: [] as number[],
      listed: [] as number[],
    };
    let at = start;
    let value = 0;
    for (let left = words; left > 0; ) {
      const segment = this.#byte(at);
      const isLong = segment === SEGMENTS.class16 || segment === SEGMENTS.instance16;
      const number = isLong ? this.#word(at + 2) : this.#byte(at + 1);
      if (number < 0 || !this.#effort.spend()) return service;
      switch (segment) {
        case SEGMENTS.class8:
        case SEGMENTS.class16:
          value = number;
          service.classes.push(value);
          break;
        case SEGMENTS.attribute8:
          service.ofAttributes.push(value);
          break;
        case SEGMENTS.instance8:
        case SEGMENTS.instance16:
          break;
        default:
          return service;
      }
      at = (at + (isLong ? 4 : 2)) & PLACE_MASK;
      left -= isLong ? 2 : 1;
    }
    const isList = code === GET_ATTRIBUTE_LIST || code === SET_ATTRIBUTE_LIST;
    if (isList && words > 0) this.#list(at, service.listed);
    return service;
  }

  #list(start: number, into: number[]): void {
    const count = this.#word(start);
    for (let i = 1; i <= count; i += 1) {
      const attribute = this.#word(start + 2 * i);
      if (attribute < 0 || !this.#effort.spend()) return;
      into.push(attribute);
    }
  }

  /** -1: it is not there. */
  #byte(place: number): number {
    return this.#bytes[place & PLACE_MASK] ?? -1;
  }

  #word(place: number): number {
    const at = place & PLACE_MASK;
    return at + 2 > this.#bytes.length ? -1 : this.#bytes[at]! | (this.#bytes[at + 1]! << 8);
  }
}

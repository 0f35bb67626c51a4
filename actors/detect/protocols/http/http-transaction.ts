/** A request and its response. Bytes are views into the heads as they came, or copies where they were brought to form. */
import type { Transaction } from '../protocol.ts';
import { Body, REQUEST_LIMITS, RESPONSE_LIMITS } from './body.ts';
import { Head } from './head.ts';
import { HeaderTable } from './header-table.ts';
import type { HttpFile } from './http-file.ts';
import type { Notes } from './notes.ts';
import type { RawSide } from './raw-side.ts';
import { NO_URI, type Uri } from './uri.ts';

/** How far a direction has come. */
export const NOT_STARTED = 0;
export const LINE = 1;
export const HEADERS = 2;
export const BODY = 3;
export const TRAILER = 4;
export const COMPLETE = 5;

/** Measured, roughly: two messages without anything in them. */
const MESSAGES_COST_BYTES = 1536;
/** A head that grows leaves the one before to its headers. */
const HEAD_COST = 2;
/** Two views. */
const HEADER_COST_BYTES = 256;
/** Events of one transaction. */
const EVENTS_MAX = 255;

/** What is wrong with a message, bit by bit. The first ones are events of the request, told whenever it is looked at. */
export const FAULT = {
  coding: 1,
  length: 2,
  noHost: 4,
  ambiguousHost: 8,
  uriHost: 16,
  headerHost: 32,
  missingColon: 64,
  field: 128,
  folding: 256,
  other: 512,
} as const;

const FAULT_EVENTS = [
  [FAULT.coding, 'invalid_transfer_encoding_value_in_request'],
  [FAULT.length, 'invalid_content_length_field_in_request'],
  [FAULT.noHost, 'missing_host_header'],
  [FAULT.ambiguousHost, 'host_header_ambiguous'],
  [FAULT.uriHost, 'request_uri_host_invalid'],
  [FAULT.headerHost, 'request_header_host_invalid'],
] as const;

export type Method = 'other' | 'known' | 'get' | 'head' | 'post' | 'put' | 'connect';

/** One half of a transaction. */
export class Message {
  readonly head = new Head();
  readonly headers = new HeaderTable();
  readonly body: Body;
  line: Uint8Array | null = null;
  /** Where the header block lies in the head; a trailer is behind it. */
  headersStart = 0;
  headersEnd = 0;
  protocol: Uint8Array | null = null;
  /** Bytes of the body as they were sent. */
  bodyBytes = 0;
  hasBody = false;
  /** The end of a trailer has come, be there headers in it or not. */
  hasTrailer = false;
  /** Of codings that are being undone. */
  codingBytes = 0;

  constructor(body: Body) {
    this.body = body;
  }

  get keptBytes(): number {
    const { head, body, headers, codingBytes } = this;
    return HEAD_COST * head.bytes.length + body.keptBytes + HEADER_COST_BYTES * headers.list.length + codingBytes;
  }
}

export class HttpTransaction implements Transaction {
  readonly id: number;
  readonly progress: [number, number] = [NOT_STARTED, NOT_STARTED];
  readonly request = new Message(new Body(REQUEST_LIMITS));
  readonly response = new Message(new Body(RESPONSE_LIMITS));
  readonly events: string[] = [];
  readonly files: HttpFile[] = [];

  /** By direction: something came of it since its last packet. */
  readonly isUpdated: [boolean, boolean] = [false, false];
  /** Of the connection. */
  readonly raw: readonly [RawSide, RawSide];
  readonly #notes: Notes;
  #faults = 0;
  /** Its credentials are of a kind that nobody reads. */
  hasUnknownCredentials = false;

  method: Method = 'other';
  methodText: Uint8Array | null = null;
  /** As it stands in the request line. */
  rawUri: Uint8Array | null = null;
  uri: Uri = NO_URI;
  /** In one spelling. */
  normalUri: Uint8Array | null = null;
  /** Neither protocol nor headers: HTTP/0.9. */
  isShort = false;
  host: Uint8Array | null = null;
  /** -1: none was given; 0: the headers were not there yet. */
  hostPort = 0;

  status: Uint8Array | null = null;
  /** -1: none that is valid. */
  statusNumber = -1;
  statusText: Uint8Array | null = null;
  hasContinued = false;

  constructor(id: number, notes: Notes, raw: readonly [RawSide, RawSide]) {
    this.id = id;
    this.raw = raw;
    this.#notes = notes;
  }

  get keptBytes(): number {
    return MESSAGES_COST_BYTES + this.request.keptBytes + this.response.keptBytes;
  }

  body(direction: 0 | 1): Uint8Array {
    return this.message(direction).body.from(0);
  }

  message(direction: 0 | 1): Message {
    return direction === 0 ? this.request : this.response;
  }

  /** Events have their names in capitals, as EVE tells them. */
  event(name: string): void {
    if (this.events.length < EVENTS_MAX) this.events.push(name.toUpperCase());
  }

  /** Told with the end of the piece of bytes in hand. */
  note(event: string | null): void {
    this.#notes.add(event);
  }

  fault(bits: number): void {
    this.#faults |= bits;
  }

  /** As `note`, once of a transaction's two messages. */
  faultOnce(bit: number, event: string): void {
    if ((this.#faults & bit) !== 0) return;
    this.#faults |= bit;
    this.note(event);
  }

  get hasFaults(): boolean {
    return this.#faults !== 0;
  }

  /** What is wrong with the request is told each time that it is looked at. */
  tellFaults(): void {
    for (const [bit, event] of FAULT_EVENTS) if ((this.#faults & bit) !== 0) this.event(event);
    if (this.hasUnknownCredentials) this.event('request_auth_unrecognized');
  }
}

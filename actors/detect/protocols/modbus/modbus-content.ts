/** What a message of Modbus says, taken apart. */
import { ERRORS, UNKNOWN_FUNCTION } from './modbus-functions.ts';

export type Reading =
  | { readonly kind: 'request'; readonly address: number; readonly quantity: number }
  | { readonly kind: 'response'; readonly data: Uint8Array };
export type Writing =
  | { readonly kind: 'multiple'; readonly address: number; readonly quantity: number; readonly data: Uint8Array }
  | { readonly kind: 'mask'; readonly address: number; readonly and: number; readonly or: number }
  | { readonly kind: 'other'; readonly address: number; readonly value: number };

/** What the data says; read and write together are of one function alone. */
export interface Content {
  exception?: number;
  diagnostic?: { readonly code: number; readonly data: Uint8Array };
  mei?: { readonly type: number; readonly data: Uint8Array };
  read?: Reading;
  write?: Writing;
  bytes?: Uint8Array;
}

export class ModbusMessage {
  readonly transaction: number;
  readonly protocol: number;
  unit = 0;
  /** As it stands in the message. */
  functionRaw = 0;
  /** Without the mark of an exception; UNKNOWN_FUNCTION: it has no name. */
  function: number = UNKNOWN_FUNCTION;
  access = 0;
  category = 0;
  errors = 0;
  readonly content: Content = {};

  constructor(transaction: number, protocol: number) {
    this.transaction = transaction;
    this.protocol = protocol;
    if (protocol !== 0) this.errors |= ERRORS.PROTO_ID;
  }
}

/** How the data is read: as that of a request, a response, or of a side that is not known. */
export type Side = 'request' | 'response' | 'either';

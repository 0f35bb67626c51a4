/** The keyword `modbus`: what a rule asks of a request, or of a response without one. Ranges and their ends are Suricata's. */

import { printedTest } from '../../rules/numbers.ts';
import type { ConditionValue } from '../../rules/rule.ts';
import { fieldsOf } from '../condition-values.ts';
import type { ModbusMessage } from './modbus-content.ts';
import { ACCESS, CATEGORIES, knownFunction } from './modbus-functions.ts';
import type { ModbusTransaction } from './modbus-parser.ts';

const WORD_MAX = 65_535;

/** Both ends are excluded, but for a range that starts at 0 or ends at 65,535; twice the same: that number. */
interface Range {
  readonly start: number;
  readonly end: number;
}

function rangeOf(value: string | number): Range {
  const { is, value: number, high } = printedTest(String(value));
  if (is === 'less') return { start: 0, end: number };
  if (is === 'more') return { start: number, end: WORD_MAX };
  return { start: number, end: high ?? number };
}

/** Whether a range has one of the numbers from `low` to `high`. */
function meets({ start, end }: Range, low: number, high: number): boolean {
  if (start === end) return start >= low && start <= high;
  if (start === 0) return end > low;
  return start < high && (end === WORD_MAX || low < end);
}

type MessageTest = (message: ModbusMessage) => boolean;
type Fields = Readonly<Record<string, string | number>>;

const PUBLIC = CATEGORIES.PUBLIC_ASSIGNED | CATEGORIES.PUBLIC_UNASSIGNED;
const CATEGORY_BITS: Readonly<Record<string, number>> = {
  assigned: CATEGORIES.PUBLIC_ASSIGNED,
  unassigned: CATEGORIES.PUBLIC_UNASSIGNED,
  public: PUBLIC,
  user: CATEGORIES.USER_DEFINED,
  reserved: CATEGORIES.RESERVED,
  all: PUBLIC | CATEGORIES.USER_DEFINED | CATEGORIES.RESERVED,
};

function categoryTest(text: string): MessageTest {
  const bits = CATEGORY_BITS[text.replace('!', '')]!;
  const wanted = text.startsWith('!') ? ~bits : bits;
  return ({ category }) => (category & wanted) !== 0;
}

function functionTest({ function: code, subfunction }: Fields): MessageTest {
  const wanted = knownFunction(Number(code));
  return (message) =>
    message.function === wanted && (subfunction === undefined || message.content.diagnostic?.code === subfunction);
}

const ACCESS_BITS: Readonly<Record<string, number>> = {
  read: ACCESS.READ,
  write: ACCESS.WRITE,
  discretes: ACCESS.DISCRETES,
  coils: ACCESS.COILS,
  input: ACCESS.INPUT,
  holding: ACCESS.HOLDING,
};

/** Addresses as rules count them, from 1 on; null: the message has none. */
function addressesOf({
  content: { read, write },
}: ModbusMessage): { readonly low: number; readonly high: number } | null {
  if (write !== undefined && write.kind !== 'multiple') {
    const address = (write.address + 1) & WORD_MAX;
    return { low: address, high: address };
  }
  const span = write ?? (read?.kind === 'request' ? read : undefined);
  if (span === undefined || span.quantity === 0 || span.quantity > WORD_MAX - span.address) return null;
  return { low: span.address + 1, high: span.address + span.quantity };
}

/** What is written to an address; null: nothing. */
function valueAt(message: ModbusMessage, address: number): number | null {
  const { write } = message.content;
  const isCoils = (message.access & ACCESS.COILS) !== 0;
  if ((message.access & ACCESS.SINGLE) !== 0 && write?.kind === 'other')
    return isCoils ? Number(write.value !== 0) : write.value;
  if (write?.kind !== 'multiple' || write.address >= address) return null;
  const index = address - write.address - 1;
  // Suricata finds a coil by the place of a register, and by two bytes.
  const at = isCoils ? (index * 2) >> 3 : index * 2;
  if (at + 1 >= write.data.length) return null;
  const value = (write.data[at]! << 8) | write.data[at + 1]!;
  return isCoils ? (value >> (index & 7)) & 1 : value;
}

function accessTest(fields: Fields): MessageTest {
  const way = ACCESS_BITS[fields.access!]!;
  const table = fields.table === undefined ? 0 : ACCESS_BITS[fields.table]!;
  const address = fields.address === undefined ? null : rangeOf(fields.address);
  const value = fields.value === undefined ? null : rangeOf(fields.value);
  return (message) => {
    if ((message.access & way) === 0 || (table !== 0 && (message.access & table) === 0)) return false;
    if (address === null) return true;
    const addresses = addressesOf(message);
    if (addresses === null || !meets(address, addresses.low, addresses.high)) return false;
    if (value === null) return true;
    if (address.start < addresses.low || address.start > addresses.high) return false;
    const written = valueAt(message, address.start);
    return written !== null && meets(value, written, written);
  };
}

function requestTest(fields: Fields): MessageTest {
  if (fields.access !== undefined) return accessTest(fields);
  if (fields.category !== undefined) return categoryTest(String(fields.category));
  return fields.function === undefined ? () => true : functionTest(fields);
}

export function modbusTest(value: ConditionValue): (tx: ModbusTransaction) => boolean {
  const fields = fieldsOf(value);
  const unit = fields.unit === undefined ? null : rangeOf(fields.unit);
  const test = requestTest(fields);
  return ({ request, response }) => {
    const message = request ?? response;
    return message !== null && (unit === null || meets(unit, message.unit, message.unit)) && test(message);
  };
}

/**
 * One message of Modbus over TCP (Messaging Implementation Guide V1.0b, 3.1.3): transaction u16 · protocol u16, 0 · length
 * u16 of what follows · unit u8 · function u8 · data. What is wrong with it is noted, and it is taken all the same, as in
 * Suricata.
 */
import { type Content, ModbusMessage, type Side } from './modbus-content.ts';
import { DataReader } from './modbus-data.ts';
import {
  accessOf,
  CATEGORIES,
  ERRORS,
  EXCEPTION_FROM,
  FUNCTIONS,
  knownFunction,
  meiName,
  subfunctionName,
  UNKNOWN_FUNCTION,
  unnamedCategory,
} from './modbus-functions.ts';

const HEADER_BYTES = 6;
const LENGTH_MIN = 2;
const LENGTH_MAX = 254;

/** The message at `start` and the place behind it; null: it is not whole. Parts are copied. */
export function readMessage(
  bytes: Uint8Array,
  start: number,
  side: Side,
): { readonly message: ModbusMessage; readonly end: number } | null {
  if (start + HEADER_BYTES > bytes.length) return null;
  const word = (at: number): number => (bytes[at]! << 8) | bytes[at + 1]!;
  const message = new ModbusMessage(word(start), word(start + 2));
  const length = word(start + 4);
  const end = start + HEADER_BYTES + length;
  if (length < LENGTH_MIN || length > LENGTH_MAX) {
    message.errors |= ERRORS.DATA_LENGTH;
    return { message, end: Math.min(end, bytes.length) };
  }
  if (end > bytes.length) return null;
  const body = new Uint8Array(bytes.subarray(start + HEADER_BYTES, end));
  message.unit = body[0]!;
  message.functionRaw = body[1]!;
  message.function = knownFunction(message.functionRaw & (EXCEPTION_FROM - 1));
  message.access = accessOf(message.function);
  new DataReader(message, body.subarray(2)).read(side);
  message.category = categoryOf(message);
  return { message, end };
}

/** As many bytes of a message whose beginning is there are asked for next: its header is read number by number. */
export function neededBytes(begun: Uint8Array): number {
  const { length } = begun;
  if (length < HEADER_BYTES) return length + 2 - (length % 2);
  return Math.max(length + 1, HEADER_BYTES + ((begun[4]! << 8) | begun[5]!));
}

function categoryOf({ function: code, functionRaw, content }: ModbusMessage): number {
  if (code === UNKNOWN_FUNCTION) return unnamedCategory(functionRaw);
  if (code === FUNCTIONS.Diagnostic) {
    if (content.diagnostic === undefined) return 0;
    return subfunctionName(content.diagnostic.code) === 'Reserved' ? CATEGORIES.RESERVED : CATEGORIES.PUBLIC_ASSIGNED;
  }
  if (code === FUNCTIONS.MEI) {
    if (content.mei === undefined) return 0;
    return meiName(content.mei.type) === 'Unknown' ? CATEGORIES.RESERVED : CATEGORIES.PUBLIC_ASSIGNED;
  }
  return CATEGORIES.PUBLIC_ASSIGNED;
}

/** Whether one answers the other; where what they say differs, that is noted in `message`. */
export function isPair(message: ModbusMessage, other: ModbusMessage): boolean {
  if (
    message.transaction !== other.transaction ||
    message.unit !== other.unit ||
    message.function !== other.function ||
    message.access !== other.access
  )
    return false;
  if (message.category !== CATEGORIES.PUBLIC_ASSIGNED) return true;
  const [one, two] = [message.content, other.content];
  if (one.exception !== undefined || two.exception !== undefined) return true;
  if (one.bytes !== undefined || two.bytes !== undefined) {
    if (one.bytes !== undefined && two.bytes !== undefined) return true;
    return ((one.bytes !== undefined ? message : other).errors & ERRORS.DATA_LENGTH) !== 0;
  }
  if (one.diagnostic !== undefined) return one.diagnostic.code === two.diagnostic?.code;
  if (one.mei !== undefined) return one.mei.type === two.mei?.type;
  const agrees = readsAgree(one, two) ?? readsAgree(two, one) ?? writesAgree(one, two);
  if (agrees === false) message.errors |= ERRORS.DATA_VALUE;
  return agrees !== null;
}

/** Whether a response has as many bytes as its request asks for; null: they are no such pair. */
function readsAgree({ read: response, write: none }: Content, { read: request, write }: Content): boolean | null {
  if (response?.kind !== 'response' || request?.kind !== 'request' || none !== undefined) return null;
  // Of registers that are read alone Suricata takes the quantity for bits, too.
  const bytes = write === undefined ? Math.ceil(request.quantity / 8) : 2 * request.quantity;
  return response.data.length === bytes;
}

function writesAgree({ write: one, read: oneRead }: Content, { write: two, read: twoRead }: Content): boolean | null {
  if (one === undefined || two === undefined || oneRead !== undefined || twoRead !== undefined) return null;
  if (one.kind === 'mask' || two.kind === 'mask') {
    if (one.kind !== 'mask' || two.kind !== 'mask') return null;
    return one.address === two.address && one.and === two.and && one.or === two.or;
  }
  if (one.kind === 'multiple' && two.kind === 'multiple') return null;
  const amount = (writing: typeof one): number => (writing.kind === 'multiple' ? writing.quantity : writing.value);
  return one.address === two.address && amount(one) === amount(two);
}

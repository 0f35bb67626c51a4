/** What EVE has of Modbus: the request and the response. */
import { textOf } from '../text.ts';
import type { Content, ModbusMessage, Reading, Writing } from './modbus-content.ts';
import {
  ACCESS_NAMES,
  bitNames,
  CATEGORIES,
  ERRORS,
  exceptionName,
  functionName,
  meiName,
  subfunctionName,
} from './modbus-functions.ts';
import type { ModbusTransaction } from './modbus-parser.ts';

type Fields = Record<string, unknown>;

function readFields(read: Reading): Fields {
  if (read.kind === 'response') return { data: textOf(read.data) };
  return { address: read.address, quantity: read.quantity };
}

function writeFields(write: Writing): Fields {
  const { address } = write;
  if (write.kind === 'multiple') return { address, quantity: write.quantity, data: textOf(write.data) };
  return write.kind === 'mask' ? { address, and_mask: write.and, or_mask: write.or } : { address, data: write.value };
}

function contentFields({ exception, diagnostic, mei, read, write, bytes }: Content): Fields {
  const fields: Fields = {};
  if (exception !== undefined) fields.exception = { raw: exception, code: exceptionName(exception) };
  if (diagnostic !== undefined) {
    const { code, data } = diagnostic;
    fields.diagnostic = { raw: code, code: subfunctionName(code), data: textOf(data) };
  }
  if (mei !== undefined) fields.mei = { raw: mei.type, code: meiName(mei.type), data: textOf(mei.data) };
  if (read !== undefined) fields.read = readFields(read);
  if (write !== undefined) fields.write = writeFields(write);
  if (bytes !== undefined) fields.data = textOf(bytes);
  return fields;
}

const messageFields = (message: ModbusMessage): Fields => ({
  transaction_id: message.transaction,
  protocol_id: message.protocol,
  unit_id: message.unit,
  function_raw: message.functionRaw,
  function_code: functionName(message.function),
  access_type: bitNames(ACCESS_NAMES, message.access),
  category: bitNames(CATEGORIES, message.category),
  error_flags: bitNames(ERRORS, message.errors),
  ...contentFields(message.content),
});

export const modbusFields = ({ id, request, response }: ModbusTransaction): Fields => ({
  id: id + 1,
  ...(request === null ? {} : { request: messageFields(request) }),
  ...(response === null ? {} : { response: messageFields(response) }),
});

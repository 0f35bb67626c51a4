/** The data of a Modbus message by its function. What is wrong is noted in the message. */

import type { ModbusMessage, Side } from './modbus-content.ts';
import { ACCESS, ERRORS, EXCEPTION_FROM, exceptionName, FUNCTIONS, subfunctionName } from './modbus-functions.ts';

const BITS_MAX = 2000;
const WORDS_MAX = 125;
const COUNT_MAX = 250;

type LengthTest = (length: number) => boolean;

/** Functions whose request has a length of its own; the others have one by what they access. */
const REQUEST_LENGTHS: ReadonlyMap<number, LengthTest> = new Map<number, LengthTest>([
  [FUNCTIONS.RdFileRec, (length) => length > 0],
  [FUNCTIONS.WrFileRec, (length) => length > 0],
  [FUNCTIONS.RdExcStatus, (length) => length === 0],
  [FUNCTIONS.GetCommEventCtr, (length) => length === 0],
  [FUNCTIONS.GetCommEventLog, (length) => length === 0],
  [FUNCTIONS.ReportServerID, (length) => length === 0],
  [FUNCTIONS.RdFIFOQueue, (length) => length === 2],
]);
const RESPONSE_LENGTHS: ReadonlyMap<number, LengthTest> = new Map<number, LengthTest>([
  [FUNCTIONS.RdExcStatus, (length) => length === 1],
  [FUNCTIONS.GetCommEventCtr, (length) => length === 4],
]);

/** Reads the data of one message. */
export class DataReader {
  private readonly message: ModbusMessage;
  private readonly data: Uint8Array;
  private at = 0;
  private isCut = false;

  constructor(message: ModbusMessage, data: Uint8Array) {
    this.message = message;
    this.data = data;
  }

  read(side: Side): void {
    const { content, function: code, functionRaw } = this.message;
    if (side !== 'request' && functionRaw >= EXCEPTION_FROM) this.exception();
    else if (code === FUNCTIONS.Diagnostic) this.diagnostic(side);
    else if (code === FUNCTIONS.MEI) this.mei();
    else if (side === 'request') this.request();
    else if (side === 'response') this.response();
    else this.rest();
    if (this.isCut && Object.keys(content).length === 0) content.bytes = this.data;
    if (this.isCut || this.at < this.data.length) this.error(ERRORS.DATA_LENGTH);
  }

  private request(): void {
    const { function: code, functionRaw, access } = this.message;
    if (REQUEST_LENGTHS.get(code)?.(this.data.length) === false) {
      this.error(ERRORS.DATA_LENGTH);
      this.rest();
      return;
    }
    if (functionRaw === 0 || functionRaw >= EXCEPTION_FROM) this.error(ERRORS.FUNC_CODE);
    if ((access & ACCESS.READ) !== 0) this.readRequest();
    if ((access & ACCESS.WRITE) !== 0) this.writeRequest();
    if ((access & (ACCESS.READ | ACCESS.WRITE)) === 0) this.rest();
  }

  private response(): void {
    const { function: code, access } = this.message;
    if (RESPONSE_LENGTHS.get(code)?.(this.data.length) === false) {
      this.error(ERRORS.DATA_LENGTH);
      this.rest();
    } else if ((access & ACCESS.READ) !== 0) this.readResponse();
    else if ((access & ACCESS.WRITE) !== 0) this.writeResponse();
    else this.rest();
  }

  private exception(): void {
    const code = this.byte();
    if (this.isCut) return;
    const { function: failed, content } = this.message;
    const isMemory = failed === FUNCTIONS.RdFileRec || failed === FUNCTIONS.WrFileRec;
    const name = exceptionName(code);
    if (name === 'Unknown' || (name === 'MemParityErr' && !isMemory)) this.error(ERRORS.EXC_CODE);
    content.exception = code;
  }

  private diagnostic(side: Side): void {
    if (this.data.length < 2 || (side === 'request' && this.data.length !== 4)) this.error(ERRORS.DATA_LENGTH);
    if (this.data.length < 2) return;
    const code = this.word();
    const data = this.take();
    this.message.content.diagnostic = { code, data };
    if (side === 'request' && data.length === 2) this.checkDiagnostic(subfunctionName(code), data[0]!, data[1]!);
  }

  private checkDiagnostic(name: string, first: number, second: number): void {
    if (['RetQueryData', 'ForceListenOnlyMode', 'Reserved'].includes(name)) return;
    const isFree = name === 'ChangeInputDelimiter' || (name === 'RestartCommOpt' && first === 0xff);
    if ((first !== 0 && !isFree) || second !== 0) this.error(ERRORS.DATA_VALUE);
  }

  private mei(): void {
    if (this.data.length < 1) {
      this.error(ERRORS.DATA_LENGTH);
      return;
    }
    const type = this.byte();
    this.message.content.mei = { type, data: this.take() };
  }

  private readRequest(): void {
    const address = this.word();
    const quantity = this.word();
    if (this.isCut) return;
    if (quantity === 0 || quantity > this.quantityMax()) this.error(ERRORS.DATA_VALUE);
    this.message.content.read = { kind: 'request', address, quantity };
  }

  private readResponse(): void {
    if (this.data.length < 1) {
      this.error(ERRORS.DATA_LENGTH);
      return;
    }
    const count = this.byte();
    if (count === 0 || count > COUNT_MAX || this.data.length - 1 !== count) this.error(ERRORS.DATA_VALUE);
    this.message.content.read = { kind: 'response', data: this.take() };
  }

  private writeRequest(): void {
    const { access } = this.message;
    const address = this.word();
    if (this.isCut) return;
    if ((access & ACCESS.SINGLE) !== 0) this.writeSingle(address, true);
    else if ((access & ACCESS.MULTIPLE) !== 0) this.writeMultiple(address);
    else this.writeMask(address);
  }

  private writeSingle(address: number, isRequest: boolean): void {
    const value = this.word();
    if (this.isCut) return;
    const isCoil = (this.message.access & ACCESS.COILS) !== 0;
    if (isRequest && isCoil && value !== 0 && value !== 0xff00) this.error(ERRORS.DATA_VALUE);
    this.message.content.write = { kind: 'other', address, value };
  }

  private writeMultiple(address: number): void {
    const quantity = this.word();
    const count = this.byte();
    if (this.isCut) return;
    if (quantity === 0 || this.data.length - this.at !== count) this.error(ERRORS.DATA_LENGTH);
    const isBits = (this.message.access & ACCESS.COILS) !== 0;
    const right = isBits ? Math.ceil(quantity / 8) : 2 * quantity;
    if (quantity > this.quantityMax() || count !== right) this.error(ERRORS.DATA_VALUE);
    this.message.content.write = { kind: 'multiple', address, quantity, data: this.take() };
  }

  private writeMask(address: number): void {
    const and = this.word();
    const or = this.word();
    if (!this.isCut) this.message.content.write = { kind: 'mask', address, and, or };
  }

  private writeResponse(): void {
    const { access } = this.message;
    const address = this.word();
    if (this.isCut) return;
    if ((access & ACCESS.SINGLE) !== 0) this.writeSingle(address, false);
    else if ((access & ACCESS.MULTIPLE) === 0) this.writeMask(address);
    else this.wrote(address);
  }

  private wrote(address: number): void {
    const quantity = this.word();
    if (this.isCut) return;
    // Suricata has the two limits the other way round here.
    const most = (this.message.access & ACCESS.COILS) !== 0 ? WORDS_MAX : BITS_MAX;
    if (quantity === 0 || quantity > most) this.error(ERRORS.DATA_VALUE);
    this.message.content.write = { kind: 'other', address, value: quantity };
  }

  private quantityMax(): number {
    return (this.message.access & (ACCESS.COILS | ACCESS.DISCRETES)) !== 0 ? BITS_MAX : WORDS_MAX;
  }

  private error(bit: number): void {
    this.message.errors |= bit;
  }

  private rest(): void {
    this.message.content.bytes = this.take();
  }

  private take(): Uint8Array {
    const bytes = this.data.subarray(this.at);
    this.at = this.data.length;
    return bytes;
  }

  private byte(): number {
    if (this.at < this.data.length) return this.data[this.at++]!;
    this.isCut = true;
    return 0;
  }

  private word(): number {
    if (this.at + 2 > this.data.length) {
      this.isCut = true;
      return 0;
    }
    const high = this.byte();
    return (high << 8) | this.byte();
  }
}

/** Functions of Modbus (Application Protocol V1.1b3), what they access, and the categories that rules name. */

export const FUNCTIONS = {
  RdCoils: 1,
  RdDiscreteInputs: 2,
  RdHoldRegs: 3,
  RdInputRegs: 4,
  WrSingleCoil: 5,
  WrSingleReg: 6,
  RdExcStatus: 7,
  Diagnostic: 8,
  Program484: 9,
  Poll484: 10,
  GetCommEventCtr: 11,
  GetCommEventLog: 12,
  ProgramController: 13,
  PollController: 14,
  WrMultCoils: 15,
  WrMultRegs: 16,
  ReportServerID: 17,
  Program884: 18,
  ResetCommLink: 19,
  RdFileRec: 20,
  WrFileRec: 21,
  MaskWrReg: 22,
  RdWrMultRegs: 23,
  RdFIFOQueue: 24,
  MEI: 0x2b,
} as const;
/** All that have no name are one. */
export const UNKNOWN_FUNCTION = 0;
/** From here on a response says that the function below failed. */
export const EXCEPTION_FROM = 0x80;

const NAMES: ReadonlyMap<number, string> = new Map(Object.entries(FUNCTIONS).map(([name, code]) => [code, name]));
export const functionName = (code: number): string => NAMES.get(code) ?? 'Unknown';
export const knownFunction = (code: number): number => (NAMES.has(code) ? code : UNKNOWN_FUNCTION);

/** Bits. */
export const ACCESS = {
  READ: 1,
  WRITE: 2,
  DISCRETES: 4,
  COILS: 8,
  INPUT: 16,
  HOLDING: 32,
  SINGLE: 64,
  MULTIPLE: 128,
} as const;
/** As EVE names them. */
export const ACCESS_NAMES = {
  ...ACCESS,
  WRITE_SINGLE: ACCESS.WRITE | ACCESS.SINGLE,
  WRITE_MULTIPLE: ACCESS.WRITE | ACCESS.MULTIPLE,
} as const;

const ACCESSES: ReadonlyMap<number, number> = new Map([
  [FUNCTIONS.RdCoils, ACCESS.READ | ACCESS.COILS],
  [FUNCTIONS.RdDiscreteInputs, ACCESS.READ | ACCESS.DISCRETES],
  [FUNCTIONS.RdHoldRegs, ACCESS.READ | ACCESS.HOLDING],
  [FUNCTIONS.RdInputRegs, ACCESS.READ | ACCESS.INPUT],
  [FUNCTIONS.WrSingleCoil, ACCESS.WRITE | ACCESS.COILS | ACCESS.SINGLE],
  [FUNCTIONS.WrSingleReg, ACCESS.WRITE | ACCESS.HOLDING | ACCESS.SINGLE],
  [FUNCTIONS.WrMultCoils, ACCESS.WRITE | ACCESS.COILS | ACCESS.MULTIPLE],
  [FUNCTIONS.WrMultRegs, ACCESS.WRITE | ACCESS.HOLDING | ACCESS.MULTIPLE],
  [FUNCTIONS.MaskWrReg, ACCESS.WRITE | ACCESS.HOLDING],
  [FUNCTIONS.RdWrMultRegs, ACCESS.READ | ACCESS.WRITE | ACCESS.HOLDING | ACCESS.MULTIPLE],
]);
export const accessOf = (code: number): number => ACCESSES.get(code) ?? 0;

export const CATEGORIES = { PUBLIC_ASSIGNED: 1, PUBLIC_UNASSIGNED: 2, USER_DEFINED: 4, RESERVED: 8 } as const;

const RANGES: readonly (readonly [below: number, category: number])[] = [
  [1, 0],
  [9, CATEGORIES.PUBLIC_UNASSIGNED],
  [15, CATEGORIES.RESERVED],
  [41, CATEGORIES.PUBLIC_UNASSIGNED],
  [43, CATEGORIES.RESERVED],
  [65, CATEGORIES.PUBLIC_UNASSIGNED],
  [73, CATEGORIES.USER_DEFINED],
  [90, CATEGORIES.PUBLIC_UNASSIGNED],
  [92, CATEGORIES.RESERVED],
  [100, CATEGORIES.PUBLIC_UNASSIGNED],
  [111, CATEGORIES.USER_DEFINED],
  [125, CATEGORIES.PUBLIC_UNASSIGNED],
  [128, CATEGORIES.RESERVED],
];
/** Of a function without a name. */
export const unnamedCategory = (raw: number): number => RANGES.find(([below]) => raw < below)?.[1] ?? 0;

export const ERRORS = { DATA_VALUE: 1, DATA_LENGTH: 2, EXC_CODE: 4, FUNC_CODE: 8, PROTO_ID: 16 } as const;

/** `READ | COILS`; a name of several bits is added where all of them are set. */
export const bitNames = (names: Readonly<Record<string, number>>, bits: number): string =>
  Object.entries(names)
    .filter(([, bit]) => (bits & bit) === bit)
    .map(([name]) => name)
    .join(' | ') || 'NONE';

const SUBFUNCTIONS: Readonly<Record<number, string>> = {
  0: 'RetQueryData',
  1: 'RestartCommOpt',
  2: 'RetDiagReg',
  3: 'ChangeInputDelimiter',
  4: 'ForceListenOnlyMode',
  10: 'ClearCtrDiagReg',
  11: 'RetBusMsgCount',
  12: 'RetBusCommErrCount',
  13: 'RetBusExcErrCount',
  14: 'RetServerMsgCount',
  15: 'RetServerNoRespCount',
  16: 'RetServerNAKCount',
  17: 'RetServerBusyCount',
  18: 'RetBusCharOverrunCount',
  19: 'RetOverrunErrCount',
  20: 'ClearOverrunCounterFlag',
  21: 'GetClearPlusStats',
};
export const subfunctionName = (code: number): string => SUBFUNCTIONS[code] ?? 'Reserved';

const MEI_TYPES: Readonly<Record<number, string>> = { 13: 'CANOpenGenRefReqResp', 14: 'RdDevId' };
export const meiName = (type: number): string => MEI_TYPES[type] ?? 'Unknown';

const EXCEPTIONS: Readonly<Record<number, string>> = {
  1: 'IllegalFunction',
  2: 'IllegalDataAddr',
  3: 'IllegalDataValue',
  4: 'ServerDeviceFail',
  5: 'Ack',
  6: 'ServerDeviceBusy',
  7: 'NegAck',
  8: 'MemParityErr',
  10: 'GatewayPathUnavailable',
  11: 'GatewayTargetFailToResp',
};
export const exceptionName = (code: number): string => EXCEPTIONS[code] ?? 'Unknown';

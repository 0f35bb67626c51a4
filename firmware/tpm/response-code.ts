/**
 * What a TPM's response code says (part 2, 6.6): its name, and which handle, parameter or session it is about. Every
 * 32-bit number has an answer; one that is in no table is told by its number.
 */

export interface ResponseCode {
  readonly code: number;
  /** As in the specification, without TPM_RC_: AUTH_FAIL, PCR_CHANGED; UNKNOWN_0x… where no table has it. */
  readonly name: string;
  /** What it is about, when it says so. */
  readonly subject: 'handle' | 'parameter' | 'session' | null;
  /** Counted from 1; 0 where the TPM does not say which. */
  readonly number: number;
  /** The TPM was busy: the same command may be sent again. */
  readonly isRetry: boolean;
}

const FORMAT_ONE = 0x080;
const PARAMETER = 0x040;
const VERSION_2 = 0x100;
const VENDOR = 0x400;
const WARNING = 0x800;

/** By the number of the low 6 bits. */
const FORMAT_ONE_NAMES: Readonly<Record<number, string>> = {
  1: 'ASYMMETRIC',
  2: 'ATTRIBUTES',
  3: 'HASH',
  4: 'VALUE',
  5: 'HIERARCHY',
  7: 'KEY_SIZE',
  8: 'MGF',
  9: 'MODE',
  10: 'TYPE',
  11: 'HANDLE',
  12: 'KDF',
  13: 'RANGE',
  14: 'AUTH_FAIL',
  15: 'NONCE',
  16: 'PP',
  18: 'SCHEME',
  21: 'SIZE',
  22: 'SYMMETRIC',
  23: 'TAG',
  24: 'SELECTOR',
  26: 'INSUFFICIENT',
  27: 'SIGNATURE',
  28: 'KEY',
  29: 'POLICY_FAIL',
  31: 'INTEGRITY',
  32: 'TICKET',
  33: 'RESERVED_BITS',
  34: 'BAD_AUTH',
  35: 'EXPIRED',
  36: 'POLICY_CC',
  37: 'BINDING',
  38: 'CURVE',
  39: 'ECC_POINT',
  40: 'FW_LIMITED',
  41: 'SVN_LIMITED',
};

/** By the number of the low 7 bits. */
const ERROR_NAMES: Readonly<Record<number, string>> = {
  0: 'INITIALIZE',
  1: 'FAILURE',
  3: 'SEQUENCE',
  11: 'PRIVATE',
  25: 'HMAC',
  32: 'DISABLED',
  33: 'EXCLUSIVE',
  36: 'AUTH_TYPE',
  37: 'AUTH_MISSING',
  38: 'POLICY',
  39: 'PCR',
  40: 'PCR_CHANGED',
  45: 'UPGRADE',
  46: 'TOO_MANY_CONTEXTS',
  47: 'AUTH_UNAVAILABLE',
  48: 'REBOOT',
  49: 'UNBALANCED',
  66: 'COMMAND_SIZE',
  67: 'COMMAND_CODE',
  68: 'AUTHSIZE',
  69: 'AUTH_CONTEXT',
  70: 'NV_RANGE',
  71: 'NV_SIZE',
  72: 'NV_LOCKED',
  73: 'NV_AUTHORIZATION',
  74: 'NV_UNINITIALIZED',
  75: 'NV_SPACE',
  76: 'NV_DEFINED',
  80: 'BAD_CONTEXT',
  81: 'CPHASH',
  82: 'PARENT',
  83: 'NEEDS_TEST',
  84: 'NO_RESULT',
  85: 'SENSITIVE',
};

const WARNING_NAMES: Readonly<Record<number, string>> = {
  1: 'CONTEXT_GAP',
  2: 'OBJECT_MEMORY',
  3: 'SESSION_MEMORY',
  4: 'MEMORY',
  5: 'SESSION_HANDLES',
  6: 'OBJECT_HANDLES',
  7: 'LOCALITY',
  8: 'YIELDED',
  9: 'CANCELED',
  10: 'TESTING',
  32: 'NV_RATE',
  33: 'LOCKOUT',
  34: 'RETRY',
  35: 'NV_UNAVAILABLE',
};

const RETRIES: readonly string[] = ['YIELDED', 'TESTING', 'RETRY', 'NV_RATE', 'NV_UNAVAILABLE'];
const BAD_TAG = 0x1e;
/** TPM_RC_REFERENCE_H0 to H6 and S0 to S6: a handle or session that is referenced is not loaded. */
const REFERENCE_H0 = 0x10;
const REFERENCE_S0 = 0x18;
const REFERENCES = 7;

const plain = (code: number, name: string | undefined, isRetry = false): ResponseCode => ({
  code,
  name: name ?? `UNKNOWN_0x${code.toString(16)}`,
  subject: null,
  number: 0,
  isRetry,
});

export function decodeResponseCode(code: number): ResponseCode {
  if (code === BAD_TAG) return plain(code, 'BAD_TAG');
  // The upper bits name a layer above the TPM; the TPM leaves them zero.
  if (code > 0xfff) return plain(code, undefined);
  if ((code & FORMAT_ONE) !== 0) return formatOne(code);
  if ((code & VERSION_2) === 0 || (code & VENDOR) !== 0) return plain(code, undefined);
  const low = code & 0x7f;
  if ((code & WARNING) === 0) return plain(code, ERROR_NAMES[low]);
  if (low >= REFERENCE_H0 && low < REFERENCE_H0 + REFERENCES) {
    return { ...plain(code, `REFERENCE_H${low - REFERENCE_H0}`), subject: 'handle', number: low - REFERENCE_H0 + 1 };
  }
  if (low >= REFERENCE_S0 && low < REFERENCE_S0 + REFERENCES) {
    return { ...plain(code, `REFERENCE_S${low - REFERENCE_S0}`), subject: 'session', number: low - REFERENCE_S0 + 1 };
  }
  const name = WARNING_NAMES[low];
  return plain(code, name, name !== undefined && RETRIES.includes(name));
}

function formatOne(code: number): ResponseCode {
  const { name } = plain(code, FORMAT_ONE_NAMES[code & 0x3f]);
  const number = (code >> 8) & 0xf;
  if ((code & PARAMETER) !== 0) return { code, name, subject: 'parameter', number, isRetry: false };
  const subject = (number & 8) !== 0 ? 'session' : number === 0 ? null : 'handle';
  return { code, name, subject, number: number & 7, isRetry: false };
}

/** AUTH_FAIL (0x98e) of session 1. */
export function describeResponseCode({ code, name, subject, number }: ResponseCode): string {
  const of = subject === null ? '' : ` of ${subject}${number === 0 ? '' : ` ${number}`}`;
  return `${name} (0x${code.toString(16).padStart(3, '0')})${of}`;
}

/** TLS with heartbeats and certificates that are not as they should be. */
import { bytesOf, n16 } from '../frames.ts';
import type { Part, Talk } from '../protocols/suricata.ts';

const text = (value: string): Uint8Array => Buffer.from(value, 'latin1');
const der = (tag: number, ...parts: readonly (number | Uint8Array)[]): Uint8Array => {
  const content = bytesOf(...parts);
  return bytesOf(tag, ...(content.length < 128 ? [content.length] : [0x82, n16(content.length)]), content);
};
const record = (type: number, ...parts: readonly (number | Uint8Array)[]): Uint8Array => {
  const content = bytesOf(...parts);
  return bytesOf(type, 3, 3, n16(content.length), content);
};
const message = (type: number, ...parts: readonly (number | Uint8Array)[]): Uint8Array => {
  const content = bytesOf(...parts);
  return record(22, bytesOf(type, 0, n16(content.length), content));
};
const random = new Uint8Array(32).fill(7);
const clientHello = message(1, 3, 3, random, 0, n16(2), n16(0x2f), 1, 0);
const serverHello = message(2, 3, 3, random, 0, n16(0x2f), 0);
const changeCipher = record(20, 1);
const alert = record(21, 2, 40);

const RSA = der(0x30, der(6, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11), der(5));
const NO_ALGORITHM = der(0x30, der(2, 1));
const KEY = der(0x30, RSA, der(3, 0, der(0x30, der(2, 7), der(2, 3))));
const name = (common: string): Uint8Array => der(0x30, der(0x31, der(0x30, der(6, 0x55, 4, 3), der(12, text(common)))));
const times = (first: string, second: string, tag = 0x17): Uint8Array =>
  der(0x30, der(tag, text(first)), der(tag, text(second)));
const GOOD = {
  version: der(0xa0, der(2, 2)),
  serial: der(2, 1, 2, 3),
  algorithm: RSA,
  issuer: name('issuer'),
  validity: times('240506070809Z', '340506070809Z'),
  subject: name('subject'),
  key: KEY,
  extensions: der(
    0xa3,
    der(0x30, der(0x30, der(6, 0x55, 0x1d, 0x11), der(4, der(0x30, der(0x82, text('a.example')))))),
  ),
};
const NONE = new Uint8Array(0);
const certificate = (changes: Partial<typeof GOOD> = {}, behind: Uint8Array = bytesOf(RSA, der(3, 0, 1))): Uint8Array =>
  der(0x30, der(0x30, ...Object.values({ ...GOOD, ...changes })), behind);

const CERTIFICATES: readonly Uint8Array[] = [
  certificate(),
  certificate({ version: der(0xa0, der(4, 2)) }),
  certificate({ version: der(0xa0, der(2, 1, 2, 3, 4, 5)) }),
  certificate({ version: der(0xa0) }),
  certificate({ version: NONE }),
  certificate({ serial: der(4, 1) }),
  certificate({ serial: NONE }),
  certificate({ algorithm: NO_ALGORITHM }),
  certificate({ algorithm: der(0x31, der(5)) }),
  certificate({ issuer: der(0x31) }),
  certificate({ issuer: der(0x30, der(0x30)) }),
  certificate({ issuer: der(0x30, der(0x31, der(0x30, der(2, 1), der(12, text('x'))))) }),
  certificate({ subject: name('before\0behind') }),
  certificate({ subject: der(0x31) }),
  certificate({ subject: der(0x30) }),
  certificate({ validity: times('240506070809Z', 'never') }),
  certificate({ validity: times('20240506070809Z', '20340506070809Z', 0x18) }),
  certificate({ validity: times('249906070809Z', '340506070809Z') }),
  certificate({ validity: der(0x30, der(0x17, text('240506070809Z'))) }),
  certificate({ validity: der(0x31) }),
  certificate({ key: der(0x30, NO_ALGORITHM, der(3, 0, 1)) }),
  certificate({ key: der(0x30, RSA, der(4, 0, 1)) }),
  certificate({ key: der(0x30, RSA) }),
  certificate({ key: NONE }),
  certificate({ extensions: NONE }),
  certificate({ extensions: der(0xa4, 1) }),
  certificate({ extensions: der(0xa3, der(0x31)) }),
  certificate({ extensions: der(0xa3, der(0x30, der(0x31))) }),
  certificate({ extensions: bytesOf(der(0x81, 0, 1), GOOD.extensions) }),
  certificate({}, NONE),
  certificate({}, bytesOf(NO_ALGORITHM, der(3, 0, 1))),
  certificate({}, bytesOf(RSA, der(4, 1))),
  certificate({}, RSA),
  certificate().subarray(0, 60),
  der(0x30, der(0x31)),
  der(0x31),
  NONE,
  Uint8Array.of(0x30, 0x80, 0, 0),
];

const tls = (...parts: readonly Part[]): Talk => ({ transport: 'tcp', serverPort: 443, parts });
const begun: readonly Part[] = [
  [0, clientHello],
  [1, serverHello],
];
const heartbeat = (type: number, length: number, ...rest: readonly number[]): Uint8Array =>
  record(24, type, n16(length), Uint8Array.from(rest));
const padding = new Array<number>(16).fill(0);
const whole = heartbeat(1, 2, 1, 2, ...padding);

export const ODD_TLS: readonly Talk[] = [
  ...CERTIFICATES.map((one) =>
    tls(...begun, [1, message(11, 0, n16(one.length + 3), 0, n16(one.length), one)], [1, message(14)], [0, alert]),
  ),
  tls(...begun, [0, heartbeat(1, 0x4000)], [1, alert]),
  tls(...begun, [0, heartbeat(1, 2, 1, 2, 0, 0)], [1, alert]),
  tls(...begun, [0, heartbeat(9, 2, 1, 2, ...padding)], [1, alert]),
  tls(...begun, [0, record(24, 1)], [1, alert]),
  tls(...begun, [0, whole], [1, heartbeat(2, 2, 1, 2, ...padding)], [1, whole], [0, whole], [1, alert]),
  tls(...begun, [0, whole], [0, whole], [1, alert]),
  tls(...begun, [1, whole], [1, whole], [0, alert]),
  tls(
    ...begun,
    [0, changeCipher],
    [0, record(24, new Uint8Array(30))],
    [1, record(24, new Uint8Array(60))],
    [0, alert],
  ),
  tls(
    ...begun,
    [0, changeCipher],
    [0, record(24, new Uint8Array(60))],
    [1, record(24, new Uint8Array(30))],
    [0, alert],
  ),
];

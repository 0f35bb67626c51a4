/**
 * Messages of DHCP (RFC 2131, RFC 2132). Options are read up to the first that is cut off.
 *
 *   message = op u8 · hardware type u8 · hardware length u8 · hops u8 · id u32 · seconds u16 · flags u16 · client, your, next
 *             server's and relay's address · hardware address 16 · server name 64 · file 128 · magic u32, which Suricata does not look at · options
 *   option  = code u8 · length u8 · value; 0 is padding, 255 the end
 */
export const REQUEST = 1;
export const REPLY = 2;
const HEADER_BYTES = 240;
const HARDWARE_BYTES = 16;
const PADDING = 0;
const END = 255;

export const OPTIONS = {
  hostname: 12,
  leaseTime: 51,
  type: 53,
  renewalTime: 58,
  rebindingTime: 59,
  clientId: 61,
} as const;

const TIMES: ReadonlySet<number> = new Set([OPTIONS.leaseTime, OPTIONS.renewalTime, OPTIONS.rebindingTime]);

export interface DhcpMessage {
  readonly op: number;
  readonly id: number;
  readonly assigned: Uint8Array;
  readonly hardware: Uint8Array;
  readonly options: readonly { readonly code: number; readonly value: Uint8Array }[];
  /** No end of the options was found. */
  readonly isCutOff: boolean;
}

const word = (bytes: Uint8Array, at: number): number =>
  new DataView(bytes.buffer, bytes.byteOffset + at, 4).getUint32(0);

/** null: it is none. What is kept of the bytes is a copy. */
export function readDhcp(given: Uint8Array): DhcpMessage | null {
  if (given.length < HEADER_BYTES || given[2]! > HARDWARE_BYTES) return null;
  const bytes = given.slice();
  const options: { code: number; value: Uint8Array }[] = [];
  let at = HEADER_BYTES;
  let isOver = false;
  while (!isOver && at < bytes.length) {
    const code = bytes[at]!;
    if (code === PADDING) at += 1;
    else if (code === END) isOver = true;
    else {
      // Suricata takes four bytes for a time, whatever length it has.
      const length = TIMES.has(code) ? 4 : bytes[at + 1];
      if (length === undefined || at + 2 + length > bytes.length) break;
      // There is not even the kind of hardware.
      if (code === OPTIONS.clientId && length === 0) break;
      options.push({ code, value: bytes.subarray(at + 2, at + 2 + length) });
      at += 2 + length;
    }
  }
  return {
    op: bytes[0]!,
    id: word(bytes, 4),
    assigned: bytes.subarray(16, 20),
    hardware: bytes.subarray(28, 28 + bytes[2]!),
    options,
    isCutOff: !isOver,
  };
}

/** null: the message has none. */
export function timeOf({ options }: DhcpMessage, code: number): number | null {
  const value = options.find((one) => one.code === code)?.value;
  return value === undefined ? null : word(value, 0);
}

export const typeOf = ({ options }: DhcpMessage): number | null =>
  options.find(({ code }) => code === OPTIONS.type)?.value[0] ?? null;

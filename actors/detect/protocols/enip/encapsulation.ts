/**
 * The encapsulation of EtherNet/IP (CIP Networks Library volume 2, 2-3): command u16 · length u16 of what follows the header ·
 * session u32 · status u32 · context u64 · options u32, all little-endian.
 */
import type { ProbeAnswer } from '../protocol.ts';

export const HEADER_BYTES = 24;

export const COMMANDS = {
  nop: 0,
  listServices: 0x04,
  listIdentity: 0x63,
  listInterfaces: 0x64,
  registerSession: 0x65,
  unregisterSession: 0x66,
  sendRrData: 0x6f,
  sendUnitData: 0x70,
  indicateStatus: 0x72,
  cancel: 0x73,
} as const;

const KNOWN_COMMANDS: ReadonlySet<number> = new Set(Object.values(COMMANDS));
const KNOWN_STATUSES: ReadonlySet<number> = new Set([0, 1, 2, 3, 0x64, 0x65, 0x69, 0x6a]);
const REGISTRATION_BYTES = 4;
/** Suricata takes the command for the number of interfaces, each of which has two bytes. */
const INTERFACES_BYTES_MIN = HEADER_BYTES + 2 * COMMANDS.listInterfaces;

export interface Encapsulation {
  readonly command: number;
  /** Of what follows the header. */
  readonly length: number;
}

/** Where a header is cut off, Suricata takes what there is for one of zeros. */
const CUT_OFF: Encapsulation = { command: COMMANDS.nop, length: 0 };

const u16 = (bytes: Uint8Array, at: number): number => bytes[at]! | (bytes[at + 1]! << 8);
const u32 = (bytes: Uint8Array, at: number): number => (u16(bytes, at) | (u16(bytes, at + 2) << 16)) >>> 0;

export const encapsulationAt = (bytes: Uint8Array, at: number): Encapsulation =>
  at + HEADER_BYTES > bytes.length ? CUT_OFF : { command: u16(bytes, at), length: u16(bytes, at + 2) };

export function probe(bytes: Uint8Array): ProbeAnswer {
  if (bytes.length < HEADER_BYTES) return 'more';
  const { command, length } = encapsulationAt(bytes, 0);
  if (!KNOWN_STATUSES.has(u32(bytes, 8)) || !KNOWN_COMMANDS.has(command)) return 'no';
  if (command === COMMANDS.listInterfaces && bytes.length < HEADER_BYTES + 2) return 'more';
  return isFitting(command, length, u32(bytes, 20)) ? 'yes' : 'no';
}

function isFitting(command: number, length: number, options: number): boolean {
  switch (command) {
    case COMMANDS.nop:
      return options === 0;
    case COMMANDS.registerSession:
      return length === REGISTRATION_BYTES;
    case COMMANDS.unregisterSession:
      return length === REGISTRATION_BYTES || length === 0;
    case COMMANDS.listInterfaces:
      return length >= INTERFACES_BYTES_MIN;
    default:
      return true;
  }
}

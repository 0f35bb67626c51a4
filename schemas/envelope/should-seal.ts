/**
 * Which bodies the bridge seals before it writes them: those of personal device types, and whatever does not look
 * like its device's type while something like a MAC address occurs in it. A wrong yes costs that a dead letter cannot
 * be read after the day; a wrong no would leave personal data in clear, so doubt seals.
 */
import { BatchFrames } from './batch-frames.ts';
import { EnvelopeView } from './envelope-view.ts';
import { HASH_BYTES, MODE_BATCH, PAYLOAD_BYTES_CEILING } from './layout.ts';

/** What the bridge knows about the device's type. An unknown type is personal. */
export interface PayloadPrivacy {
  readonly personal: boolean;
  /** Whether the whole slice has the structure of the type's frames, by lengths and types alone. */
  matches(bytes: Uint8Array, start: number, end: number): boolean;
}

const envelope = new EnvelopeView(PAYLOAD_BYTES_CEILING);
const batch = new BatchFrames();

/**
 * `body` is what a device sent: an envelope when `isEnvelope` (or what claims to be one), else a raw frame. `deviceId`
 * is who sent it: its own name may look like an address, as a gateway's does, and is no person's.
 */
export function shouldSeal(privacy: PayloadPrivacy, isEnvelope: boolean, body: Uint8Array, deviceId: string): boolean {
  if (privacy.personal) return true;
  if (!isEnvelope) return !privacy.matches(body, 0, body.length) && hasMacAddress(body, 0, body.length);
  const isWhole = envelope.tryParseOnly(body, 0, body.length);
  const { deviceIdStart, deviceIdEnd, payloadEnd } = envelope;
  const vouched = isWhole && isVouched(privacy, body);
  const isStranger = vouched && hasMacAddress(body, deviceIdStart, deviceIdEnd) && envelope.deviceId() !== deviceId;
  envelope.bytes = NOTHING;
  // The type vouches for the payload; name and signature are whatever the sender wrote.
  if (vouched) return isStranger || hasMacAddress(body, payloadEnd, body.length);
  return hasMacAddress(body, 0, body.length);
}

/** Whether all that the parsed envelope holds as payload looks like the type's frames, and its root like no address. */
function isVouched(privacy: PayloadPrivacy, body: Uint8Array): boolean {
  const { mode, payloadStart, payloadEnd, rootStart } = envelope;
  if (mode !== MODE_BATCH) return privacy.matches(body, payloadStart, payloadEnd);
  if (!batch.tryRead(envelope) || hasMacAddress(body, rootStart, rootStart + HASH_BYTES)) return false;
  for (let i = 0; i < batch.count; i++) if (!privacy.matches(body, batch.starts[i]!, batch.ends[i]!)) return false;
  return true;
}

const NOTHING = new Uint8Array(0);

function isHexDigit(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66);
}

/** : - . _ and space, between the pairs or groups of an address. */
function isSeparator(byte: number): boolean {
  return byte === 0x3a || byte === 0x2d || byte === 0x2e || byte === 0x5f || byte === 0x20;
}

/**
 * Whether the text holds twelve hex digits as six pairs or three groups of four with single separators, or a run of
 * exactly twelve. NUL bytes are passed over, which also finds UTF-16.
 */
export function hasMacAddress(bytes: Uint8Array, start: number, end: number): boolean {
  /** Digits in the group being read, and the sizes of whole groups before it: pairs and fours in a row. */
  let digits = 0;
  let pairs = 0;
  let fours = 0;
  let wasSeparator = false;
  for (let at = start; at <= end; at++) {
    const byte = at < end ? (bytes[at] as number) : 0x0a;
    if (byte === 0) continue;
    if (isHexDigit(byte)) {
      digits++;
      wasSeparator = false;
      // "…AA:BB:CC:DD:EE:FF" may run on into other hex digits: the sixth pair need not end.
      if ((pairs === 5 && digits === 2) || (fours === 2 && digits === 4)) return true;
      continue;
    }
    if (digits === 12) return true;
    const isGroupEnd = isSeparator(byte) && !wasSeparator;
    // Only the end of the first group counts, so that digits may stand before it: "0xAA:BB…", "deadAA:BB…".
    const isPair = isGroupEnd && (pairs === 0 ? digits >= 2 : digits === 2);
    const isFour = isGroupEnd && (fours === 0 ? digits >= 4 : digits === 4);
    pairs = isPair ? pairs + 1 : isGroupEnd && digits >= 2 ? 1 : 0;
    fours = isFour ? fours + 1 : isGroupEnd && digits >= 4 ? 1 : 0;
    digits = 0;
    wasSeparator = isSeparator(byte);
  }
  return false;
}

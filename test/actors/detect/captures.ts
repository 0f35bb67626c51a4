/** Captures for tests: those of the reference data, and ones that are written packet by packet. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CapturedPacket, CaptureReader } from '../../../actors/detect/capture/index.ts';
import { sharedData } from '../../support/needs.ts';

/** Paths of all captures in the reference data. */
export function captureFiles(): string[] {
  const found: string[] = [];
  for (const folder of ['captures', 'ids-suricata-verify'])
    for (const name of readdirSync(sharedData(folder), { recursive: true, encoding: 'utf8' }))
      if (/\.pcap(ng)?$/.test(name)) found.push(join(sharedData(folder), name));
  return found.toSorted();
}

export interface SimplePacket {
  readonly timeUs: number;
  readonly linkType: number;
  readonly wireLength: number;
  readonly bytes: Uint8Array;
}

/** All packets of a capture that arrives in pieces of `pieceBytes`. */
export function readAll(file: Uint8Array, pieceBytes: number = file.length): SimplePacket[] {
  const packets: SimplePacket[] = [];
  const reader = new CaptureReader();
  // One buffer for all pieces, as a file is read: a view into a piece that is gone shows.
  const piece = new Uint8Array(pieceBytes);
  for (let at = 0; at < file.length; at += pieceBytes) {
    const read = file.subarray(at, at + pieceBytes);
    piece.set(read);
    reader.push(piece.subarray(0, read.length));
    while (reader.next()) packets.push(copyOf(reader.packet));
    piece.fill(0xaa);
  }
  reader.finish();
  return packets;
}

export function readCapture(path: string): SimplePacket[] {
  return readAll(readFileSync(path));
}

function copyOf(packet: CapturedPacket): SimplePacket {
  const { timeUs, linkType, wireLength } = packet;
  return { timeUs, linkType, wireLength, bytes: packet.bytes.slice(packet.start, packet.end) };
}

/** A packet as the reader would hand it out. */
export function captured(bytes: Uint8Array, linkType: number, timeUs = 0, number = 1): CapturedPacket {
  const packet = new CapturedPacket();
  Object.assign(packet, { bytes, start: 0, end: bytes.length, wireLength: bytes.length, linkType, timeUs, number });
  return packet;
}

/** A pcap file, in either byte order, with micro- or nanoseconds. */
export function pcapOf(
  packets: readonly SimplePacket[],
  form: { readonly isBig: boolean; readonly isNano: boolean },
): Uint8Array {
  const little = !form.isBig;
  const size = packets.reduce((total, { bytes }) => total + 16 + bytes.length, 24);
  const file = new Uint8Array(size);
  const view = new DataView(file.buffer);
  view.setUint32(0, form.isNano ? 0xa1b23c4d : 0xa1b2c3d4, little);
  view.setUint16(4, 2, little);
  view.setUint16(6, 4, little);
  view.setUint32(16, 262_144, little);
  view.setUint32(20, packets[0]?.linkType ?? 1, little);
  let at = 24;
  for (const { timeUs, wireLength, bytes } of packets) {
    view.setUint32(at, Math.floor(timeUs / 1e6), little);
    view.setUint32(at + 4, (timeUs % 1e6) * (form.isNano ? 1000 : 1), little);
    view.setUint32(at + 8, bytes.length, little);
    view.setUint32(at + 12, wireLength, little);
    file.set(bytes, at + 16);
    at += 16 + bytes.length;
  }
  return file;
}

/** A pcapng block around a body, which is padded. */
export function block(type: number, body: Uint8Array, isBig: boolean): Uint8Array {
  const length = 12 + ((body.length + 3) & ~3);
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type, !isBig);
  view.setUint32(4, length, !isBig);
  bytes.set(body, 8);
  view.setUint32(length - 4, length, !isBig);
  return bytes;
}

/** A section of a pcapng file with one interface, whose clock has `resolution`, and a block that holds no packet. */
export function pcapngSection(packets: readonly SimplePacket[], isBig: boolean, resolution: number): Uint8Array {
  const fields = (size: number, write: (view: DataView) => void): Uint8Array => {
    const bytes = new Uint8Array(size);
    write(new DataView(bytes.buffer));
    return bytes;
  };
  const header = fields(16, (view) => {
    view.setUint32(0, 0x1a2b3c4d, !isBig);
    view.setUint16(4, 1, !isBig);
    view.setBigInt64(8, -1n, !isBig);
  });
  const face = fields(20, (view) => {
    view.setUint16(0, packets[0]?.linkType ?? 1, !isBig);
    view.setUint16(8, 9, !isBig);
    view.setUint16(10, 1, !isBig);
    view.setUint8(12, resolution);
  });
  const units = (resolution & 0x80) === 0 ? 10n ** BigInt(resolution) : 1n << BigInt(resolution & 0x7f);
  const parts = [block(0x0a0d0d0a, header, isBig), block(1, face, isBig), block(5, new Uint8Array(40), isBig)];
  for (const { timeUs, wireLength, bytes } of packets) {
    const time = (BigInt(timeUs) * units) / 1_000_000n;
    const body = fields(20 + bytes.length, (view) => {
      view.setUint32(4, Number(time >> 32n), !isBig);
      view.setUint32(8, Number(time & 0xffffffffn), !isBig);
      view.setUint32(12, bytes.length, !isBig);
      view.setUint32(16, wireLength, !isBig);
    });
    body.set(bytes, 20);
    parts.push(block(6, body, isBig));
  }
  return Buffer.concat(parts);
}

/** Packets of MQTT 3.1.1 as bytes: fixed header, remaining length of 1 to 4 times 7 bits, body (2.2). */

/** More than any challenge; a bridge that sends more is none. */
const PACKET_BYTES_MAX = 64 * 1024;

/** UTF-8 behind its length in two bytes. */
export function mqttText(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.of(bytes.length >> 8, bytes.length & 0xff), bytes]);
}

export function mqttPacket(type: number, parts: readonly Uint8Array[]): Buffer {
  let length = parts.reduce((sum, part) => sum + part.length, 0);
  const header = [type];
  for (; length > 0x7f; length >>>= 7) header.push((length & 0x7f) | 0x80);
  header.push(length);
  return Buffer.concat([Buffer.from(header), ...parts]);
}

export class MqttReader {
  #input: Buffer = Buffer.alloc(0);

  /** Hands over each whole packet; false where the bytes are none, or too long: the connection is over then. */
  push(chunk: Buffer, take: (type: number, body: Buffer) => void): boolean {
    this.#input = this.#input.length === 0 ? chunk : Buffer.concat([this.#input, chunk]);
    for (;;) {
      let length = 0;
      let at = 1;
      for (let shift = 0; ; shift += 7, at++) {
        if (at >= this.#input.length) return true;
        if (shift > 21) return false;
        length |= (this.#input[at]! & 0x7f) << shift;
        if (this.#input[at]! < 0x80) break;
      }
      if (length > PACKET_BYTES_MAX) return false;
      const start = at + 1;
      if (this.#input.length < start + length) return true;
      const type = this.#input[0]!;
      const body = this.#input.subarray(start, start + length);
      if (body.length < bodyMin(type)) return false;
      this.#input = this.#input.subarray(start + length);
      take(type, body);
    }
  }
}

/** What the reader of a packet may rely on. */
function bodyMin(type: number): number {
  if (type === 0x20 || type === 0x40) return 2;
  if (type === 0x90) return 3;
  return type >> 4 === 3 ? 4 : 0;
}

/** Reads the parts of MQTT messages. Behind the end it gives zeros and empty bytes, and has failed. */
const EMPTY = new Uint8Array(0);

export class MqttReader {
  at: number;
  end: number;
  hasFailed = false;
  private readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array, at = 0, end: number = bytes.length) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  fail(): void {
    this.hasFailed = true;
    this.at = this.end;
  }

  skip(count: number): void {
    if (this.at + count > this.end) this.fail();
    else this.at += count;
  }

  byte(): number {
    if (this.at < this.end) return this.bytes[this.at++]!;
    this.fail();
    return 0;
  }

  word(): number {
    const high = this.byte();
    return (high << 8) | this.byte();
  }

  long(): number {
    const high = this.word();
    return ((high << 16) | this.word()) >>> 0;
  }

  /** Up to four bytes with seven bits each, the lowest first. */
  variable(): number {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    this.fail();
    return 0;
  }

  /** Bytes with their length before them. */
  binary(): Uint8Array {
    const length = this.word();
    if (this.hasFailed || this.at + length > this.end) {
      this.fail();
      return EMPTY;
    }
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  rest(): Uint8Array {
    const { at } = this;
    this.at = this.end;
    return this.bytes.subarray(at, this.end);
  }
}

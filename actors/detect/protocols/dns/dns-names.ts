/**
 * Names of DNS messages (RFC 1035, 4.1.4), compressed or not, with Suricata's limits: 255 labels and pointers, 1,025
 * bytes. A name that goes beyond is cut where its end in the message is known, and an error where it is not.
 */

export const NAME_BYTES_MAX = 1025;
const STEPS_MAX = 255;
const LABEL_BYTES_MAX = 63;

/** What was odd about names that could be read all the same. */
export const NAME_TRUNCATED = 1;
export const NAME_LOOPS = 2;
export const NAME_TOO_MANY_LABELS = 4;

/** Reads one name after the other; what it says is about the latest. */
export class NameReader {
  /** Behind the name, in the range it began in. */
  next = 0;
  /** Since `flags` was last set to 0. */
  flags = 0;
  /** The name is longer than what is kept of it. */
  isCut = false;
  /** What was none ends before it is over, and is nothing worse. */
  isShort = false;
  private readonly text = new Uint8Array(NAME_BYTES_MAX + LABEL_BYTES_MAX + 2);
  private length = 0;

  /** The labels with dots between. */
  get name(): Uint8Array {
    return this.text.slice(0, this.length);
  }

  /** Steps over the name at `start`, without its text. false: it is none. */
  skip(message: Uint8Array, start: number, end: number): boolean {
    return this.walk(message, start, end, false);
  }

  /** Reads the name at `start`; it may not go beyond `end`, except after a pointer. false: it is none. */
  read(message: Uint8Array, start: number, end: number): boolean {
    return this.walk(message, start, end, true);
  }

  private walk(message: Uint8Array, start: number, end: number, isKept: boolean): boolean {
    let at = start;
    let limit = end;
    let behind = -1;
    this.isCut = false;
    this.isShort = false;
    this.length = 0;
    for (let steps = 1; ; steps++) {
      if (at >= limit) break;
      const lead = message[at]!;
      if (lead === 0) {
        at++;
        break;
      }
      if (lead <= LABEL_BYTES_MAX) {
        if (at + 1 + lead > limit) return this.ends();
        if (!this.isCut) {
          if (isKept) this.add(message, at + 1, lead);
          else this.length += this.length === 0 ? lead : lead + 1;
        }
        at += 1 + lead;
      } else if (lead >= 0xc0) {
        if (at + 2 > limit) return this.ends();
        const offset = ((lead & 0x3f) << 8) | message[at + 1]!;
        if (offset > message.length) return false;
        if (isSame(message, offset, at, limit)) {
          this.flags |= NAME_LOOPS;
          if (behind === -1) return false;
          break;
        }
        if (behind === -1) behind = at + 2;
        at = offset;
        limit = message.length;
      } else return false;
      if (steps > STEPS_MAX) {
        this.flags |= NAME_TOO_MANY_LABELS;
        if (behind === -1) return false;
        this.flags |= NAME_TRUNCATED;
        this.isCut = true;
        break;
      }
      if (this.length > NAME_BYTES_MAX) {
        this.length = NAME_BYTES_MAX;
        this.flags |= NAME_TRUNCATED;
        this.isCut = true;
        if (behind !== -1) break;
      }
    }
    this.next = behind === -1 ? at : behind;
    return true;
  }

  private ends(): false {
    this.isShort = true;
    return false;
  }

  private add(message: Uint8Array, at: number, length: number): void {
    if (this.length > 0) this.text[this.length++] = 0x2e;
    for (let index = 0; index < length; index++) this.text[this.length++] = message[at + index]!;
  }
}

/** Suricata compares what follows, not places: a pointer to the same bytes is one to itself, too. */
function isSame(message: Uint8Array, offset: number, at: number, limit: number): boolean {
  if (message.length - offset !== limit - at) return false;
  if (offset === at) return true;
  for (let index = limit - at - 1; index >= 0; index--)
    if (message[offset + index] !== message[at + index]) return false;
  return true;
}

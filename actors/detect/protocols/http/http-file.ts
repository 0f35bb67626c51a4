/** A file in a body, with what rules look at of it. */
import { hash } from 'node:crypto';
import { kindOfFile } from '../../file-kind/index.ts';
import type { Direction } from '../direction.ts';
import { type DigestName, ReceivedFile } from '../files.ts';
import type { Body } from './body.ts';

/** So many bytes have to be there of one that has not ended. */
const KIND_BYTES_LEAST = 512;

export class HttpFile extends ReceivedFile {
  /** The body itself where it is the file. */
  readonly content: Body;
  isGone = false;
  readonly #digests = new Map<DigestName, string>();

  constructor(name: Uint8Array, direction: 0 | 1, content: Body) {
    super(name, direction);
    this.content = content;
  }

  take(bytes: Uint8Array): void {
    this.size += bytes.length;
    this.content.append(bytes);
  }

  override digest(algorithm: DigestName): string | null {
    if (this.state !== 'closed') return null;
    let digest = this.#digests.get(algorithm);
    if (digest === undefined) {
      digest = hash(algorithm, this.content.from(0), 'hex');
      this.#digests.set(algorithm, digest);
    }
    return digest;
  }

  /** Looked up once, by what there is then. */
  override kind(): Uint8Array | null {
    if (
      this.knownKind === null &&
      this.content.size > 0 &&
      (this.state !== 'open' || this.content.size >= KIND_BYTES_LEAST)
    )
      this.knownKind = kindOfFile(this.content.from(0));
    return this.knownKind === null ? null : Buffer.from(this.knownKind, 'latin1');
  }

  /** With this one that the parser gave up is over, too; it is let go with a packet of its own direction. */
  told(packets: Direction | null): void {
    if (this.state === 'open') this.state = 'truncated';
    this.isGone ||= packets === this.direction;
  }

  letGo(): void {
    this.isGone ||= this.state !== 'open';
  }

  /** Rules were asked: of one that is over they are asked no more. */
  inspected(): void {
    this.isGone ||= this.state !== 'open';
  }
}

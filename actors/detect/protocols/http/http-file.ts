/** A file in a body, with what rules look at of it. */
import { hash } from 'node:crypto';
import { type DigestName, ReceivedFile } from '../files.ts';
import type { Body } from './body.ts';

export class HttpFile extends ReceivedFile {
  /** The body itself where it is the file. */
  readonly content: Body;
  readonly #digests = new Map<DigestName, string>();

  constructor(name: Uint8Array, direction: 0 | 1, content: Body) {
    super(name, direction);
    this.content = content;
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

  isReady(isEnd: boolean): boolean {
    return this.content.isReady(isEnd || this.state !== 'open');
  }
}

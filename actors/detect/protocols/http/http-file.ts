/** A file in a body, with what rules look at of it. */
import { ReceivedFile } from '../files.ts';
import type { Body } from './body.ts';

export class HttpFile extends ReceivedFile {
  /** The body itself where it is the file. */
  readonly content: Body;

  constructor(name: Uint8Array, direction: 0 | 1, content: Body) {
    super(name, direction);
    this.content = content;
  }

  get isReady(): boolean {
    return this.content.isReady(this.state !== 'open');
  }
}

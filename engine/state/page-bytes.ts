/** A page of a local copy: the chunks of a changelog (changes.ts), each with its length u32 in front. */
import { MsecError } from '../base/index.ts';
import type { StageState } from './stage-state.ts';

export function joinPage(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(chunks.reduce((sum, { length }) => sum + 4 + length, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const chunk of chunks) {
    view.setUint32(at, chunk.length);
    bytes.set(chunk, at + 4);
    at += 4 + chunk.length;
  }
  return bytes;
}

/** STATE_CORRUPT where the page is cut off. */
export function restorePage(state: StageState, page: Uint8Array): void {
  const view = new DataView(page.buffer, page.byteOffset, page.length);
  let at = 0;
  while (at < page.length) {
    const length = at + 4 <= page.length ? view.getUint32(at) : Number.POSITIVE_INFINITY;
    at += 4;
    if (at + length > page.length) {
      throw new MsecError('STATE_CORRUPT', `A page of a local copy of state is cut off at byte ${at}.`, {
        byteOffset: at,
      });
    }
    state.restoreChunk(page.subarray(at, at + length));
    at += length;
  }
}

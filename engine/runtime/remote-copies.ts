/**
 * A worker's way to the copies of state that the main thread keeps: a channel of its own, a request and its answer.
 * Bytes are transferred. Requests are bounded by who asks: two slices of pages and one run of them for each stage.
 */
import { assert, type ErrorData, errorData, MsecError } from '../base/index.ts';
import type { PageRun, SavedPage, SnapshotCopies, SnapshotHead, SnapshotOf } from '../state/index.ts';
import type { ThreadPort } from './threads.ts';

type Ask =
  | { readonly call: 'head' | 'discard' }
  | { readonly call: 'read'; readonly from: Uint8Array | null }
  | { readonly call: 'save'; readonly pages: readonly SavedPage[] }
  | { readonly call: 'publish'; readonly head: SnapshotHead };

export interface CopyRequest {
  readonly id: number;
  readonly of: SnapshotOf;
  readonly ask: Ask;
}

type Answer = SnapshotHead | PageRun | null;

export type CopyAnswer =
  | { readonly id: number; readonly answer: Answer }
  | { readonly id: number; readonly error: ErrorData };

/** The main thread's side, for as long as the port lives. */
export function serveCopies(port: ThreadPort<CopyAnswer, CopyRequest>, copies: SnapshotCopies): void {
  port.onMessage(({ id, of, ask }) => {
    answer(copies, of, ask).then(
      (answer) => port.post({ id, answer }, buffersOf(answer)),
      (thrown: unknown) => port.post({ id, error: errorData(thrown) }),
    );
  });
}

async function answer(copies: SnapshotCopies, of: SnapshotOf, ask: Ask): Promise<Answer> {
  switch (ask.call) {
    case 'head':
      return copies.head(of);
    case 'read':
      return copies.read(of, ask.from);
    case 'save':
      await copies.save(of, ask.pages);
      return null;
    case 'publish':
      await copies.publish(of, ask.head);
      return null;
    case 'discard':
      await copies.discard(of);
      return null;
  }
}

function buffersOf(answer: Answer): ArrayBuffer[] {
  return answer !== null && 'pages' in answer ? answer.pages.map(({ buffer }) => buffer) : [];
}

/** The worker's side. Whatever fails comes as MsecError. */
export function remoteCopies(port: ThreadPort<CopyRequest, CopyAnswer>): SnapshotCopies {
  const waiting = new Map<number, { done: (answer: Answer) => void; failed: (error: MsecError) => void }>();
  let idNext = 1;
  port.onMessage((message) => {
    const request = waiting.get(message.id);
    assert(request !== undefined, 'each request is answered once');
    waiting.delete(message.id);
    if ('answer' in message) request.done(message.answer);
    else request.failed(new MsecError(message.error.code, message.error.message));
  });
  const send = (of: SnapshotOf, ask: Ask, transfer: readonly ArrayBuffer[] = []): Promise<Answer> => {
    const id = idNext++;
    return new Promise((done, failed) => {
      waiting.set(id, { done, failed });
      port.post({ id, of, ask }, transfer);
    });
  };
  return {
    head: async (of) => (await send(of, { call: 'head' })) as SnapshotHead | null,
    read: async (of, from) => (await send(of, { call: 'read', from })) as PageRun,
    async save(of, pages) {
      await send(
        of,
        { call: 'save', pages },
        pages.map(({ bytes }) => bytes.buffer),
      );
    },
    async publish(of, head) {
      await send(of, { call: 'publish', head });
    },
    async discard(of) {
      await send(of, { call: 'discard' });
    },
  };
}

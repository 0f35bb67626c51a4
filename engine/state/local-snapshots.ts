/**
 * Local copies of state, so that a process that starts again reads its own disk and only the tail of the changelogs.
 * A copy may be thrown away at any time: the changelog has everything.
 *
 * A stage's copy lies in pages, which are replaced one by one while the stage goes on. So the pages are of different
 * moments; the head names an offset of the changelog from which on all later changes must be applied to them. Changes
 * are whole rows, blocks and removals by slot number, so those that a page already has may be applied again.
 *
 *   0x20 'h' owner 00 stage               → head: JSON
 *   0x20 'p' owner 00 stage 00 store 00 page u32 → the page's rows, as the chunks of a changelog (changes.ts), each
 *                                            with its length u32 in front
 */
import { MsecError } from '../base/index.ts';
import { type Store as DiskStore, WriteBatch } from '../log/index.ts';
import type { PageContent, StageState } from './stage-state.ts';

const SPACE = 0x20;
const HEAD = 0x68;
const PAGE = 0x70;
const utf8 = new TextEncoder();
const utf8Decoder = new TextDecoder();

/** Whose copy it is, and of what. */
export interface SnapshotOf {
  /** The task. */
  readonly owner: string;
  readonly stage: string;
  /** Names the one changelog that the copy goes with: cluster, topic (with its id), partition. */
  readonly changelog: string;
}

interface Head {
  readonly format: number;
  readonly changelog: string;
  /** Changes from this offset of the changelog on may be missing in the pages. */
  readonly position: number;
  readonly watermarks: Readonly<Record<string, number>>;
  /** Slots in use, by store. */
  readonly slots: Readonly<Record<string, number>>;
}

const FORMAT = 1;

export class LocalSnapshots {
  readonly #disk: DiskStore;
  #tail: Promise<void> = Promise.resolve();

  constructor(disk: DiskStore) {
    this.#disk = disk;
  }

  /** Fills the state, which is empty, from its copy; gives the offset to go on from. Null where no copy can be used. */
  load(of: SnapshotOf, state: StageState, changelog: { readonly start: number; readonly end: number }): number | null {
    this.#disk.refresh();
    const bytes = this.#disk.get(headKey(of));
    if (bytes === undefined) return null;
    const head = JSON.parse(utf8Decoder.decode(bytes)) as Head;
    const isOurs = head.format === FORMAT && head.changelog === of.changelog;
    // Below the start the changes that are missing are gone; beyond the end it is another changelog's.
    if (!isOurs || head.position < changelog.start || head.position > changelog.end) return null;
    for (const [store, slots] of Object.entries(head.slots)) state.reserve(store, slots);
    for (const key of [...this.#disk.keys(pageRange(of))]) {
      const page = this.#disk.get(key);
      if (page !== undefined) restorePage(state, page);
    }
    for (const [input, watermark] of Object.entries(head.watermarks)) state.watermarks.set(input, watermark);
    this.#disk.refresh();
    return head.position;
  }

  /** Replaces pages, in the order of the calls. */
  save(of: SnapshotOf, pages: readonly PageContent[]): Promise<void> {
    return this.#commit((batch) => {
      for (const { store, page, chunks } of pages) {
        const key = pageKey(of, store, page);
        if (chunks.length === 0) batch.delete(key);
        else batch.put(key, joined(chunks));
      }
    });
  }

  /** From now on the pages go with this position. */
  publish(of: SnapshotOf, { position, watermarks, slots }: Omit<Head, 'format' | 'changelog'>): Promise<void> {
    const head: Head = { format: FORMAT, changelog: of.changelog, position, watermarks, slots };
    return this.#commit((batch) => batch.put(headKey(of), utf8.encode(JSON.stringify(head))));
  }

  /** The copy is of no use; its pages go as well, or they would be taken for those of the next one. */
  discard(of: SnapshotOf): Promise<void> {
    return this.#commit((batch) => {
      batch.delete(headKey(of));
      for (const key of [...this.#disk.keys(pageRange(of))]) batch.delete(key);
    });
  }

  /** The store takes one commit at a time. */
  #commit(fill: (batch: WriteBatch) => void): Promise<void> {
    const done = this.#tail.then(() => {
      const batch = new WriteBatch();
      fill(batch);
      return batch.keys.length === 0 ? undefined : this.#disk.commit(batch);
    });
    this.#tail = done.catch(() => {});
    return done;
  }
}

function restorePage(state: StageState, page: Uint8Array): void {
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

function joined(chunks: readonly Uint8Array[]): Uint8Array {
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

const nameOf = ({ owner, stage }: SnapshotOf): string => `${owner}\0${stage}`;

function key(kind: number, text: string, more = 0): Uint8Array {
  const name = utf8.encode(text);
  const bytes = new Uint8Array(2 + name.length + more);
  bytes[0] = SPACE;
  bytes[1] = kind;
  bytes.set(name, 2);
  return bytes;
}

const headKey = (of: SnapshotOf): Uint8Array => key(HEAD, nameOf(of));

function pageKey(of: SnapshotOf, store: string, page: number): Uint8Array {
  const bytes = key(PAGE, `${nameOf(of)}\0${store}\0`, 4);
  new DataView(bytes.buffer).setUint32(bytes.length - 4, page);
  return bytes;
}

function pageRange(of: SnapshotOf): { readonly from: Uint8Array; readonly to: Uint8Array } {
  // Names hold no control characters, so 01 is the first byte behind all keys that go on with 00.
  return { from: key(PAGE, `${nameOf(of)}\0`), to: key(PAGE, `${nameOf(of)}\x01`) };
}

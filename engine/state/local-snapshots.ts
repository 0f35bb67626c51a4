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
import { type Store as DiskStore, WriteBatch } from '../log/index.ts';
import type { PageRun, SavedPage, SnapshotCopies, SnapshotHead, SnapshotOf } from './snapshot-copies.ts';

const SPACE = 0x20;
const HEAD = 0x68;
const PAGE = 0x70;
const utf8 = new TextEncoder();
const utf8Decoder = new TextDecoder();

interface Head extends SnapshotHead {
  readonly format: number;
  readonly changelog: string;
}

const FORMAT = 1;
/** Bytes that are read in one go; the thread has other work as well. */
const RUN_BYTES = 1024 * 1024;

export class LocalSnapshots implements SnapshotCopies {
  readonly #disk: DiskStore;
  #tail: Promise<void> = Promise.resolve();

  constructor(disk: DiskStore) {
    this.#disk = disk;
  }

  async head(of: SnapshotOf): Promise<SnapshotHead | null> {
    this.#disk.refresh();
    const bytes = this.#disk.get(headKey(of));
    if (bytes === undefined) return null;
    const { format, changelog, ...head } = JSON.parse(utf8Decoder.decode(bytes)) as Head;
    return format === FORMAT && changelog === of.changelog ? head : null;
  }

  async read(of: SnapshotOf, from: Uint8Array | null): Promise<PageRun> {
    this.#disk.refresh();
    const range = pageRange(of);
    const pages: Uint8Array<ArrayBuffer>[] = [];
    let bytes = 0;
    for (const key of this.#disk.keys(from === null ? range : { ...range, from })) {
      if (bytes >= RUN_BYTES) return { pages, next: key };
      const page = this.#disk.get(key);
      if (page === undefined) continue;
      pages.push(new Uint8Array(page));
      bytes += page.length;
    }
    this.#disk.refresh();
    return { pages, next: null };
  }

  save(of: SnapshotOf, pages: readonly SavedPage[]): Promise<void> {
    return this.#commit((batch) => {
      for (const { store, page, bytes } of pages) {
        const key = pageKey(of, store, page);
        if (bytes.length === 0) batch.delete(key);
        else batch.put(key, bytes);
      }
    });
  }

  publish(of: SnapshotOf, { position, watermarks, slots }: SnapshotHead): Promise<void> {
    const head: Head = { format: FORMAT, changelog: of.changelog, position, watermarks, slots };
    return this.#commit((batch) => batch.put(headKey(of), utf8.encode(JSON.stringify(head))));
  }

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

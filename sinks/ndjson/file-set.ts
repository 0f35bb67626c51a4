/**
 * The files of one topic and the position that belongs to them: NAME-00000001.ndjson, NAME-00000002.ndjson and so on,
 * the newest with .open behind it, and NAME.position.json. The position is the truth: bytes behind it were never
 * acknowledged and are cut off on start, so that lines and offsets always agree, whenever the process was killed.
 */
import { type FileHandle, mkdir, open, readdir, readFile, rename, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { MsecError } from '../../engine/index.ts';

export interface FilePosition {
  readonly version: 1;
  /** Of the open file. */
  readonly sequence: number;
  readonly openedAtMs: number;
  /** Its length when the offsets below were reached. */
  readonly bytes: number;
  /** The next offset of each partition. */
  readonly offsets: readonly number[];
}

const MODE = 0o600;
const FOLDER_MODE = 0o700;

export class FileSet {
  readonly #folder: string;
  readonly #name: string;
  #file: FileHandle | undefined;
  #position: FilePosition | undefined;
  /** Set while what lies behind the position in the file may be of a write that failed. */
  #isTailDirty = false;

  private constructor(folder: string, name: string) {
    this.#folder = folder;
    this.#name = name;
  }

  /** Finishes what a kill interrupted. CONFIG_INVALID where the position file is not one. */
  static async open(folder: string, name: string): Promise<FileSet> {
    await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
    const files = new FileSet(folder, name);
    files.#position = await files.#readPosition();
    if (files.#position !== undefined) await files.#recover(files.#position);
    return files;
  }

  /** Undefined before the first `begin`. */
  get position(): FilePosition | undefined {
    return this.#position;
  }

  /** Starts the first file at these offsets. */
  async begin(offsets: readonly number[], nowMs: number): Promise<void> {
    const closed = await this.closedSequences();
    await this.#startFile(offsets, (closed.at(-1) ?? 0) + 1, nowMs);
  }

  /** Appends the lines and moves the position, durably, in this order. A failed call may be made again. */
  async append(lines: Uint8Array, offsets: readonly number[]): Promise<void> {
    const { file, position } = this.#opened();
    if (this.#isTailDirty) await file.truncate(position.bytes);
    this.#isTailDirty = true;
    for (let at = 0; at < lines.length; ) {
      const { bytesWritten } = await file.write(lines, at, lines.length - at, position.bytes + at);
      at += bytesWritten;
    }
    await file.datasync();
    await this.#writePosition({ ...position, bytes: position.bytes + lines.length, offsets });
    this.#isTailDirty = false;
  }

  /** Closes the open file under its final name and starts the next. */
  async rotate(nowMs: number): Promise<void> {
    const { file, position } = this.#opened();
    if (this.#isTailDirty) await file.truncate(position.bytes);
    // The position moves first: whatever is left open below its sequence is complete, and gets its name on start.
    await this.#startFile(position.offsets, position.sequence + 1, nowMs);
    await file.close();
    await rename(this.#openPath(position.sequence), this.#closedPath(position.sequence));
    await this.#syncFolder();
  }

  /** Sequences of the files that are complete, the oldest first. */
  async closedSequences(): Promise<number[]> {
    return (await this.#sequences()).filter(({ isOpen }) => !isOpen).map(({ sequence }) => sequence);
  }

  async closedAgeMs(sequence: number, nowMs: number): Promise<number> {
    return nowMs - (await stat(this.#closedPath(sequence))).mtimeMs;
  }

  async remove(sequence: number): Promise<void> {
    await unlink(this.#closedPath(sequence));
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
  }

  #opened(): { file: FileHandle; position: FilePosition } {
    if (this.#file === undefined || this.#position === undefined) throw new MsecError('CLOSED', 'no file is open');
    return { file: this.#file, position: this.#position };
  }

  async #recover(position: FilePosition): Promise<void> {
    for (const { sequence, isOpen } of await this.#sequences()) {
      if (!isOpen) continue;
      if (sequence < position.sequence) await rename(this.#openPath(sequence), this.#closedPath(sequence));
      // Made for a position that was never written: nothing in it counts.
      if (sequence > position.sequence) await unlink(this.#openPath(sequence));
    }
    const path = this.#openPath(position.sequence);
    const bytes = await stat(path).then(
      ({ size }) => size,
      () => -1,
    );
    if (bytes >= position.bytes) {
      this.#file = await open(path, 'r+', MODE);
      await this.#file.truncate(position.bytes);
      return;
    }
    // Somebody took the open file away, or a part of it. What is left keeps its lines, the next file goes on.
    if (bytes >= 0) await rename(path, this.#closedPath(position.sequence));
    await this.#startFile(position.offsets, position.sequence + 1, position.openedAtMs);
  }

  async #startFile(offsets: readonly number[], sequence: number, openedAtMs: number): Promise<void> {
    const file = await open(this.#openPath(sequence), 'w', MODE);
    try {
      await this.#syncFolder();
      await this.#writePosition({ version: 1, sequence, openedAtMs, bytes: 0, offsets });
    } catch (error) {
      await file.close();
      throw error;
    }
    this.#file = file;
    this.#isTailDirty = false;
  }

  async #writePosition(position: FilePosition): Promise<void> {
    const path = this.#positionPath();
    const file = await open(`${path}.new`, 'w', MODE);
    try {
      await file.writeFile(`${JSON.stringify(position)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(`${path}.new`, path);
    await this.#syncFolder();
    this.#position = position;
  }

  async #readPosition(): Promise<FilePosition | undefined> {
    const text = await readFile(this.#positionPath(), 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (text === undefined) return undefined;
    const position = parsePosition(text);
    if (position !== undefined) return position;
    throw new MsecError('CONFIG_INVALID', `${this.#positionPath()} is not a position of version 1`, {
      field: 'position',
    });
  }

  async #sequences(): Promise<{ sequence: number; isOpen: boolean }[]> {
    const found = (await readdir(this.#folder)).flatMap((file) => {
      const match = /^-(\d{8,})\.ndjson(\.open)?$/.exec(file.slice(this.#name.length));
      if (!file.startsWith(this.#name) || match === null) return [];
      return [{ sequence: Number(match[1]), isOpen: match[2] !== undefined }];
    });
    return found.toSorted((a, b) => a.sequence - b.sequence);
  }

  /** Renames and new names are durable once their folder is. */
  async #syncFolder(): Promise<void> {
    const folder = await open(this.#folder, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }

  #closedPath(sequence: number): string {
    return join(this.#folder, `${this.#name}-${String(sequence).padStart(8, '0')}.ndjson`);
  }

  #openPath(sequence: number): string {
    return `${this.#closedPath(sequence)}.open`;
  }

  #positionPath(): string {
    return join(this.#folder, `${this.#name}.position.json`);
  }
}

function parsePosition(text: string): FilePosition | undefined {
  let value: Partial<FilePosition> | null;
  try {
    value = JSON.parse(text) as Partial<FilePosition> | null;
  } catch {
    return undefined;
  }
  const isCount = (count: unknown) => Number.isSafeInteger(count) && (count as number) >= 0;
  const isWhole =
    value?.version === 1 &&
    [value.sequence, value.openedAtMs, value.bytes].every(isCount) &&
    Array.isArray(value.offsets) &&
    value.offsets.every(isCount);
  return isWhole ? (value as FilePosition) : undefined;
}

/**
 * Bundles as files, for the worker threads: `DIGEST.bundle` is one that a trusted key has signed, `DIGEST.refused` says why
 * one is not taken here. A file is whole or not there.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BUNDLE_BYTES_MAX, type BundleSource, type RefusedBundle } from '../../actors/detect/index.ts';
import { MsecError } from '../../engine/index.ts';
import { isDigest } from './rule-records.ts';

export class RuleFiles implements BundleSource {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** DEPENDENCY_DOWN where the disk does not answer. */
  read(digest: string): Uint8Array | RefusedBundle | null {
    const bundle = this.#file(digest, 'bundle');
    if (bundle !== null) return bundle;
    const refused = this.#file(digest, 'refused');
    return refused === null ? null : { refused: refused.toString('utf8') };
  }

  has(digest: string): boolean {
    return this.#file(digest, 'bundle') !== null;
  }

  keep(digest: string, bundle: Uint8Array): void {
    this.#write(digest, 'bundle', bundle);
    rmSync(this.#pathOf(digest, 'refused'), { force: true });
  }

  refuse(digest: string, why: string): void {
    this.#write(digest, 'refused', Buffer.from(why));
    rmSync(this.#pathOf(digest, 'bundle'), { force: true });
  }

  remove(digest: string): void {
    for (const kind of ['bundle', 'refused'] as const) rmSync(this.#pathOf(digest, kind), { force: true });
  }

  #write(digest: string, kind: 'bundle' | 'refused', bytes: Uint8Array): void {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const path = this.#pathOf(digest, kind);
    const fresh = `${path}.${process.pid}`;
    // What a lost power supply takes from it comes again from the topic.
    writeFileSync(fresh, bytes, { mode: 0o600, flush: true });
    renameSync(fresh, path);
  }

  #file(digest: string, kind: 'bundle' | 'refused'): Buffer | null {
    const path = this.#pathOf(digest, kind);
    try {
      const bytes = readFileSync(path);
      return bytes.length > BUNDLE_BYTES_MAX ? null : bytes;
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw new MsecError('DEPENDENCY_DOWN', `${path} cannot be read`, { cause });
    }
  }

  #pathOf(digest: string, kind: 'bundle' | 'refused'): string {
    // Nothing else ever becomes part of a path.
    if (!isDigest(digest)) throw new MsecError('VALUE_INVALID', 'no digest of a bundle', { field: 'digest' });
    return join(this.#folder, `${digest}.${kind}`);
  }
}

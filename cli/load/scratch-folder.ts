/** Where a load test writes: a fresh folder beside the data folder, on the same disk, gone afterwards. */
import { existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { MsecError } from '../../engine/index.ts';
import { type DataFolder, dataFolder, makeDataFolder } from '../city/index.ts';
import { UsageError } from '../terminal.ts';

export interface Scratch {
  readonly folder: DataFolder;
  remove(): void;
}

/**
 * `live`: the operator's data folder, which is neither used nor touched. `wanted`: the folder in which the fresh one is made;
 * null: beside the live one. UsageError where that is the live one or lies in it.
 */
export function makeScratch(live: string, wanted: string | null): Scratch {
  const parent = resolve(wanted ?? dirname(resolve(live)));
  if (wanted !== null && isWithin(whole(parent), whole(resolve(live))))
    throw new UsageError(
      `--scratch: ${wanted} is the data folder ${live}, or lies in it. A load test must not share it with your data: name another folder, or leave --scratch out.`,
    );
  if (!existsSync(parent)) makeDataFolder(dataFolder(parent));
  const path = madeIn(parent, `${basename(resolve(live))}.load-`);
  const folder = dataFolder(path);
  makeDataFolder(folder);
  return { folder, remove: () => rmSync(path, { recursive: true, force: true }) };
}

function madeIn(parent: string, name: string): string {
  try {
    return mkdtempSync(join(parent, name));
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new MsecError(
      'DATA_UNUSABLE',
      `No folder for the load test can be made in ${parent} (${code}). --scratch names another place.`,
      { cause },
    );
  }
}

/** Links resolved as far as the path exists. */
function whole(path: string): string {
  if (existsSync(path)) return realpathSync(path);
  const parent = dirname(path);
  return parent === path ? path : join(whole(parent), basename(path));
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

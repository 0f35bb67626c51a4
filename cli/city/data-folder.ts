/**
 * The data folder: what lies where, who may read it, and the note by which other commands find a running engine.
 * Everything in it is for its owner alone.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { MsecError } from '../../engine/index.ts';

export interface DataFolder {
  readonly path: string;
  readonly log: string;
  readonly keys: string;
  /** Local copies of state whose changelog is on Kafka. */
  readonly state: string;
  readonly fleet: string;
  readonly files: string;
  /** Bundles of detection rules, as the workers read them. */
  readonly idsRules: string;
  readonly eventLog: string;
  readonly adminToken: string;
  readonly running: string;
  /** As which member of the group on Kafka the process is known. */
  readonly member: string;
  /** As which writer it is known there. */
  readonly process: string;
}

/** `keys`: where the day keys lie instead, shared with other processes. */
export function dataFolder(path: string, keys: string | null = null): DataFolder {
  return {
    path,
    log: join(path, 'log'),
    keys: keys ?? join(path, 'keys'),
    state: join(path, 'state'),
    fleet: join(path, 'fleet'),
    files: join(path, 'files'),
    idsRules: join(path, 'ids-rules'),
    eventLog: join(path, 'msec.log'),
    adminToken: join(path, 'admin-token'),
    running: join(path, 'running.json'),
    member: join(path, 'member'),
    process: join(path, 'process'),
  };
}

/** Makes the folder where it is missing. CONFIG_INVALID where that cannot be. */
export function makeDataFolder(folder: DataFolder): void {
  try {
    makeFolders(folder.path);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new MsecError('DATA_UNUSABLE', `The data folder ${folder.path} cannot be made (${code ?? message}).`, {
      field: 'data',
      cause,
    });
  }
}

/** Level by level: Node's own recursive form never ends below /proc, where nothing can be made. */
function makeFolders(path: string): void {
  const missing: string[] = [];
  for (let at = path; !existsSync(at); at = dirname(at)) missing.push(at);
  for (const folder of missing.reverse()) mkdirSync(folder, { mode: 0o700 });
  if (!statSync(path).isDirectory()) throw new Error('it is no folder');
}

const TOKEN_CHARS_MIN = 32;

/**
 * The token of the admin API: the environment's, else the file's. Only the folder's own file is made where it is
 * missing. CONFIG_INVALID where it is too short, or a file that others may read.
 */
export function adminToken(file: string, mayMake: boolean, environment: string | undefined): string {
  if (environment !== undefined && environment !== '') return checkedToken(environment, 'MSEC_ADMIN_TOKEN');
  if (mayMake) {
    try {
      writeFileSync(file, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600, flag: 'wx' });
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') {
        throw new MsecError('DATA_UNUSABLE', `The admin token ${file} cannot be written.`, { cause });
      }
    }
  }
  let text: string;
  try {
    text = readFileSync(file, 'utf8').trim();
    if ((statSync(file).mode & 0o077) !== 0) {
      throw new MsecError('CONFIG_INVALID', `Others may read the admin token: chmod 600 ${file}`, {
        field: 'adminToken',
      });
    }
  } catch (cause) {
    if (cause instanceof MsecError) throw cause;
    throw new MsecError('CONFIG_INVALID', `The admin token ${file} cannot be read.`, { field: 'adminToken', cause });
  }
  return checkedToken(text, file);
}

function checkedToken(token: string, from: string): string {
  if (token.length >= TOKEN_CHARS_MIN && /^[\x21-\x7e]+$/.test(token)) return token;
  throw new MsecError(
    'CONFIG_INVALID',
    `The admin token of ${from} must be at least ${TOKEN_CHARS_MIN} visible characters.`,
    {
      field: 'adminToken',
    },
  );
}

export interface RunningNote {
  readonly pid: number;
  /** Which log it works on, as `logName` calls it. */
  readonly log: string;
  readonly console: string;
}

/** Written whole or not at all. */
export function noteRunning(folder: DataFolder, note: RunningNote): void {
  const fresh = `${folder.running}.${process.pid}`;
  writeFileSync(fresh, `${JSON.stringify(note)}\n`, { mode: 0o600 });
  renameSync(fresh, folder.running);
}

export function forgetRunning(folder: DataFolder): void {
  try {
    if (runningNote(folder)?.pid === process.pid) unlinkSync(folder.running);
  } catch {
    // A note that stays behind is recognised by its process, which is gone.
  }
}

/** The note of an engine that may be running; undefined where there is none. */
export function runningNote(folder: DataFolder): RunningNote | undefined {
  try {
    const note = JSON.parse(readFileSync(folder.running, 'utf8')) as Partial<RunningNote>;
    if (typeof note.pid !== 'number' || typeof note.console !== 'string') return undefined;
    return { pid: note.pid, log: note.log ?? 'embedded', console: note.console };
  } catch {
    return undefined;
  }
}

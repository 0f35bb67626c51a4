/**
 * Sees to it that all processes of an application use one folder of day keys: two folders would have different keys of
 * the same name, and what one process seals no other could open. The folder has an id, and the log says whose it is.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Clock, type Log, MsecError, type TopicConfig } from '../../engine/index.ts';
import { TextTopic, textAppend } from './text-topic.ts';

export const SHARED_TOPIC: TopicConfig = { name: '_msec', partitions: 1, cleanup: 'compact' };

const OWNER = 'msec.shared';
const KEYS_FOLDER = 'keys.folder';
const ID_FILE = 'folder-id';
const ATTEMPTS_MAX = 20;

/** `adopt`: from now on it is this folder, whichever it was. CONFIG_INVALID where it is another one. */
export async function claimKeysFolder(log: Log, folder: string, adopt: boolean, clock: Clock): Promise<void> {
  const id = folderId(folder);
  const reader = log.openReader();
  try {
    for (let attempt = 1; ; attempt++) {
      const known = await knownFolder(new TextTopic(reader, SHARED_TOPIC.name));
      if (known === id) return;
      if (known !== null && !adopt) throw anotherFolder(folder);
      try {
        const ownership = await log.acquire(OWNER);
        // Who wrote before is seen now; who comes after fences this.
        const present = await knownFolder(new TextTopic(reader, SHARED_TOPIC.name));
        if (present !== known) continue;
        const appends = [textAppend(SHARED_TOPIC.name, KEYS_FOLDER, id, clock.now())];
        await log.commit({ ownership, appends, admission: 'internal' });
      } catch (error) {
        const isFenced = error instanceof MsecError && error.code === 'FENCED';
        if (!isFenced || attempt === ATTEMPTS_MAX) throw error;
      }
    }
  } finally {
    await reader.close();
  }
}

async function knownFolder(topic: TextTopic): Promise<string | null> {
  let known: string | null = null;
  for await (const { key, value } of topic.readOn()) if (key === KEYS_FOLDER) known = value;
  return known;
}

/** Made once, whoever comes first. */
function folderId(folder: string): string {
  const file = join(folder, ID_FILE);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const fresh = `${file}.${randomBytes(8).toString('hex')}`;
  try {
    // Linked into place whole: of several that come at once, all read the first one's.
    if (!existsSync(file)) {
      writeFileSync(fresh, randomBytes(16).toString('hex'), { mode: 0o600, flag: 'wx' });
      linkSync(fresh, file);
    }
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
  } finally {
    rmSync(fresh, { force: true });
  }
  const id = readFileSync(file, 'utf8');
  if (/^[0-9a-f]{32}$/.test(id)) return id;
  throw new MsecError('DATA_UNUSABLE', `${file} is broken: remove it, and set keys.adopt for one start`);
}

function anotherFolder(folder: string): MsecError {
  return new MsecError(
    'CONFIG_INVALID',
    `${folder} is not the folder of day keys that this application uses on the cluster. All its processes need the same one (keys.folder). Only if that folder is lost: keys.adopt makes this one take its place, and what was sealed with the lost keys can never be read.`,
    { field: 'keys.folder' },
  );
}

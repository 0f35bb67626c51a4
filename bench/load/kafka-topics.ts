/** Topics of one run of one side, which are not to be in the way of the next. */
import { setTimeout as pause } from 'node:timers/promises';
import { deleteKafkaTopics, type Log } from '../../engine/index.ts';

const PAUSE_MS = 20;
const TRIES_MAX = 500;

/** All whose names begin with `prefix`, but not the broker's own. */
export async function deleteTopics(
  { log, bootstrap }: { readonly log: Log; readonly bootstrap: string },
  prefix: string,
): Promise<void> {
  const names = (await log.describe())
    .map(({ name }) => name)
    .filter((name) => name.startsWith(prefix) && !name.startsWith('__'));
  await deleteKafkaTopics({ bootstrap: [bootstrap] }, names);
  for (let tries = 0; ; tries++) {
    // The broker hears of it a moment later; until then a topic may go while it is described.
    const left = await log.describe(names).catch((error: unknown) => {
      if (tries >= TRIES_MAX) throw error;
      return null;
    });
    if (left?.length === 0) return;
    if (tries >= TRIES_MAX) throw new Error(`topics that begin with ${prefix} do not go away`);
    await pause(PAUSE_MS);
  }
}

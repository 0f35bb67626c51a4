/**
 * Tells, once a place of capture, that its TCP segments have wrong checksums, and so are in no stream: rules about streams
 * and HTTP would be silent there, and nothing say why. What the sensors' tasks count is asked for, seldom.
 */
import type { Clock, Emit, Engine } from '../../engine/index.ts';
import { WRONG_CHECKSUMS } from '../../schemas/network/index.ts';

const LOOK_MS = 5_000;
/** Keys are whoever publishes: one line for each would be a gift to whoever makes them up. */
const PLACES_MAX = 64;
const HINT =
  'they are in no stream, and rules about streams find nothing in them; where the network card makes the checksums (also on lo): ids.checksums: none';

export interface ChecksumWatch {
  close(): Promise<void>;
}

export interface ChecksumWatchOptions {
  readonly engine: Pick<Engine, 'status'>;
  readonly clock: Clock;
  readonly emit: Emit;
}

export function watchChecksums({ engine, clock, emit }: ChecksumWatchOptions): ChecksumWatch {
  const told = new Set<string>();
  let isClosed = false;
  let looking: Promise<void> = Promise.resolve();
  const look = async (): Promise<void> => {
    for (const [place, segments] of wrongOf((await engine.status()).tasks)) {
      if (told.has(place) || told.size >= PLACES_MAX) continue;
      told.add(place);
      emit('checksumsWrong', { place, segments, hint: HINT });
    }
  };
  const next = () =>
    clock.after(LOOK_MS, () => {
      looking = look()
        // A log that does not answer is told elsewhere.
        .catch(() => undefined)
        .finally(() => {
          if (!isClosed) timer = next();
        });
    });
  let timer = next();
  return {
    async close() {
      isClosed = true;
      timer.cancel();
      await looking;
    },
  };
}

type Tasks = Awaited<ReturnType<Engine['status']>>['tasks'];

/** Lanes of a place are one. */
function wrongOf(tasks: Tasks): Map<string, number> {
  const wrong = new Map<string, number>();
  for (const { stages } of tasks)
    for (const { counts } of stages)
      for (const [name, count] of Object.entries(counts)) {
        if (!name.startsWith(WRONG_CHECKSUMS)) continue;
        const place = name.slice(WRONG_CHECKSUMS.length).replace(/\/\d+$/, '');
        wrong.set(place, (wrong.get(place) ?? 0) + count);
      }
  return wrong;
}

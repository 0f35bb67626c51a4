/** What has piled up in each partition of a plan: by what its partitions are dealt to the workers. */
import { type Clock, pause } from '../base/index.ts';
import type { Log } from '../log/index.ts';
import type { Plan } from '../topology/index.ts';
import type { Weights } from './placement.ts';

/** An answer that takes longer is not worth the wait: work is then dealt as if nobody had more to do than another. */
const BACKLOG_MS_MAX = 500;

const UNKNOWN: Weights = new Map();

/** Records that the tasks of each of these partitions have not read. Never rejects; empty where it is not to be known. */
export async function backlogOf(
  { log, plan, clock }: { readonly log: Log; readonly plan: Plan; readonly clock: Clock },
  partitions: readonly number[],
): Promise<Weights> {
  if (log.backlog === undefined || partitions.length === 0) return UNKNOWN;
  const places = plan.subtopologies.flatMap(({ group, sources }) =>
    sources.flatMap(({ topic }) => partitions.map((partition) => ({ group, topic: topic.name, partition }))),
  );
  const asked = log.backlog(places).then(
    (records) => {
      const weights = new Map<number, number>();
      places.forEach(({ partition }, i) => {
        weights.set(partition, (weights.get(partition) ?? 0) + (records[i] ?? 0));
      });
      return weights;
    },
    () => UNKNOWN,
  );
  const answered = new AbortController();
  const limit = pause(clock, BACKLOG_MS_MAX, answered.signal).then(() => UNKNOWN);
  try {
    return await Promise.race([asked, limit]);
  } finally {
    answered.abort();
  }
}

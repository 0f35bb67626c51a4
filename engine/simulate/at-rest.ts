import type { LogReader } from '../log/index.ts';
import type { Plan } from '../topology/index.ts';

/** Whether every input of every task is committed to its end; the reader must answer within one event. */
export async function isAtRest(plan: Plan, reader: LogReader): Promise<boolean> {
  for (const { group, sources } of plan.subtopologies)
    for (const { topic } of sources) {
      const committed = await reader.committed(group, topic.name);
      for (let partition = 0; partition < plan.partitions; partition++) {
        const { start, end } = await reader.bounds(topic.name, partition);
        if ((committed[partition] ?? start) !== end) return false;
      }
    }
  return true;
}

/** aggregate: device.readings and device.sightings → device.aggregates and device.late. What it computes: aggregate.ts. */
import { type AnyActor, defineActor, rows } from '../../engine/index.ts';
import type { DeviceTopics } from '../../schemas/topics/index.ts';
import { type AggregateOptions, AggregateTask } from './aggregate.ts';
import { DISTINCT_ROW_BYTES } from './distinct-devices.ts';
import { rowBytesFor } from './window-row.ts';

export type { AggregateOptions } from './aggregate.ts';
export { DISTINCT_MAX } from './distinct-devices.ts';

export function aggregateActor(topics: DeviceTopics, options: AggregateOptions): AnyActor {
  const measuresMax = Math.max(...options.types.all.map((type) => type.measures.length));
  return defineActor({
    name: 'aggregate',
    inputs: { readings: topics.readings, sightings: topics.sightings },
    outputs: { aggregates: topics.aggregates, late: topics.late },
    state: { windows: rows(rowBytesFor(measuresMax)), distinct: rows(DISTINCT_ROW_BYTES) },
    open: (context) => new AggregateTask(context, options),
  });
}

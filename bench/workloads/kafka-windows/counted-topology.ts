/** The same topology in threads that tell what they allocate: of the heap, or of external memory around each batch. */
import { isMainThread } from 'node:worker_threads';
import type { AnyActor, TopologyDefinition } from '../../../engine/index.ts';
import { ExternalGrowth, tellExternal, tellHeap } from '../../load/allocations.ts';
import { type WindowTopology, windowTopology } from './topology.ts';

export interface CountedTopology extends WindowTopology {
  readonly counted: 'heap' | 'external';
}

const PERIOD_MS = 100;

export default (config: unknown): TopologyDefinition => {
  const { counted, ...window } = config as CountedTopology;
  const topology = windowTopology(window);
  if (isMainThread) return topology;
  if (counted === 'heap') {
    tellHeap(PERIOD_MS);
    return topology;
  }
  const growth = new ExternalGrowth();
  tellExternal(growth, PERIOD_MS);
  return { ...topology, actors: topology.actors.map((actor) => looking(actor, growth)) };
};

function looking(actor: AnyActor, growth: ExternalGrowth): AnyActor {
  return {
    ...actor,
    open(context) {
      const task = actor.open(context);
      const processBatch = task.processBatch?.bind(task);
      if (processBatch === undefined) return task;
      task.processBatch = (input, records) => {
        growth.look();
        processBatch(input, records);
        growth.look();
      };
      return task;
    },
  };
}

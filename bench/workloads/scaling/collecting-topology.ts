/** The window topology, in a thread that collects its garbage when it is asked to: what is left is what the keys cost. */
import { BroadcastChannel, isMainThread } from 'node:worker_threads';
import type { TopologyDefinition } from '../../../engine/index.ts';
import { type WindowTopology, windowTopology } from '../kafka-windows/topology.ts';

export const COLLECT_CHANNEL = 'msec-bench-collect';

export default (config: unknown): TopologyDefinition => {
  if (!isMainThread) {
    const channel = new BroadcastChannel(COLLECT_CHANNEL);
    channel.unref();
    channel.onmessage = () => globalThis.gc?.();
  }
  return windowTopology(config as WindowTopology);
};

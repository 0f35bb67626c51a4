/** The topology of one actor that both the engine's process and each of its workers make from the same settings. */
import type { TopologyDefinition } from '../../../engine/index.ts';
import { type WindowOptions, windowActor } from './window-actor.ts';

export interface WindowTopology extends WindowOptions {
  readonly application: string;
  readonly partitions: number;
}

export function windowTopology({ application, partitions, ...options }: WindowTopology): TopologyDefinition {
  return { name: application, partitions, actors: [windowActor(options)] };
}

export default (config: unknown): TopologyDefinition => windowTopology(config as WindowTopology);

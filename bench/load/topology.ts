/** The main job's topology under a name of the benchmark's own, so that one log can be consumed more than once. */
import type { TopologyDefinition } from '../../engine/index.ts';
import { MAIN_JOB_CONFIG, type MainJobConfig, mainJobTopology } from '../../services/main-job/index.ts';

export interface BenchTopology {
  readonly application: string;
  readonly keysFolder: string;
  readonly overrides: Partial<MainJobConfig>;
}

export async function benchTopology({
  application,
  keysFolder,
  overrides,
}: BenchTopology): Promise<TopologyDefinition> {
  const definition = await mainJobTopology({ ...MAIN_JOB_CONFIG, keysFolder, ...overrides });
  return { ...definition, name: application };
}

/** The entry that each worker imports. */
export default (config: unknown): Promise<TopologyDefinition> => benchTopology(config as BenchTopology);

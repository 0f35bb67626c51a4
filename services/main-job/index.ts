export {
  type ActorModule,
  APPLICATION,
  MAIN_JOB_CONFIG,
  type MainJobConfig,
  mainJobTopology,
} from './topology.ts';

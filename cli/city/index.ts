export type { Bridge, Bridges } from './bridges.ts';
export { type City, type CityOptions, openCity, WORKER_HEAP_MEGABYTES, workersOf } from './city.ts';
export { type CityLog, openCityLog } from './city-log.ts';
export { cityFrameTypes, cityJobConfig, cityPicture, cityPlan, letterTopics } from './city-plan.ts';
export {
  adminToken,
  type DataFolder,
  dataFolder,
  forgetRunning,
  makeDataFolder,
  noteRunning,
  type RunningNote,
  runningNote,
} from './data-folder.ts';
export { deviceAdmin } from './device-admin.ts';
export { deviceRateNote } from './device-rate.ts';
export { heldFramesOf } from './held-frames.ts';
export { type Examining, examiningOf, openIdsRules, ruleAdmin, ruleKeysOf } from './ids-rules.ts';
export { interactionAdmin } from './interactions.ts';
export { EMBEDDED, isOnKafka, kafkaSettings, logName } from './kafka-settings.ts';
export { letterView } from './page-items.ts';
export { graphJobOf } from './recommendations.ts';
export { forgetMs, standingRules } from './reputation.ts';
export { loadSchemas, SCHEMAS_TOPIC } from './schema-topic.ts';
export { standingAdmin } from './standing.ts';

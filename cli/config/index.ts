export {
  ConfigError,
  type ConfigProblem,
  formatProblem,
  type LoadedConfig,
  loadConfig,
  parseConfig,
  parseSetting,
} from './load.ts';
export { configReference } from './reference.ts';
export { configSchema } from './schema.ts';
export { type Config, SETTINGS, type SettingName } from './settings.ts';
export { DURATION_UNITS, parseDuration, parseSize, SIZE_UNITS } from './units.ts';

export { DayKeyFiles, type DerivedKeys, dayEndMs, deriveKeys, HARD_DEADLINE_MS, utcDay } from './day-key-files.ts';
export { DayKeys, type DayKeysOptions, type RetireRule } from './day-keys.ts';
export { ReadDays, type SealedTopic } from './read-days.ts';

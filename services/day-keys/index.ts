export { DayKeyFiles, type DerivedKeys, deriveKeys, utcDay } from './day-key-files.ts';
export { DayKeys, type DayKeysOptions, dayEndMs, HARD_DEADLINE_MS, type RetireRule } from './day-keys.ts';
export { ReadDays, type SealedTopic } from './read-days.ts';

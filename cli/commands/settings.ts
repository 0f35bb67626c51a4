/** The configuration of a command: the file, then what its flags say. */

import type { CommonFlags } from '../common-flags.ts';
import { type Config, type LoadedConfig, loadConfig, parseSetting, type SettingName } from '../config/index.ts';

export type FlagSettings = readonly (readonly [setting: SettingName, flag: string, value: unknown])[];

export function settingsOf(flags: CommonFlags, more: FlagSettings = []): LoadedConfig {
  const folder = process.cwd();
  const { config, file, set } = loadConfig(flags.config, folder);
  const changed: Record<string, unknown> = {};
  const chosen = new Set(set);
  const common: FlagSettings = [
    ['data', '--data', flags.data],
    ['kafka.bootstrap', '--kafka', flags.kafka?.split(',')],
  ];
  for (const [setting, flag, value] of [...common, ...more]) {
    if (value === undefined) continue;
    changed[setting] = parseSetting(setting, value, flag, folder);
    chosen.add(setting);
  }
  return { config: { ...config, ...changed } as Config, file, set: chosen };
}

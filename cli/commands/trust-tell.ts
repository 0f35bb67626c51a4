/** `msec trust tell`: an interaction, by the running engine or into its log. */
import type { CommonFlags } from '../common-flags.ts';
import { print, printJson, UsageError } from '../terminal.ts';
import { withInteractions } from './log-access.ts';
import { settingsOf } from './settings.ts';

export interface TellFlags extends CommonFlags {
  readonly weight?: number;
  readonly id?: string;
  readonly time?: string;
  readonly reason?: string;
}

interface Told {
  readonly partition: number;
  readonly offset: number;
  readonly id: string;
}

export async function tellInteraction(flags: TellFlags, args: readonly string[]): Promise<number> {
  const { config } = settingsOf(flags);
  const [trustor, trustee, service, text = ''] = args;
  const satisfaction = text.trim() === '' ? Number.NaN : Number(text);
  if (Number.isNaN(satisfaction)) throw new UsageError(`the satisfaction is a number from 0 to 1, not "${text}"`);
  const { weight, id, reason } = flags;
  const time = flags.time === undefined ? undefined : momentOf(flags.time);
  const request = { trustor, trustee, service, satisfaction, weight, id, time, reason };
  const told = (await withInteractions(config, (admin) => admin.tell(request))) as Told;
  if (flags.json === true) printJson(told);
  else
    print(
      `${trustor} is ${+(100 * satisfaction).toFixed(1)} % satisfied with ${trustee} for ${service}: told as ${told.id}.`,
    );
  return 0;
}

function momentOf(text: string): number {
  const atMs = Date.parse(text);
  if (!Number.isNaN(atMs)) return atMs;
  throw new UsageError('--time takes a time such as 2027-01-31 or 2027-01-31T12:00:00Z');
}

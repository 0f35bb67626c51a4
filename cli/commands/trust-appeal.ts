/** `msec trust appeal` and `msec trust ban`: an operator's word on how a provider stands, recorded for ever. */
import { userInfo } from 'node:os';
import type { StandingAction } from '../../schemas/standing/index.ts';
import type { StandingAnswer } from '../../services/standing/index.ts';
import type { CommonFlags } from '../common-flags.ts';
import { note, print, printJson, UsageError } from '../terminal.ts';
import { withStanding } from './log-access.ts';
import { settingsOf } from './settings.ts';

export interface BanFlags extends CommonFlags {
  readonly service: string;
  readonly because: string;
  readonly by?: string;
}

export interface AppealFlags extends BanFlags {
  readonly grant?: boolean;
  readonly refuse?: boolean;
}

export async function decideAppeal(flags: AppealFlags, trustee: string): Promise<number> {
  if ((flags.grant === true) === (flags.refuse === true)) throw new UsageError('name one of --grant and --refuse');
  return order(flags, trustee, flags.grant === true ? 'grant' : 'refuse');
}

export const banTrustee = (flags: BanFlags, trustee: string): Promise<number> => order(flags, trustee, 'ban');

async function order(flags: BanFlags, trustee: string, action: StandingAction): Promise<number> {
  const { config } = settingsOf(flags);
  const { service, because } = flags;
  const request = { action, by: flags.by ?? userInfo().username, why: because };
  const answer = (await withStanding(config, (admin) => admin.order(service, trustee, request))) as StandingAnswer;
  if (flags.json === true) {
    printJson(answer);
    return 0;
  }
  const { before, after } = answer;
  if (after === null) {
    print(`${trustee} is ${told(before.standing)} for ${service}; the word on it is in trust.commands.`);
    note('The trust actor does it once it comes to it; trust.decisions tells of it then.');
  } else {
    const was = after.standing === before.standing ? 'still ' : '';
    const than = was === '' ? `, and was ${told(before.standing)}` : '';
    print(`${trustee} is ${was}${told(after.standing)} for ${service}${than}.`);
  }
  return 0;
}

/** As the status page calls it. */
const told = (standing: string): string => (standing === 'permanent' ? 'blacklisted for good' : standing);

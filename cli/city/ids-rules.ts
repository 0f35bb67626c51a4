/** Bundles of detection rules as configured: whose are taken, where they lie, and how the admin API sees them. */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { RuleAdmin } from '../../console/index.ts';
import { type Clock, type Emit, errorData, type Log, MsecError, type Plan } from '../../engine/index.ts';
import { idsRulesConfig, NETWORK_PACKETS } from '../../schemas/topics/index.ts';
import type { RuleDesk } from '../../services/ids-rules/index.ts';
import type { Config } from '../config/index.ts';
import type { DataFolder } from './data-folder.ts';

export interface IdsRulesOptions {
  readonly config: Config;
  readonly folder: DataFolder;
  readonly log: Log;
  readonly clock: Clock;
  readonly emit: Emit | null;
  /** Null where no engine runs: then words are said with its next start. */
  readonly plan: Plan | null;
}

/** Null where nobody's bundles are taken. CONFIG_INVALID. */
export async function openIdsRules(options: IdsRulesOptions): Promise<RuleDesk | null> {
  const { config, folder, log, clock, emit, plan } = options;
  const keys = ruleKeysOf(config);
  if (keys.length === 0) return null;
  // Nobody else needs to wait for all that reads packets to be loaded.
  const { checkInThread, RuleDesk, RuleFiles } = await import('../../services/ids-rules/index.ts');
  await log.createTopics([idsRulesConfig()]);
  const packets = plan?.topics.find(({ name }) => name === NETWORK_PACKETS);
  return RuleDesk.open({
    ...{ log, clock, keys, files: new RuleFiles(folder.idsRules), check: checkInThread },
    signsRollBacks: config['ids.signedRollBack'],
    packets: packets === undefined ? null : { topic: packets.name, partitions: packets.partitions },
    onTurn: ({ name, version, kind, sequence, by }) =>
      emit?.('rulesTurned', { ruleSet: `${name} ${version}`, kind, sequence, by }),
    onRefused: ({ name, version, because }) => {
      emit?.('rulesRefused', { ruleSet: name === '' ? '' : `${name} ${version}`, because });
    },
    onFailure: (error) => {
      const { code, message } = errorData(error);
      emit?.('unexpectedError', { where: 'bundles of detection rules', code, error: message });
    },
  });
}

/** Whose bundles are taken. CONFIG_INVALID. */
export const ruleKeysOf = (config: Config): KeyObject[] => config['ids.ruleKeys'].map(ruleKey);

function ruleKey(file: string): KeyObject {
  const field = 'ids.ruleKeys';
  let pem: Buffer;
  try {
    pem = readFileSync(file);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new MsecError('CONFIG_INVALID', `${file} of ${field} cannot be read (${code}).`, { field, cause });
  }
  // A public key could be made of it, and the private one would lie about on a machine that does not need it.
  if (pem.includes('PRIVATE KEY'))
    throw new MsecError('CONFIG_INVALID', `${file} of ${field} is a private key; give the public one.`, { field });
  try {
    return createPublicKey(pem);
  } catch (cause) {
    throw new MsecError('CONFIG_INVALID', `${file} of ${field} is no public key in PEM.`, { field, cause });
  }
}

/** What is examined with the rules that are put in force: packets that come, those of the next start, or none. */
export type Examining = 'now' | 'next start' | 'nothing';

/** `plan`: null where no engine runs. */
export function examiningOf(config: Config, plan: Plan | null): Examining {
  if (config['ids.interface'] === null && config['ids.gateways'].length === 0) return 'nothing';
  return plan === null ? 'next start' : 'now';
}

export function ruleAdmin(desk: RuleDesk, config: Config, plan: Plan | null): RuleAdmin {
  const examining = examiningOf(config, plan);
  return {
    bytesMax: desk.bytesMax,
    list: async () => ({ ...(await desk.overview()), examining, signsRollBacks: config['ids.signedRollBack'] }),
    push: async (bundle, by) => ({ ...(await desk.push(bundle, by)), examining }),
    rollBack: async (request) => {
      const { version = null, by, why, signature } = (request ?? {}) as Readonly<Record<string, unknown>>;
      if (version !== null && !Number.isSafeInteger(version))
        throw new MsecError('REQUEST_INVALID', 'version must be a whole number', { field: 'version' });
      const text = (value: unknown, field: string): string => {
        if (typeof value === 'string') return value;
        throw new MsecError('REQUEST_INVALID', `${field} must be text`, { field });
      };
      const order = { version: version as number | null, by: text(by, 'by'), why: text(why, 'why') };
      const signed = signature === undefined ? {} : { signature: text(signature, 'signature') };
      return { ...(await desk.rollBack({ ...order, ...signed })), examining };
    },
  };
}

/** The cluster of a configuration, with what its files and the environment hold. Secrets go from here into memory only. */
import { readFileSync, statSync } from 'node:fs';
import { type KafkaReaderDescriptor, type KafkaSasl, type KafkaTls, MsecError } from '../../engine/index.ts';
import type { Config, SettingName } from '../config/index.ts';

const OTHERS_MODE = 0o077;
export const EMBEDDED = 'embedded';
const PASSWORD = 'MSEC_KAFKA_PASSWORD';

export const isOnKafka = (config: Config): boolean => config['kafka.bootstrap'].length > 0;

/** What a running note says of the log, so that a command finds out whether an engine works on the same one. */
export function logName(config: Config): string {
  if (!isOnKafka(config)) return EMBEDDED;
  return `kafka:${config['kafka.applicationId']}@${[...config['kafka.bootstrap']].sort().join(',')}`;
}

/** CONFIG_INVALID names the file or the variable that is wrong. */
export function kafkaSettings(config: Config, password: string | undefined): KafkaReaderDescriptor {
  const replicationFactor = config['kafka.replicationFactor'];
  const [tls, sasl] = [tlsOf(config), saslOf(config, password)];
  return {
    bootstrap: config['kafka.bootstrap'].map((address) => address.replace(/^\[(.*)\]/, '$1')),
    clientId: config['kafka.applicationId'],
    applicationId: config['kafka.applicationId'],
    ...(replicationFactor === null ? {} : { replicationFactor }),
    ...(tls === undefined ? {} : { tls }),
    ...(sasl === undefined ? {} : { sasl }),
  };
}

function tlsOf(config: Config): KafkaTls | undefined {
  if (!config['kafka.tls']) return undefined;
  const part = <Name extends string>(name: Name, setting: SettingName, isSecret = false) => {
    const file = config[setting] as string | null;
    return file === null ? {} : ({ [name]: read(file, setting, isSecret) } as Record<Name, string>);
  };
  return {
    ...part('ca', 'kafka.tlsCaFile'),
    ...part('cert', 'kafka.tlsCertFile'),
    ...part('key', 'kafka.tlsKeyFile', true),
  };
}

function saslOf(config: Config, given: string | undefined): KafkaReaderDescriptor['sasl'] {
  const mechanism = config['kafka.saslMechanism'] as KafkaSasl['mechanism'] | 'OAUTHBEARER' | 'none';
  const user = config['kafka.saslUser'];
  if (mechanism === 'OAUTHBEARER') {
    const tokenFile = config['kafka.saslTokenFile'] ?? '';
    // Looked at now, so that a wrong name is told at the start; the client reads it at each login.
    read(tokenFile, 'kafka.saslTokenFile', true);
    return { mechanism, tokenFile };
  }
  if (mechanism === 'none' || user === null) return undefined;
  const file = config['kafka.saslPasswordFile'];
  if (given !== undefined && given !== '') return { mechanism, user, password: given };
  if (file === null)
    throw new MsecError(
      'CONFIG_INVALID',
      `kafka.saslMechanism is ${mechanism}: its password comes from the environment (${PASSWORD}) or from the file that kafka.saslPasswordFile names.`,
      { field: 'kafka.saslPasswordFile' },
    );
  return { mechanism, user, password: read(file, 'kafka.saslPasswordFile', true).trimEnd() };
}

function read(file: string, setting: SettingName, isSecret: boolean): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
    if (isSecret && (statSync(file).mode & OTHERS_MODE) !== 0)
      throw new MsecError('CONFIG_INVALID', `Others may read ${setting}: chmod 600 ${file}`, { field: setting });
  } catch (cause) {
    if (cause instanceof MsecError) throw cause;
    const { code } = cause as NodeJS.ErrnoException;
    throw new MsecError('CONFIG_INVALID', `The file of ${setting}, ${file}, cannot be read (${code}).`, {
      field: setting,
      cause,
    });
  }
  if (text.trim() === '')
    throw new MsecError('CONFIG_INVALID', `The file of ${setting}, ${file}, is empty.`, { field: setting });
  return text;
}

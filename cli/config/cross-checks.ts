/** What no single setting shows: settings that only make sense together. */
import type { Config, SettingName } from './settings.ts';

export interface CrossProblem {
  readonly setting: SettingName;
  readonly message: string;
}

const TLS_FILES = ['kafka.tlsCaFile', 'kafka.tlsCertFile', 'kafka.tlsKeyFile'] as const;

/** `set`: the settings that the file names itself. */
export function crossProblems(config: Config, set: ReadonlySet<SettingName>): CrossProblem[] {
  const problems: CrossProblem[] = [];
  const add = (setting: SettingName, message: string) => problems.push({ setting, message });
  for (const setting of TLS_FILES)
    if (set.has(setting) && !config['kafka.tls']) add(setting, 'has no effect unless kafka.tls is true');
  for (const [one, other] of [
    ['kafka.tlsCertFile', 'kafka.tlsKeyFile'],
    ['kafka.tlsKeyFile', 'kafka.tlsCertFile'],
  ] as const)
    if (set.has(one) && !set.has(other)) add(one, `needs ${other} beside it`);
  const mechanism = config['kafka.saslMechanism'];
  const isByToken = mechanism === 'OAUTHBEARER';
  const isByPassword = mechanism !== 'none' && !isByToken;
  if (isByPassword && config['kafka.saslUser'] === null) add('kafka.saslMechanism', 'needs kafka.saslUser beside it');
  if (isByToken && config['kafka.saslTokenFile'] === null)
    add('kafka.saslMechanism', 'OAUTHBEARER needs kafka.saslTokenFile beside it');
  for (const setting of ['kafka.saslUser', 'kafka.saslPasswordFile'] as const)
    if (set.has(setting) && !isByPassword) add(setting, 'has no effect unless kafka.saslMechanism asks for a password');
  if (set.has('kafka.saslTokenFile') && !isByToken)
    add('kafka.saslTokenFile', 'has no effect unless kafka.saslMechanism is OAUTHBEARER');
  for (const name of set)
    if (name.startsWith('attestation.') && name !== 'attestation.policy' && config['attestation.policy'] === null)
      add(name, 'has no effect unless attestation.policy is set');
  for (const name of set)
    if (name.startsWith('trust.') && name !== 'trust.enabled' && !config['trust.enabled'])
      add(name, 'has no effect unless trust.enabled is true');
  if (config['trust.halfLifeSmall'] >= config['trust.halfLifeBig'])
    add('trust.halfLifeSmall', 'must be shorter than trust.halfLifeBig');
  for (const name of set)
    if (name.startsWith('ids.') && name !== 'ids.enabled' && !config['ids.enabled'])
      add(name, 'has no effect unless ids.enabled is true');
  for (const name of ['ids.filter', 'ids.lanes'] as const)
    if (set.has(name) && config['ids.interface'] === null) add(name, 'has no effect unless ids.interface is set');
  if (set.has('ids.gateways') && !config['http.enabled'])
    add('ids.gateways', 'has no effect unless http.enabled is true');
  if (set.has('syslog.address') && config['attestation.policy'] === null)
    add('syslog.address', 'has no effect unless attestation.policy is set');
  if (set.has('syslog.facility') && config['syslog.address'] === null)
    add('syslog.facility', 'has no effect unless syslog.address is set');
  for (const [one, other] of [
    ['attestation.references', 'attestation.referencesKey'],
    ['attestation.referencesKey', 'attestation.references'],
  ] as const)
    if (set.has(one) && !set.has(other)) add(one, `needs ${other} beside it`);
  return problems;
}

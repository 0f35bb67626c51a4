import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { isOnKafka, kafkaSettings, logName } from '../../../cli/city/kafka-settings.ts';
import { parseConfig } from '../../../cli/config/index.ts';

const configOf = (kafka: string, folder = '/etc') => parseConfig(`kafka: ${kafka}`, join(folder, 'msec.yaml')).config;

t.test('without brokers the log is the embedded one', async (t) => {
  const config = configOf('{}');
  t.notOk(isOnKafka(config));
  t.equal(logName(config), 'embedded');
});

t.test('the log has one name, in whatever order its brokers are named', async (t) => {
  const [one, other] = [configOf('{bootstrap: ["b:1", "a:2"]}'), configOf('{bootstrap: ["a:2", "b:1"]}')];
  t.ok(isOnKafka(one));
  t.equal(logName(one), 'kafka:msec-city@a:2,b:1');
  t.equal(logName(other), logName(one));
});

t.test('settings are plain data, and a bare cluster needs no more than its brokers', async (t) => {
  t.same(kafkaSettings(configOf('{bootstrap: ["[::1]:9092"], replicationFactor: 3}'), undefined), {
    bootstrap: ['::1:9092'],
    clientId: 'msec-city',
    applicationId: 'msec-city',
    replicationFactor: 3,
  });
});

t.test('secrets come from files that nobody else may read, or from the environment', async (t) => {
  const folder = t.testdir({ 'password.txt': 'hunter2\n', 'ca.pem': 'CA', 'cert.pem': 'CERT', 'key.pem': 'KEY' });
  const config = configOf(
    '{bootstrap: ["k:1"], tls: true, tlsCaFile: ca.pem, tlsCertFile: cert.pem, tlsKeyFile: key.pem,' +
      ' saslMechanism: SCRAM-SHA-256, saslUser: city, saslPasswordFile: password.txt}',
    folder,
  );
  const file = (name: string, mode: number) => chmodSync(join(folder, name), mode);
  file('password.txt', 0o640);
  file('key.pem', 0o600);
  t.throws(() => kafkaSettings(config, undefined), { code: 'CONFIG_INVALID', field: 'kafka.saslPasswordFile' });
  file('password.txt', 0o600);
  t.match(kafkaSettings(config, undefined), {
    tls: { ca: 'CA', cert: 'CERT', key: 'KEY' },
    sasl: { mechanism: 'SCRAM-SHA-256', user: 'city', password: 'hunter2' },
  });
  t.match(kafkaSettings(config, 'from the environment').sasl, { password: 'from the environment' });
  file('key.pem', 0o644);
  t.throws(() => kafkaSettings(config, undefined), { code: 'CONFIG_INVALID', field: 'kafka.tlsKeyFile' });
});

t.test('a token is left in its file, where it may be renewed', async (t) => {
  const folder = t.testdir({ token: 'abc' });
  chmodSync(join(folder, 'token'), 0o600);
  const config = configOf('{bootstrap: ["k:1"], saslMechanism: OAUTHBEARER, saslTokenFile: token}', folder);
  const tokenFile = join(folder, 'token');
  t.same(kafkaSettings(config, undefined).sasl, { mechanism: 'OAUTHBEARER', tokenFile });
  chmodSync(tokenFile, 0o644);
  t.throws(() => kafkaSettings(config, undefined), { code: 'CONFIG_INVALID', field: 'kafka.saslTokenFile' });
});

t.test('a missing password or file says what is missing, and no secret', async (t) => {
  const none = configOf('{bootstrap: ["k:1"], saslMechanism: PLAIN, saslUser: city}');
  t.throws(() => kafkaSettings(none, undefined), { code: 'CONFIG_INVALID', message: /MSEC_KAFKA_PASSWORD/ });
  t.equal(kafkaSettings(none, 'secret').sasl?.mechanism, 'PLAIN');
  const absent = configOf('{bootstrap: ["k:1"], tls: true, tlsCaFile: nowhere.pem}');
  t.throws(() => kafkaSettings(absent, undefined), { code: 'CONFIG_INVALID', message: /nowhere\.pem.*ENOENT/ });
});

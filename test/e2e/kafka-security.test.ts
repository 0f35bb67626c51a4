// Time limit: 900 s.
/** The settings of security lead every connection of a process, its workers' too, to a broker that asks for them. */
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { msec, recordsIn, startUp } from '../cli/run-cli.ts';
import { makeCertificates } from '../support/certificates.ts';
import { startKafka } from '../support/kafka-server.ts';
import { needs } from '../support/needs.ts';

t.setTimeout(890_000);

t.test('TLS and SCRAM by msec.yaml, with the password from a file or the environment', async (t) => {
  if (!needs(t, 'java', 'mvn', 'openssl')) return;
  const certificates = makeCertificates(t.testdir({}));
  const kafka = await startKafka(
    {
      'sasl.enabled.mechanisms': 'SCRAM-SHA-512',
      'listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config':
        'org.apache.kafka.common.security.scram.ScramLoginModule required ;',
      'ssl.keystore.type': 'PEM',
      'ssl.keystore.location': certificates.server.both,
      'ssl.truststore.type': 'PEM',
      'ssl.truststore.location': certificates.authorityFile,
    },
    { listeners: ['SASL_SSL'], scramUsers: ['SCRAM-SHA-512=[name=city,password=secret-512]'] },
  );
  t.teardown(() => kafka.stop());
  const cwd = t.testdirName;
  const settings = [
    `bootstrap: ["${kafka.listeners.SASL_SSL}"]`,
    `tls: true`,
    `tlsCaFile: ${certificates.authorityFile}`,
    `saslMechanism: SCRAM-SHA-512`,
    `saslUser: city`,
    `saslPasswordFile: password`,
  ];
  writeFileSync(join(cwd, 'msec.yaml'), `registry: {port: 0}\nkafka: {${settings.join(', ')}}\n`);
  writeFileSync(join(cwd, 'password'), 'secret-512\n');
  chmodSync(join(cwd, 'password'), 0o600);

  const running = await startUp(['--devices', '4', '--rate', '50', '--faults', '0', '--workers', '1'], { cwd });
  t.teardown(() => running.kill('SIGKILL'));
  await recordsIn(running, 'device.readings', 20);
  running.kill('SIGINT');
  t.same(await running.ended, [0, null]);
  t.notMatch(running.errors(), /secret-512/);

  const wrong = await msec(['topics', 'list'], { cwd, env: { MSEC_KAFKA_PASSWORD: 'wrong' } });
  t.match(wrong, { code: 78, err: /SASL_AUTHENTICATION_FAILED.*\[CONFIG_INVALID\]/ });
  t.notMatch(wrong.err, /wrong|secret-512/, 'no password is repeated');
  t.match(await msec(['topics', 'list'], { cwd }), { code: 0, out: /device\.readings/ });
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { type Clock, MsecError, systemClock } from '../../../../../engine/base/index.ts';
import { Connection, type ConnectionOptions, type SaslOptions } from '../../../../../engine/log/kafka/client/index.ts';
import { openKafkaLog } from '../../../../../engine/log/kafka/index.ts';
import { describeCluster } from '../../../../../engine/log/kafka/protocol/index.ts';
import { makeCertificates } from '../../../../support/certificates.ts';
import { startKafka } from '../../../../support/kafka-server.ts';
import { needs } from '../../../../support/needs.ts';
import { batches, readCount, values } from '../texts.ts';

const LOGIN_MS = 6_000;
const CLOCK_RATE = 2;
/** It runs ahead, so that logins are renewed long before the broker ends them, and none is late where the machine is busy. */
const fastClock: Clock = {
  ...systemClock,
  monotonic: () => systemClock.monotonic() * CLOCK_RATE,
};

if (needs(t, 'java', 'mvn', 'openssl')) await main();

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'msec-certificates-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const certificates = makeCertificates(folder);
  const module = (name: string, options = '') => `org.apache.kafka.common.security.${name} required ${options};`;
  const sasl = (listener: string): Record<string, string> => ({
    [`listener.name.${listener}.plain.sasl.jaas.config`]: module('plain.PlainLoginModule', 'user_alice="secret-1"'),
    [`listener.name.${listener}.scram-sha-256.sasl.jaas.config`]: module('scram.ScramLoginModule'),
    [`listener.name.${listener}.scram-sha-512.sasl.jaas.config`]: module('scram.ScramLoginModule'),
    [`listener.name.${listener}.oauthbearer.sasl.jaas.config`]: module(
      'oauthbearer.OAuthBearerLoginModule',
      'unsecuredLoginStringClaim_sub="broker"',
    ),
  });
  const server = await startKafka(
    {
      'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER',
      ...sasl('sasl_plaintext'),
      ...sasl('sasl_ssl'),
      'listener.name.sasl_plaintext.connections.max.reauth.ms': `${LOGIN_MS}`,
      'ssl.keystore.type': 'PEM',
      'ssl.keystore.location': certificates.server.both,
      'ssl.truststore.type': 'PEM',
      'ssl.truststore.location': certificates.authorityFile,
      'listener.name.ssl.ssl.client.auth': 'required',
    },
    {
      listeners: ['SSL', 'SASL_PLAINTEXT', 'SASL_SSL'],
      scramUsers: ['SCRAM-SHA-256=[name=alice,password=secret-256]', 'SCRAM-SHA-512=[name=alice,password=secret-512]'],
    },
  );
  t.teardown(() => server.stop());

  const options = (listener: string, more: Partial<ConnectionOptions> = {}): ConnectionOptions => {
    const [host = '', port] = server.listeners[listener]!.split(':');
    const { signal } = new AbortController();
    return {
      host,
      port: Number(port),
      clientId: 'test',
      clock: systemClock,
      requestTimeoutMs: 60_000,
      signal,
      ...more,
    };
  };
  const clusterId = async (connection: Connection) => {
    const { clusterId } = await connection.request(describeCluster, { includeClusterAuthorizedOperations: false });
    return clusterId;
  };
  const tls = { ca: certificates.authority };
  const mutual = { ...tls, cert: certificates.client.certificate, key: certificates.client.key };
  const token = (subject: string): SaslOptions => ({
    mechanism: 'OAUTHBEARER',
    token: async () => {
      const seconds = Math.floor(Date.now() / 1000);
      const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
      const claims = { sub: subject, iat: seconds, exp: seconds + 600 };
      return { value: `${part({ alg: 'none' })}.${part(claims)}.` };
    },
  });
  const logins: [name: string, sasl: SaslOptions][] = [
    ['PLAIN', { mechanism: 'PLAIN', user: 'alice', password: 'secret-1' }],
    ['SCRAM-SHA-256', { mechanism: 'SCRAM-SHA-256', user: 'alice', password: 'secret-256' }],
    ['SCRAM-SHA-512', { mechanism: 'SCRAM-SHA-512', user: 'alice', password: 'secret-512' }],
    ['OAUTHBEARER', token('alice')],
  ];

  t.test('TLS: a trusted broker, a client that shows who it is', async (t) => {
    const connection = await Connection.open(options('SSL', { tls: mutual }));
    t.ok(await clusterId(connection));
    connection.close();
    const named = await Connection.open(options('SSL', { tls: { ...mutual, serverName: 'localhost' } }));
    t.ok(await clusterId(named));
    named.close();
  });

  t.test('TLS: what is not trusted is DEPENDENCY_DOWN and says why', async (t) => {
    const refused: [Partial<ConnectionOptions>, RegExp][] = [
      [{ tls: {} }, /certificate|self-signed/],
      [{ tls: { ...mutual, serverName: 'elsewhere.example' } }, /elsewhere\.example/],
      // No certificate of ours: the broker ends the connection.
      [{ tls }, /certificate|closed|alert|ECONNRESET/],
    ];
    for (const [more, message] of refused) {
      await t.rejects(Connection.open(options('SSL', more)), { code: 'DEPENDENCY_DOWN', message });
    }
    await t.rejects(Connection.open(options('SSL', { tls: { ca: 'nonsense', cert: 'x', key: 'y' } })), {
      code: 'CONFIG_INVALID',
    });
  });

  for (const [name, login] of logins) {
    t.test(`SASL ${name}, in plain text and over TLS`, async (t) => {
      for (const more of [options('SASL_PLAINTEXT', { sasl: login }), options('SASL_SSL', { sasl: login, tls })]) {
        const connection = await Connection.open(more);
        t.ok(await clusterId(connection));
        connection.close();
      }
    });
  }

  t.test('logins that the broker wants renewed go on', async (t) => {
    await Promise.all(
      logins.map(async ([name, sasl]) => {
        const connection = await Connection.open(options('SASL_PLAINTEXT', { sasl, clock: fastClock }));
        // Long enough for the broker to end it, had nothing been renewed.
        const until = systemClock.monotonic() + 1.1 * LOGIN_MS;
        while (systemClock.monotonic() < until) await Promise.all([clusterId(connection), clusterId(connection)]);
        t.ok(connection.isOpen, name);
        connection.close();
      }),
    );
  });

  t.test('a wrong password is CONFIG_INVALID at once, and never told', async (t) => {
    const wrong: SaslOptions[] = (['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const).flatMap((mechanism) => [
      { mechanism, user: 'alice', password: 'wrong-password' },
      { mechanism, user: 'nobody', password: 'wrong-password' },
    ]);
    for (const login of wrong) {
      const failure: unknown = await Connection.open(options('SASL_PLAINTEXT', { sasl: login })).catch(
        (e: unknown) => e,
      );
      t.ok(failure instanceof MsecError && failure.code === 'CONFIG_INVALID', `${login.mechanism}: ${String(failure)}`);
      t.notMatch(`${String(failure)} ${JSON.stringify(failure)}`, /wrong-password/);
    }
  });

  t.test('the log works over an encrypted listener with a login', async (t) => {
    const log = openKafkaLog({
      bootstrap: [server.listeners.SASL_SSL!],
      tls,
      sasl: { mechanism: 'SCRAM-SHA-512', user: 'alice', password: 'secret-512' },
    });
    await log.createTopics([{ name: 'secured', partitions: 1, cleanup: 'delete' }]);
    const texts = Array.from({ length: 2000 }, (_, i) => `record ${i} ${'x'.repeat(i % 500)}`);
    await log.commit({ appends: [{ topic: 'secured', partition: 0, bytes: batches(texts) }] });
    const reader = log.openReader();
    t.same(values(await readCount(reader, 'secured', texts.length)), texts);
    await log.close();
  });
}

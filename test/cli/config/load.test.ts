import fc from 'fast-check';
import t from 'tap';
import { ConfigError, loadConfig, parseConfig, parseSetting, SETTINGS } from '../../../cli/config/index.ts';

function problemsOf(text: string): string[] {
  try {
    parseConfig(text, '/etc/msec.yaml');
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n');
    throw error;
  }
  return [];
}

t.test('an empty file and no file give the documented defaults', async (t) => {
  const { config, set } = parseConfig('', '/etc/msec.yaml');
  t.equal(config['console.port'], 8080);
  t.equal(config['log.quota'], 8 * 2 ** 30);
  t.equal(config['windows.grace'], 10_000);
  t.equal(config.data, '/etc/data', 'paths are relative to the file');
  t.equal(config['console.adminTokenFile'], null);
  t.equal(set.size, 0);
  t.same(loadConfig(undefined, t.testdir({})).file, null);
  t.same(parseConfig('# only a comment\n', '/etc/msec.yaml').config, config);
});

t.test('values come with their units and say which of them the file set', async (t) => {
  const { config, set } = parseConfig(
    'log: {quota: 1.5GiB}\nwindows:\n  grace: 90s\nunsignedFrom: [10.0.0.0/8, "fd00::/8"]\n',
    '/a/b.yaml',
  );
  t.equal(config['log.quota'], 1.5 * 2 ** 30);
  t.equal(config['windows.grace'], 90_000);
  t.same(config.unsignedFrom, ['10.0.0.0/8', 'fd00::/8']);
  t.same([...set].sort(), ['log.quota', 'unsignedFrom', 'windows.grace']);
});

t.test('each mistake is told with its line and column, all of them at once', async (t) => {
  const problems = problemsOf(
    'console:\n  prot: 8080\nfleet:\n  devices: many\n  rate: -1\nwindows:\n  grace: 10\nlogging:\n  level: warning\n',
  );
  t.same(problems, [
    '/etc/msec.yaml:2:3: console.prot: no such setting, did you mean port? (known: host, port, adminTokenFile)',
    '/etc/msec.yaml:4:12: fleet.devices: must be a whole number, is "many"',
    '/etc/msec.yaml:5:9: fleet.rate: must be between 0.01 and 1000000, is -1',
    '/etc/msec.yaml:7:10: windows.grace: must be a duration with its unit (ms, s, min, h, d), e.g. 10s, is 10',
    '/etc/msec.yaml:9:10: logging.level: "warning" is not one of debug, info, warn, error, did you mean warn?',
  ]);
});

t.test('a value without its unit, out of bounds or of the wrong shape is refused', async (t) => {
  t.match(problemsOf('windows: {grace: "10"}')[0], 'the unit is missing');
  t.match(problemsOf('windows: {grace: 2h}')[0], 'must be between 0s and 1h, is "2h"');
  t.match(
    problemsOf('unsignedFrom: [10.0.0.0/33]')[0],
    /^\/etc\/msec\.yaml:1:16: unsignedFrom\.0: must be a network in CIDR form/,
  );
  t.match(problemsOf('- a list')[0], 'a section with settings');
  t.match(problemsOf('console: 3')[0], 'console: must be a section');
});

t.test('broken YAML and repeated keys are told with their line', async (t) => {
  t.match(problemsOf('workers: 2\nworkers: 3')[0], /^\/etc\/msec\.yaml:2:1: /);
  t.match(problemsOf('console: {port: 1')[0], /^\/etc\/msec\.yaml:1:\d+: /);
  t.match(problemsOf('console: !secret x')[0], /^\/etc\/msec\.yaml:1:\d+: /);
});

t.test('a secret in the file is refused with the place where it belongs', async (t) => {
  const [problem] = problemsOf('console:\n  adminToken: hunter2\n');
  t.match(problem, '/etc/msec.yaml:2:3: console.adminToken: secrets do not belong');
  t.notMatch(problem, 'hunter2', 'and is not repeated');
});

t.test('brokers are host:port, each with its place, and names are names', async (t) => {
  const { config } = parseConfig('kafka: {bootstrap: ["k1:9092", "[::1]:9093"], instanceId: left-1}', '/a.yaml');
  t.same(config['kafka.bootstrap'], ['k1:9092', '[::1]:9093']);
  t.equal(config['kafka.applicationId'], 'msec-city');
  t.same(
    problemsOf('kafka:\n  bootstrap: [k1, "k2:0", "k3:9092"]\n  instanceId: no spaces\n  groupProtocol: kip848\n'),
    [
      '/etc/msec.yaml:2:15: kafka.bootstrap.0: must be a broker as host:port, e.g. 127.0.0.1:9092, is "k1"',
      '/etc/msec.yaml:2:19: kafka.bootstrap.1: must be a broker as host:port, e.g. 127.0.0.1:9092, is "k2:0"',
      '/etc/msec.yaml:3:15: kafka.instanceId: must be a name of letters, digits and . _ @ -, is "no spaces"',
      '/etc/msec.yaml:4:18: kafka.groupProtocol: "kip848" is not one of auto, consumer, classic',
    ],
  );
});

t.test('settings that only make sense together are told with the line of the one that stands alone', async (t) => {
  t.same(problemsOf('kafka:\n  tlsCaFile: ca.pem\n  tlsKeyFile: key.pem\n  saslUser: city\n'), [
    '/etc/msec.yaml:2:3: kafka.tlsCaFile: has no effect unless kafka.tls is true',
    '/etc/msec.yaml:3:3: kafka.tlsKeyFile: has no effect unless kafka.tls is true',
    '/etc/msec.yaml:3:3: kafka.tlsKeyFile: needs kafka.tlsCertFile beside it',
    '/etc/msec.yaml:4:3: kafka.saslUser: has no effect unless kafka.saslMechanism asks for a password',
  ]);
  t.same(problemsOf('kafka:\n  saslMechanism: PLAIN\n'), [
    '/etc/msec.yaml:2:3: kafka.saslMechanism: needs kafka.saslUser beside it',
  ]);
  t.match(problemsOf('kafka: {saslMechanism: OAUTHBEARER}')[0], 'needs kafka.saslTokenFile');
  t.match(problemsOf('kafka:\n  saslPassword: hunter2\n')[0], 'kafka.saslPasswordFile');
  t.same(problemsOf('kafka: {tls: true, saslMechanism: SCRAM-SHA-512, saslUser: city}'), []);
});

t.test('a file that was asked for must be there', async (t) => {
  t.throws(() => loadConfig('nowhere.yaml', t.testdir({})), { message: /no such file/, isMissing: true });
  const folder = t.testdir({ 'mine.yaml': 'workers: 3' });
  t.equal(loadConfig('mine.yaml', folder).config.workers, 3);
});

t.test('flags are checked as the file is', async (t) => {
  t.equal(parseSetting('fleet.devices', 3, '--devices', '/'), 3);
  t.throws(() => parseSetting('fleet.devices', 0, '--devices', '/'), {
    message: '--devices: must be between 1 and 100000, is 0',
  });
});

t.test('whatever the text, the answer is a configuration or problems with places', async () => {
  const word = fc.constantFrom(
    'console',
    'port',
    'fleet',
    'devices',
    'data',
    'windows',
    'grace',
    '10s',
    '8080',
    'true',
    'null',
    '-',
    ':',
    '\n',
    '  ',
    '{',
    '}',
    '[',
    ']',
    '&a',
    '*a',
    '"',
    '# x',
    '\t',
    '__proto__',
    '<<',
    '---',
    '%',
    '!!int',
    '1e400',
    '0x10',
    '~',
  );
  const text = fc.oneof(
    fc.string({ maxLength: 80, unit: 'grapheme' }),
    fc.array(word, { maxLength: 24 }).map((words) => words.join(' ')),
    fc.array(word, { maxLength: 24 }).map((words) => words.join('')),
  );
  fc.assert(
    fc.property(text, (yaml) => {
      try {
        const { config } = parseConfig(yaml, '/etc/msec.yaml');
        for (const name of Object.keys(SETTINGS)) if (!(name in config)) throw new Error(`${name} is missing`);
      } catch (error) {
        if (!(error instanceof ConfigError) || error.problems.length === 0) throw error;
        const lines = yaml.split(/\r\n|\r|\n/).length;
        for (const { line } of error.problems)
          if (line === null || line < 1 || line > lines) throw new Error(`line ${line}`, { cause: error });
      }
    }),
    { numRuns: 1500 },
  );
});

// Docker cannot run everywhere the tests do, so what the two files promise is read and checked, not run.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import { repositoryRoot } from '../support/needs.ts';

interface Service {
  readonly image?: string;
  readonly build?: string;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly environment?: Readonly<Record<string, unknown>>;
  readonly network_mode?: string;
  readonly command?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

const read = (name: string): string => readFileSync(join(repositoryRoot, name), 'utf8');
const compose = parse(read('docker-compose.yml'), { strict: true, uniqueKeys: true }) as Compose;
const services = Object.entries(compose.services);

t.test('there is a broker and an engine, and nothing else', async (t) => {
  t.same(Object.keys(compose.services).toSorted(), ['engine', 'kafka']);
  t.same(Object.keys(compose).toSorted(), ['services', 'volumes']);
});

t.test('each service has an image of a fixed version, or is built here', async (t) => {
  for (const [name, { image, build }] of services) {
    t.ok((image === undefined) !== (build === undefined), `${name} has one of the two`);
    if (image !== undefined) t.match(image, /^[\w./-]+:\d+\.\d+\.\d+$/, name);
    if (build !== undefined) t.ok(existsSync(join(repositoryRoot, build, 'Dockerfile')), name);
  }
});

t.test('every port is published on loopback alone', async (t) => {
  for (const [name, { ports = [] }] of services) {
    for (const port of ports) t.match(port, /^127\.0\.0\.1:\d+:\d+$/, `${name} ${port}`);
  }
});

t.test('what lasts lies in declared volumes', async (t) => {
  const used = services.flatMap(([, { volumes = [] }]) => volumes.map((volume) => volume.split(':')[0]));
  t.same(used.toSorted(), Object.keys(compose.volumes).toSorted());
  t.match(compose.services.engine?.volumes, [/^engine-data:\/srv\/msec\/data$/]);
});

t.test('the broker is one that stands alone: no replicas, no deletion by age, settings as texts', async (t) => {
  const environment = compose.services.kafka?.environment ?? {};
  for (const [name, value] of Object.entries(environment)) {
    t.match(name, /^KAFKA_[A-Z_]+$/);
    t.type(value, 'string', name);
  }
  t.match(environment, {
    KAFKA_PROCESS_ROLES: 'broker,controller',
    KAFKA_ADVERTISED_LISTENERS: 'PLAINTEXT://127.0.0.1:9092',
    KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: '1',
    KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: '1',
    KAFKA_LOG_RETENTION_MS: '-1',
  });
});

t.test('the engine has its log on the broker that stands beside it, once that answers', async (t) => {
  const { command = [], depends_on } = compose.services.engine ?? {};
  t.same(command.slice(0, 3), ['up', '--kafka', '127.0.0.1:9092']);
  t.match(compose.services.kafka?.ports, ['127.0.0.1:9092:9092']);
  t.same(depends_on, { kafka: { condition: 'service_healthy' } });
});

t.test('the image has the Node that runs msec, no root user, and files that exist', async (t) => {
  const lines = read('Dockerfile').replaceAll('\\\n', ' ').split('\n');
  const instructions = lines.filter((line) => /^[A-Z]+ /.test(line)).map((line) => line.split(/\s+/));
  const of = (name: string): string[][] => instructions.filter(([word]) => word === name);
  // package.json asks for what npm itself needs: it brings the Node that runs.
  const runs = /-ge (\d+)/.exec(read('bin/node24'))?.[1];
  t.equal(/^node:(\d+)/.exec(of('FROM')[0]?.[1] ?? '')?.[1], runs);
  t.same(of('USER'), [['USER', 'node']]);
  for (const [, ...parts] of of('COPY')) {
    for (const source of parts.slice(0, -1)) t.ok(existsSync(join(repositoryRoot, source)), `COPY ${source}`);
  }
  const [entry] = JSON.parse(of('ENTRYPOINT')[0]?.slice(1).join(' ') ?? '[]') as string[];
  t.ok(entry !== undefined && existsSync(join(repositoryRoot, entry)), 'the entry point exists');
});

t.test('nothing that only tests need, and no secret, gets into the image', async (t) => {
  const ignored = read('.dockerignore').split('\n');
  for (const name of ['.git', '.env', 'data', 'node_modules', 'test']) t.ok(ignored.includes(name), name);
});

t.test("Docker's own reader takes the file, where Docker's compose is installed", async (t) => {
  const isThere = spawnSync('docker', ['compose', 'version']).status === 0;
  if (!isThere) {
    t.pass('docker compose is not installed here; the checks above stand alone');
    return;
  }
  const result = spawnSync('docker', ['compose', 'config', '--quiet'], { cwd: repositoryRoot, encoding: 'utf8' });
  t.equal(result.status, 0, result.stderr);
});

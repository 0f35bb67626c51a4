/**
 * A real Kafka broker in KRaft mode for tests: ports of its own on loopback, a temporary folder, killed when the test ends,
 * however it ends. Needs Java and Maven (`needs('java', 'mvn')`); Maven fetches the pinned jars once per clone.
 */
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from './free-ports.ts';
import { programPath, repositoryRoot } from './needs.ts';

const folder = join(repositoryRoot, 'test', 'support', 'kafka');
const KEPT_OUTPUT_CHARS = 20_000;

export interface ToolResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface KafkaServer {
  /** host:port */
  readonly bootstrap: string;
  /** host:port of the further listeners, by their security protocol. */
  readonly listeners: Readonly<Record<string, string>>;
  /** Runs a main class of the broker's jars, with `input` on its standard input. */
  tool(mainClass: string, args: readonly string[], input?: string): Promise<ToolResult>;
  /** As `kill -9` does. Its data stay. */
  kill(): Promise<void>;
  /** Starts it again after `kill`, on the same port and data. */
  restart(): Promise<void>;
  /** Kills it and removes its data. */
  stop(): Promise<void>;
}

export interface KafkaOptions {
  /** Another version than pom.xml's, such as 3.9.1. */
  readonly version?: string;
  /** Feature levels to format the storage with, such as transaction.version=0; the version's own where absent. */
  readonly features?: Readonly<Record<string, number>>;
  /** Of the broker's virtual machine, instead of those that start fast in little memory. */
  readonly jvm?: readonly string[];
  /** Security protocols of further listeners: SSL, SASL_PLAINTEXT, SASL_SSL. The first listener stays in plain text. */
  readonly listeners?: readonly string[];
  /** SCRAM users as StorageTool's --add-scram takes them: `SCRAM-SHA-256=[name=alice,password=…]`. */
  readonly scramUsers?: readonly string[];
  /** One of several servers that form a cluster (kafka-cluster.ts). */
  readonly node?: KafkaNode;
}

export interface KafkaNode {
  readonly id: number;
  readonly clusterId: string;
  readonly brokerPort: number;
  readonly controllerPort: number;
}

/** Of a broker that is killed and started again: it may register only once its session has ended. */
export const RESTARTED: Readonly<Record<string, string>> = {
  'broker.session.timeout.ms': '1000',
  'broker.heartbeat.interval.ms': '200',
};

const JVM_SMALL = ['-Xmx320m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];

/** Resolves once the broker answers, within some seconds; the very first call also waits for Maven. */
export async function startKafka(
  properties: Readonly<Record<string, string>> = {},
  { version, features = {}, jvm = JVM_SMALL, listeners = [], scramUsers = [], node }: KafkaOptions = {},
): Promise<KafkaServer> {
  const jars = await fetchKafkaJars(version);
  const data = mkdtempSync(join(tmpdir(), 'msec-kafka-'));
  const removeData = () => rmSync(data, { recursive: true, force: true });
  process.once('exit', removeData);
  try {
    const [freePort = 0, otherFreePort = 0, ...morePorts] = await freePorts(2 + listeners.length);
    const { brokerPort, controllerPort } = node ?? { brokerPort: freePort, controllerPort: otherFreePort };
    const more = listeners.map((protocol, i) => [protocol, `127.0.0.1:${morePorts[i]}`] as const);
    const file = join(data, 'server.properties');
    const all = { ...listenerProperties(brokerPort, controllerPort, more), ...properties };
    writeFileSync(file, serverProperties(data, controllerPort, all));
    const clusterId = node?.clusterId ?? newClusterId();
    const levels = Object.entries(features).flatMap(([name, level]) => ['--feature', `${name}=${level}`]);
    const users = scramUsers.flatMap((user) => ['--add-scram', user]);
    const args = ['format', '-t', clusterId, '-c', file, ...levels, ...users];
    const format = await runJava(jars, 'kafka.tools.StorageTool', args);
    if (format.code !== 0) throw new Error(`formatting Kafka's storage failed: ${format.stdout}${format.stderr}`);
    let broker = await startBroker(jars, file, jvm);
    return {
      bootstrap: `127.0.0.1:${brokerPort}`,
      listeners: Object.fromEntries(more),
      tool: (mainClass, args, input) => runJava(jars, mainClass, args, input),
      kill: () => broker.kill(),
      async restart() {
        await broker.kill();
        broker = await startBroker(jars, file, jvm);
      },
      async stop() {
        await broker.kill();
        process.removeListener('exit', removeData);
        removeData();
      },
    };
  } catch (error) {
    process.removeListener('exit', removeData);
    removeData();
    throw error;
  }
}

/** Hexadecimal, because an identifier that begins with a hyphen would be taken for an option. */
export function newClusterId(): string {
  return randomBytes(11).toString('hex');
}

function listenerProperties(
  brokerPort: number,
  controllerPort: number,
  more: readonly (readonly [protocol: string, address: string])[],
): Record<string, string> {
  const advertised = [`PLAINTEXT://127.0.0.1:${brokerPort}`, ...more.map(([protocol, at]) => `${protocol}://${at}`)];
  return {
    listeners: [...advertised, `CONTROLLER://127.0.0.1:${controllerPort}`].join(','),
    'advertised.listeners': advertised.join(','),
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': ['PLAINTEXT:PLAINTEXT', 'CONTROLLER:PLAINTEXT']
      .concat(more.map(([protocol]) => `${protocol}:${protocol}`))
      .join(','),
  };
}

function serverProperties(data: string, controllerPort: number, more: Readonly<Record<string, string>>): string {
  const properties: Record<string, string> = {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    'log.dirs': join(data, 'log'),
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '1',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'transaction.state.log.num.partitions': '1',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    'group.initial.rebalance.delay.ms': '0',
    'auto.create.topics.enable': 'false',
    // On a busy machine it hears of itself late, and would take its own leaderships away.
    'broker.session.timeout.ms': '60000',
    'broker.heartbeat.interval.ms': '500',
    // The default deletes records with old timestamps, which tests write.
    'log.retention.ms': '-1',
    'log.cleaner.backoff.ms': '100',
    'log.retention.check.interval.ms': '100',
    'log.initial.task.delay.ms': '100',
    ...more,
  };
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

interface Broker {
  kill(): Promise<void>;
}

/**
 * The shell between us kills the broker as soon as its own input ends, which also happens when this process is killed
 * and can do nothing any more.
 */
const GUARD = '"$@" 0</dev/null 3<&- & broker=$!; { cat <&3; kill -9 $broker; } >/dev/null 2>&1 & wait $broker';

function startBroker(jars: string, file: string, jvm: readonly string[]): Promise<Broker> {
  const args = [
    ...jvm,
    ...logging('warn'),
    '-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info',
    '-cp',
    classPath(jars),
    'kafka.Kafka',
    file,
  ];
  const child = spawn('/bin/sh', ['-c', `exec 3<&0; ${GUARD}`, 'sh', programPath('java'), ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  // A broken pipe says only that the broker has gone, which `exited` says as well.
  child.stdin.on('error', () => {});
  const broker: Broker = {
    async kill() {
      child.stdin.end();
      await exited;
    },
  };
  return new Promise((resolve, reject) => {
    let output = '';
    const collect = (chunk: string) => {
      output = (output + chunk).slice(-KEPT_OUTPUT_CHARS);
      if (output.includes('Kafka Server started')) resolve(broker);
    };
    child.stdout.setEncoding('utf8').on('data', collect);
    child.stderr.setEncoding('utf8').on('data', collect);
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`Kafka ended before it answered:\n${output}`)));
  });
}

/** The logger that we read comes first: Kafka 3.9 brings another, and of two the first that is found is taken. */
function classPath(jars: string): string {
  const simple = readdirSync(jars).find((name) => name.startsWith('slf4j-simple')) ?? '';
  return `${join(jars, simple)}:${join(jars, '*')}`;
}

function logging(level: string): string[] {
  return ['-Dorg.slf4j.simpleLogger.logFile=System.out', `-Dorg.slf4j.simpleLogger.defaultLogLevel=${level}`];
}

function runJava(jars: string, mainClass: string, args: readonly string[], input = ''): Promise<ToolResult> {
  const options = ['-Xmx256m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', ...logging('error')];
  return run(programPath('java'), [...options, '-cp', classPath(jars), mainClass, ...args], input);
}

/** Compiles and runs one source file against the broker's jars; needs `javac`. */
export async function runJavaFile(file: string, input = ''): Promise<ToolResult> {
  const jars = await fetchKafkaJars();
  return await run(programPath('java'), ['-Xmx256m', ...logging('error'), '-cp', classPath(jars), file], input);
}

function run(program: string, args: readonly string[], input = ''): Promise<ToolResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    const killChild = () => child.kill('SIGKILL');
    process.once('exit', killChild);
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      stdout += chunk;
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      stderr += chunk;
    });
    child.once('error', reject);
    child.once('close', (code) => {
      process.removeListener('exit', killChild);
      resolve({ code: code ?? 1, stdout, stderr });
    });
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}

/** The folder with the jars of pom.xml, named by its content; several tests may ask at once. */
export async function fetchKafkaJars(version?: string): Promise<string> {
  const pom = join(folder, 'pom.xml');
  const content = createHash('sha256').update(readFileSync(pom)).digest('hex').slice(0, 12);
  const jars = join(folder, 'target', version === undefined ? `jars-${content}` : `jars-${content}-${version}`);
  if (existsSync(jars)) return jars;
  const partial = join(folder, 'target', `partial-${process.pid}`);
  const args = ['-q', '-B', '-f', pom, 'dependency:copy-dependencies', `-DoutputDirectory=${partial}`];
  // Brokers before 4.0 bring a logger of their own, which would hide the line that says they have started.
  if (version !== undefined) args.push(`-Dkafka.version=${version}`, '-DexcludeArtifactIds=slf4j-reload4j');
  const { code, stdout, stderr } = await run(programPath('mvn'), args);
  if (code !== 0) throw new Error(`Maven could not fetch Kafka: ${stdout}${stderr}`);
  try {
    renameSync(partial, jars);
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    if (!existsSync(jars)) throw error;
  }
  return jars;
}

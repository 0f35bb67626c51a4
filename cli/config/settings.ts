/**
 * Every setting of msec.yaml, in one table: the JSON schema, the typed configuration and docs/reference/config.md are
 * made from it. A secret is never a setting; a setting may name the file that holds one.
 */
import { DETECTION_SETTINGS } from './detection-settings.ts';
import type { Setting } from './setting.ts';
import { TRUST_SETTINGS } from './trust-settings.ts';

const PORT_DOC = 'When it is not set and taken, the next free port is used and printed; 0 takes any free port.';

export const SETTINGS = {
  data: {
    kind: 'path',
    default: './data',
    doc: 'Folder of everything that lasts: the log (unless it is on Kafka), the keys, the admin token. One process at a time. `--data`.',
  },
  workers: {
    kind: 'integer',
    default: null,
    min: 1,
    max: 256,
    doc: 'Worker threads. Unset: one for each processor core, at most 8. `--workers`.',
  },
  'log.quota': {
    kind: 'size',
    default: '8GiB',
    min: '64MiB',
    max: '1024TiB',
    doc: 'Disk space of the log, at most 80 % of what the disk has for it at the start. When records that a required reader has not read fill it, bridges refuse new frames.',
  },
  'log.partitions': {
    kind: 'integer',
    default: 4,
    min: 1,
    max: 256,
    doc: 'Partitions of each keyed topic: the upper bound of parallel work. Fixed once the topics exist.',
  },
  'log.groupCommit': {
    kind: 'duration',
    default: '5ms',
    min: '0ms',
    max: '1s',
    doc: 'How long a commit waits for others to share one write to disk with.',
  },
  'keys.folder': {
    kind: 'path',
    default: null,
    doc: 'Folder of the day keys. Unset: `keys` in the data folder. Processes that share their work on Kafka must share this folder.',
  },
  'keys.adopt': {
    kind: 'boolean',
    default: false,
    doc: 'Whether this folder of day keys takes the place of another one that the application used on Kafka before. For once, when that one is lost: what it had sealed can never be read.',
  },
  'kafka.bootstrap': {
    kind: 'addresses',
    default: [],
    doc: 'Brokers, as host:port, over which a Kafka cluster is found. Empty: the embedded log. `--kafka`.',
  },
  'kafka.applicationId': {
    kind: 'name',
    default: 'msec-city',
    doc: 'Name of the application on the cluster: its group, and the beginning of its transactional ids. Processes of the same name share the work.',
  },
  'kafka.instanceId': {
    kind: 'name',
    default: null,
    doc: 'Lasting name of this process within the group (static membership): a restart within the session’s time moves no partitions. Unset: none.',
  },
  'kafka.groupProtocol': {
    kind: 'choice',
    default: 'auto',
    choices: ['auto', 'consumer', 'classic'],
    doc: 'How processes share partitions: the protocol of KIP-848, the classic one, or the newest that the brokers speak.',
  },
  'kafka.replicationFactor': {
    kind: 'integer',
    default: null,
    min: 1,
    max: 32,
    doc: 'Replicas of topics that are made. Unset: the brokers’ default.',
  },
  'kafka.foreignPartitioning': {
    kind: 'choice',
    default: 'repartition',
    choices: ['repartition', 'refuse'],
    doc: 'What becomes of a frame that a foreign producer has put into another partition than its key’s: moved there, or a dead letter (PARTITION_WRONG).',
  },
  'kafka.tls': { kind: 'boolean', default: false, doc: 'Whether connections to the brokers are encrypted.' },
  'kafka.tlsCaFile': {
    kind: 'path',
    default: null,
    doc: 'Authorities (PEM) that are trusted instead of the system’s.',
  },
  'kafka.tlsCertFile': { kind: 'path', default: null, doc: 'Certificate (PEM) that this process shows.' },
  'kafka.tlsKeyFile': { kind: 'path', default: null, doc: 'Key (PEM) of `kafka.tlsCertFile`, for its owner alone.' },
  'kafka.saslMechanism': {
    kind: 'choice',
    default: 'none',
    choices: ['none', 'PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER'],
    doc: 'How this process authenticates. PLAIN shows the password to whoever reads the connection: only with `kafka.tls`.',
  },
  'kafka.saslUser': { kind: 'name', default: null, doc: 'User of `kafka.saslMechanism`.' },
  'kafka.saslPasswordFile': {
    kind: 'path',
    default: null,
    doc: 'File with the password of `kafka.saslUser`, mode 0600. The environment variable MSEC_KAFKA_PASSWORD comes first.',
  },
  'kafka.saslTokenFile': {
    kind: 'path',
    default: null,
    doc: 'File with the token of OAUTHBEARER, mode 0600, read again at each login, so that it may be renewed.',
  },
  'console.host': {
    kind: 'choice',
    default: '127.0.0.1',
    choices: ['127.0.0.1', '::1', 'localhost'],
    doc: 'Address of the status page. Loopback addresses only.',
  },
  'console.port': {
    kind: 'port',
    default: 8080,
    doc: `Port of the status page and of /metrics. ${PORT_DOC} \`--port\`.`,
  },
  'console.adminTokenFile': {
    kind: 'path',
    default: null,
    doc: 'File with the token of the admin API. Unset: `admin-token` in the data folder, made at the first start, mode 0600. The environment variable MSEC_ADMIN_TOKEN comes first.',
  },
  'mqtt.enabled': { kind: 'boolean', default: true, doc: 'Whether the MQTT 3.1.1 bridge listens.' },
  'mqtt.host': {
    kind: 'host',
    default: '127.0.0.1',
    doc: 'Address of the MQTT bridge. Each device shows its own credentials.',
  },
  'mqtt.port': { kind: 'port', default: 1883, doc: `Port of the MQTT bridge. ${PORT_DOC} \`--mqtt-port\`.` },
  'mqtt.connections': {
    kind: 'integer',
    default: 10_000,
    min: 1,
    max: 65_535,
    doc: 'MQTT connections at once; another one is refused. Each takes some 60 KB of memory and a file descriptor.',
  },
  'http.enabled': { kind: 'boolean', default: true, doc: 'Whether the HTTP bridge listens.' },
  'http.host': {
    kind: 'host',
    default: '127.0.0.1',
    doc: 'Address of the HTTP bridge. Each device shows its own credentials.',
  },
  'http.port': { kind: 'port', default: 8081, doc: `Port of the HTTP bridge. ${PORT_DOC} \`--http-port\`.` },
  'registry.enabled': {
    kind: 'boolean',
    default: true,
    doc: 'Whether the schema registry answers HTTP, as Confluent’s does, on loopback.',
  },
  'registry.port': { kind: 'port', default: 8085, doc: `Port of the schema registry. ${PORT_DOC}` },
  'limits.frame': {
    kind: 'size',
    default: '64KiB',
    min: '64B',
    max: '1MiB',
    doc: 'The largest payload that a bridge takes, envelope included.',
  },
  'limits.deviceRate': {
    kind: 'number',
    default: 50,
    min: 0.01,
    max: 100_000,
    doc: 'Frames a second that one device may send over a longer time, over all protocols together. Unset: as much as a simulated device needs, where that is more.',
  },
  'limits.deviceBurst': {
    kind: 'integer',
    default: 500,
    min: 1,
    max: 1_000_000,
    doc: 'Frames that one device may send at once after a pause. Unset: as `limits.deviceRate`.',
  },
  'devices.conflicts': {
    kind: 'choice',
    default: 'quarantine',
    choices: ['quarantine', 'mark'],
    doc: 'What becomes of a device that has signed two contents under one sequence number, so that somebody else may have its key: nothing of it passes until `msec device reset`, or its readings are marked `suspect`.',
  },
  'attestation.policy': {
    kind: 'path',
    default: null,
    doc: 'Policy by which devices have to prove their state; see docs/attestation.md. Unset: nobody is asked, and all verified frames pass. Set: the frames of a device that does not prove itself are held.',
  },
  'attestation.references': {
    kind: 'path',
    default: null,
    doc: 'Reference values of the firmware; their signature lies beside them, with `.sig` behind the name.',
  },
  'attestation.referencesKey': {
    kind: 'path',
    default: null,
    doc: 'Public key (PEM) of whoever signs the reference values.',
  },
  'attestation.interval': {
    kind: 'duration',
    default: '60s',
    min: '1s',
    max: '7d',
    doc: 'From a device’s proof to the next challenge.',
  },
  'attestation.jitter': {
    kind: 'number',
    default: 0.1,
    min: 0,
    max: 0.5,
    doc: 'Share by which each interval is shorter or longer, so that devices are not asked all at once.',
  },
  'attestation.deadline': {
    kind: 'duration',
    default: '10s',
    min: '100ms',
    max: '1h',
    doc: 'From a challenge to the moment at which missing evidence is distrust. No longer than the age that the policy allows.',
  },
  'attestation.retry': {
    kind: 'duration',
    default: '5s',
    min: '100ms',
    max: '1d',
    doc: 'From a doubt to the next challenge; doubles with each in a row, up to the interval.',
  },
  'attestation.failures': {
    kind: 'integer',
    default: 3,
    min: 1,
    max: 100,
    doc: 'So many times in a row evidence may not hold until the device is in quarantine and gets no session. Missing evidence does not count.',
  },
  'attestation.withoutKey': {
    kind: 'choice',
    default: 'hold',
    choices: ['hold', 'pass'],
    doc: 'What becomes of the frames of devices without an attestation key, which cannot prove anything.',
  },
  ...TRUST_SETTINGS,
  ...DETECTION_SETTINGS,
  unsignedFrom: {
    kind: 'cidrs',
    default: [],
    doc: 'Networks from which frames without a signature are accepted; their readings are marked as unverified. Empty: none. `--unsigned-from`.',
  },
  frames: {
    kind: 'paths',
    default: [],
    doc: 'Descriptions (YAML) of further frame types, in the form of schemas/frames/enmon.yaml.',
  },
  actors: {
    kind: 'paths',
    default: [],
    doc: 'Modules of further actors: their default export takes the topics and gives an actor.',
  },
  'windows.grace': {
    kind: 'duration',
    default: '10s',
    min: '0s',
    max: '1h',
    doc: 'How long after its end a one-minute window waits for late readings. Later ones go to a side output.',
  },
  'retention.frames': {
    kind: 'duration',
    default: '24h',
    min: '1min',
    max: '3650d',
    doc: 'How long raw frames are kept. Crowd payloads cannot be read after their day’s key is destroyed, whatever stands here.',
  },
  'retention.readings': {
    kind: 'duration',
    default: '7d',
    min: '1min',
    max: '3650d',
    doc: 'How long readings are kept.',
  },
  'retention.aggregates': {
    kind: 'duration',
    default: '90d',
    min: '1min',
    max: '3650d',
    doc: 'How long aggregates are kept.',
  },
  'retention.packets': {
    kind: 'duration',
    default: '1h',
    min: '1min',
    max: '3650d',
    doc: 'How long captured packets are kept. What a restart has to read again must be among them; see `ids.replay`.',
  },
  'retention.alerts': {
    kind: 'duration',
    default: '90d',
    min: '1min',
    max: '3650d',
    doc: 'How long alerts and verdicts of intrusion detection are kept.',
  },
  'retention.events': {
    kind: 'duration',
    default: '7d',
    min: '1min',
    max: '3650d',
    doc: 'How long other events of intrusion detection are kept.',
  },
  'retention.trustLog': {
    kind: 'duration',
    default: null,
    min: '1h',
    max: '36500d',
    doc: 'How long interactions and checkpoints stay in `trust.log` and `trust.checkpoints`. Unset: for ever. Scores that count older ones cannot be made anew.',
  },
  'retention.deadLetters': {
    kind: 'duration',
    default: '30d',
    min: '1min',
    max: '3650d',
    doc: 'How long dead letters are kept.',
  },
  'files.enabled': {
    kind: 'boolean',
    default: false,
    doc: 'Whether readings and aggregates are also written as NDJSON files: all partitions, so with several processes on Kafka in one of them.',
  },
  'files.folder': {
    kind: 'path',
    default: null,
    doc: 'Folder of the NDJSON files. Unset: `files` in the data folder.',
  },
  'files.rotateSize': {
    kind: 'size',
    default: '64MiB',
    min: '4KiB',
    max: '64GiB',
    doc: 'Size at which a file is closed and the next one begun.',
  },
  'files.keep': { kind: 'integer', default: 16, min: 1, max: 100_000, doc: 'Closed files kept for each topic.' },
  'fleet.enabled': {
    kind: 'boolean',
    default: true,
    doc: 'Whether a simulated fleet publishes frames. With Kafka only where this or another setting of the fleet is set. `--fleet`, `--no-fleet`.',
  },
  'fleet.devices': { kind: 'integer', default: 200, min: 1, max: 100_000, doc: 'Simulated devices. `--devices`.' },
  'fleet.rate': {
    kind: 'number',
    default: 200,
    min: 0.01,
    max: 1_000_000,
    doc: 'Frames a second of the whole fleet. `--rate`.',
  },
  'fleet.faults': {
    kind: 'number',
    default: 0.002,
    min: 0,
    max: 1,
    doc: 'Share of the fleet’s frames that are wrong on purpose: forged, cut off, out of range, repeated. 0: none. `--faults`.',
  },
  'fleet.signing': {
    kind: 'choice',
    default: 'frame',
    choices: ['frame', 'batch', 'session'],
    doc: 'How the fleet’s devices sign: each frame, batches of 16, or under sessions. `--signing`.',
  },
  'syslog.address': {
    kind: 'receiver',
    default: null,
    doc: 'Receiver of syslog messages (RFC 5424) about devices that lose or regain trust: `tcp://HOST:PORT`, `udp://HOST:PORT`, or a stream socket, `unix:/PATH`. All partitions, so with several processes on Kafka in one of them. Unset: none.',
  },
  'syslog.facility': {
    kind: 'choice',
    default: 'authpriv',
    choices: ['auth', 'authpriv', 'local0', 'local1', 'local2', 'local3', 'local4', 'local5', 'local6', 'local7'],
    doc: 'Facility of these messages.',
  },
  'logging.level': {
    kind: 'choice',
    default: 'info',
    choices: ['debug', 'info', 'warn', 'error'],
    doc: 'The least important log lines that are written.',
  },
  'logging.file': {
    kind: 'path',
    default: null,
    doc: 'File that structured log lines (JSON) are appended to. Unset: `msec.log` in the data folder on a terminal, standard error otherwise.',
  },
} as const satisfies Record<string, Setting>;

export type SettingName = keyof typeof SETTINGS;

type ValueOfKind<S extends Setting> = S extends { kind: 'boolean' }
  ? boolean
  : S extends { kind: 'integer' | 'number' | 'port' | 'duration' | 'size' }
    ? number
    : S extends { kind: 'cidrs' | 'paths' | 'addresses' | 'names' }
      ? readonly string[]
      : S extends { kind: 'choice'; choices: readonly (infer Choice)[] }
        ? Choice
        : string;

/** Durations in milliseconds, sizes in bytes, paths absolute. */
export type Config = {
  readonly [Name in SettingName]:
    | ValueOfKind<(typeof SETTINGS)[Name]>
    | ((typeof SETTINGS)[Name]['default'] extends null ? null : never);
};

/** Singles out names that would hold a secret if they existed, so that the refusal can say where a secret belongs. */
export const SECRET_NAME: RegExp = /(token|password|passphrase|secret|private[-_]?key|credential)s?$/i;

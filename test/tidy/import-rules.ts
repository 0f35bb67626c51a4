/**
 * What may import what, as a table. The checks in this folder read it and know no folder by themselves; a change of the
 * architecture is a change of this file, with its reason.
 */

/** Inside engine/ a folder imports only folders that stand before it here. */
export const ENGINE_ORDER = [
  'base',
  'batch',
  'observe',
  'log',
  'registry',
  'state',
  'window',
  'actor',
  'topology',
  'runtime',
  'simulate',
  'testkit',
] as const;

/** Folders of engine/ for tests and benchmarks alone. */
export const ENGINE_TEST_ONLY: readonly string[] = ['simulate', 'testkit'];

/** Which top folders a top folder may import; `*` is all of them. A folder that is not named here is a violation. */
export const TOP_FOLDERS: Readonly<Record<string, readonly string[]>> = {
  engine: [],
  schemas: ['engine'],
  actors: ['engine', 'schemas'],
  bridges: ['engine', 'schemas'],
  sinks: ['engine', 'schemas'],
  // A device's own side: it knows what it sends and nothing of the engine.
  firmware: ['engine', 'schemas'],
  services: ['engine', 'schemas', 'actors', 'bridges', 'sinks', 'firmware'],
  console: ['engine', 'schemas', 'actors', 'bridges', 'sinks'],
  cli: ['engine', 'schemas', 'actors', 'bridges', 'sinks', 'firmware', 'services', 'console'],
  examples: ['engine', 'schemas'],
  tools: ['engine', 'schemas'],
  bench: ['*'],
  test: ['*'],
};

/** Top folders whose folders do not know each other: they meet in a topic. */
export const ISOLATED: readonly string[] = ['actors'];

/** Top folders that may enter another folder by any file: a test mirrors the file it tests, a benchmark the one it times. */
export const FREE_ENTRY: readonly string[] = ['test', 'bench', 'tools'];

/**
 * Doors of engine/ beside engine/index.ts. Codecs and descriptions need its vocabulary (errors, units, byte writing)
 * and nothing that runs; the front door would load the whole engine into the generator.
 */
export const ENGINE_SIDE_DOORS: Readonly<Record<string, readonly string[]>> = {
  schemas: ['engine/base/index.ts'],
  firmware: ['engine/base/index.ts'],
  // A short command must not load the engine; the registry brings a web server, which workers must not load.
  cli: ['engine/base/index.ts', 'engine/registry/index.ts'],
  // The simulator runs Kafka's driver, which engine/log/index.ts loads only where it is used.
  engine: ['engine/log/kafka/index.ts'],
};

/** Folders every file of which is an entrance, except for those top folders that are named. */
export const OPEN_FOLDERS: readonly { readonly folder: string; readonly closedTo: readonly string[] }[] = [
  { folder: 'schemas/generated', closedTo: ['engine'] },
  // Simulated brokers speak the protocol from the other side.
  {
    folder: 'engine/log/kafka/protocol',
    closedTo: ['actors', 'bridges', 'sinks', 'services', 'console', 'cli', 'schemas', 'examples'],
  },
  // Each command is loaded only when it is called.
  { folder: 'cli/commands', closedTo: [] },
];

/** Where a package may be imported, beside test/ and bench/. A second home needs a decision record in docs/decisions. */
export const LIBRARY_HOMES: Readonly<Record<string, readonly string[]>> = {
  '@kafkajs/confluent-schema-registry': ['engine/registry'],
  '@node-rs/crc32': ['engine/batch'],
  aedes: ['bridges/mqtt'],
  ajv: ['cli', 'engine/base', 'engine/registry', 'schemas', 'services'],
  avsc: ['engine/registry', 'schemas'],
  commander: ['cli'],
  ethers: ['actors/submit', 'bridges/chain', 'contracts'],
  fastify: ['bridges', 'console', 'engine/registry', 'services'],
  ioredis: ['engine/state/redis'],
  kafkajs: ['engine/log/kafka'],
  lmdb: ['engine/log/embedded'],
  'lz4-napi': ['engine/batch'],
  mqtt: ['services/fleet'],
  // The conformance suites are functions of a tap test; only tests load them (ENGINE_TEST_ONLY).
  tap: ['engine/testkit'],
  'onnxruntime-node': ['actors/anonymise'],
  pino: ['cli', 'engine/observe'],
  piscina: ['engine/runtime'],
  'prom-client': ['console', 'engine/observe'],
  snappy: ['engine/batch'],
  uplot: ['console'],
  wasmagic: ['actors/detect/file-kind'],
  yaml: ['cli', 'schemas', 'services'],
};

/** Packages of which only tests, benchmarks and tools know. */
export const DEVELOPMENT_FOLDERS: readonly string[] = ['test', 'bench', 'tools', 'engine/testkit'];

export interface Ban {
  readonly name: string;
  /** Found in code with comments and the contents of strings blanked out; of an import, in the module's name. */
  readonly in: 'code' | 'import';
  readonly pattern: RegExp;
  readonly reason: string;
  readonly instead: string;
  /** Where it holds: path prefixes; everywhere when absent. */
  readonly within?: readonly string[];
  /** Where it is allowed: path prefixes. */
  readonly homes: readonly string[];
}

/** The edges: what touches the world. Everything else gets the world through a port. */
const EDGES = ['bridges/', 'sinks/', 'firmware/', 'services/', 'console/', 'cli/', 'tools/', 'bench/', 'test/'];
const DRIVERS = ['engine/log/embedded/', 'engine/log/kafka/'];
const TIME_HOMES = ['engine/base/clock.ts', ...DRIVERS, ...EDGES];
const FILE_HOMES = [...DRIVERS, 'schemas/', ...EDGES];
const REPLAY = 'A replay and a simulated run must give the same result';

export const BANS: readonly Ban[] = [
  {
    name: 'Date.now',
    in: 'code',
    pattern: /\bDate\s*\.\s*now\b/,
    reason: REPLAY,
    instead: 'a Clock that is passed in',
    homes: TIME_HOMES,
  },
  {
    name: 'new Date()',
    in: 'code',
    pattern: /\bnew\s+Date\s*(?:\(\s*\)|(?!\s*\())/,
    reason: REPLAY,
    instead: 'new Date(clock.nowMs())',
    homes: TIME_HOMES,
  },
  {
    name: 'performance.now, process.hrtime',
    in: 'code',
    pattern: /\bperformance\s*\.\s*now\b|\bprocess\s*\.\s*hrtime\b/,
    reason: REPLAY,
    instead: 'a Clock that is passed in',
    homes: TIME_HOMES,
  },
  {
    name: 'timers',
    in: 'code',
    pattern: /(?<![.\w#])(?:globalThis\s*\.\s*)?(?:setTimeout|setInterval)\b/,
    reason: 'Simulated time cannot move a real timer',
    instead: 'the timers of the Clock that is passed in',
    homes: TIME_HOMES,
  },
  {
    name: 'timer modules',
    in: 'import',
    pattern: /^(?:node:)?timers(?:\/|$)/,
    reason: 'Simulated time cannot move a real timer',
    instead: 'the timers of the Clock that is passed in',
    homes: TIME_HOMES,
  },
  {
    name: 'Math.random',
    in: 'code',
    pattern: /\bMath\s*\.\s*random\b/,
    reason: `${REPLAY}, and a test a seed`,
    instead: 'Randomness that is passed in; fast-check or a printed seed in tests',
    homes: ['engine/base/random.ts'],
  },
  {
    name: "crypto's randomness",
    in: 'code',
    pattern: /\b(?:randomBytes|randomUUID|randomInt|randomFillSync|randomFill|getRandomValues)\s*\(/,
    reason: REPLAY,
    instead: 'Randomness that is passed in',
    within: ['engine/'],
    homes: ['engine/base/random.ts', ...DRIVERS],
  },
  {
    name: 'sockets',
    in: 'import',
    pattern: /^(?:node:)?(?:net|tls|http|https|http2|dgram|dns)(?:\/|$)/,
    reason: 'The network stands behind ports: a simulated one must be able to take its place',
    instead: 'a port that is passed in',
    homes: [...DRIVERS, 'engine/registry/', ...EDGES],
  },
  {
    name: 'fetch',
    in: 'code',
    pattern: /(?:\b(?:await|return|void)\s+|[=(,?:]\s*|=>\s*)fetch\s*\(|\bglobalThis\s*\.\s*fetch\b/,
    reason: 'The network stands behind ports',
    instead: 'a port that is passed in',
    within: ['engine/', 'actors/', 'schemas/'],
    homes: ['engine/registry/', ...DRIVERS],
  },
  {
    name: 'files',
    in: 'import',
    pattern: /^(?:node:)?fs(?:\/|$)/,
    reason: 'The disk stands behind ports: a slow or full one must be simulated',
    instead: 'a port that is passed in',
    // It reads the program of a package, once, as importing it would.
    homes: [...FILE_HOMES, 'actors/detect/file-kind/'],
  },
  {
    name: 'threads and processes',
    in: 'import',
    pattern: /^(?:node:)?(?:worker_threads|child_process|cluster)$/,
    reason: 'Threads stand behind a port: the simulator runs them in one process',
    instead: 'the threads port of engine/runtime',
    homes: [
      'engine/runtime/',
      'engine/log/embedded/',
      'firmware/swtpm/',
      'services/',
      'cli/',
      'tools/',
      'bench/',
      'test/',
    ],
  },
  {
    name: 'process.env',
    in: 'code',
    pattern: /\bprocess\s*\.\s*env\b/,
    reason: 'Configuration has one way in',
    instead: 'options that are passed in; the command line reads the environment',
    homes: ['cli/', 'services/', 'tools/', 'bench/', 'test/'],
  },
  {
    name: 'process.exit',
    in: 'code',
    pattern: /\bprocess\s*\.\s*exit\s*\(/,
    reason: 'It cuts off what has not been closed; in a worker it ends the worker alone',
    instead: 'return, throw, or set process.exitCode',
    homes: ['cli/', 'tools/', 'bench/', 'test/'],
  },
  {
    name: 'console output',
    in: 'code',
    pattern: /(?<![.\w#])console\s*\.\s*(?:log|info|warn|error|debug|trace)\b/,
    reason: 'What happens is an event, from which log, metric and health derive',
    instead: 'emit an event of engine/observe',
    homes: ['cli/', 'console/page/', 'tools/', 'schemas/generate.ts', 'bench/', 'test/'],
  },
  {
    name: 'sleeping tests',
    in: 'code',
    pattern: /\bawait\s+(?:setTimeout|delay|sleep)\s*\(|=>\s*(?:void\s+)?setTimeout\s*\(\s*\w+\s*,/,
    reason: 'A test that sleeps is slow on a fast machine and wrong on a slow one',
    instead: 'wait for the event itself, or move a simulated clock',
    within: ['test/'],
    homes: ['test/support/', 'test/runner/file-process.ts'],
  },
  {
    name: 'async listeners',
    in: 'code',
    pattern: /\.\s*(?:on|once|addListener|addEventListener)\s*\(\s*(?:['"`]\s*['"`]|\w+)\s*,\s*async\b/,
    reason: 'An event emitter drops the promise: its failure is nobody’s',
    instead: 'a plain listener that hands the work to something awaited',
    homes: ['test/', 'bench/'],
  },
  {
    name: 'device words in the engine',
    in: 'code',
    pattern: /enmon|crowd|\bimei\b|mqtt/i,
    reason: 'The engine knows no device',
    instead: 'schemas/, actors/ or bridges/',
    within: ['engine/'],
    homes: [],
  },
];

/** Files that something other than an import starts, beside package.json's scripts, bin and exports. */
export const ENTRY_POINTS: readonly RegExp[] = [
  /^cli\/main\.ts$/,
  /^engine\/index\.ts$/,
  /^engine\/testkit\/index\.ts$/,
  /^schemas\/generate\.ts$/,
  /^tools\/[\w-]+\.ts$/,
  /^bench\/run\.ts$/,
  // bench/run.ts lists these folders and runs what it finds.
  /^bench\/(?:micro|workloads|peers)\/.*\.ts$/,
  /^test\/run\.ts$/,
  /^test\/.*\.test\.ts$/,
  // Type tests are run by the compiler.
  /^test\/types\/.*\.ts$/,
];

export const FILE_LINES_DISCUSSED = 300;
export const FILE_LINES_MAX = 500;
export const README_LINES_MAX = 120;

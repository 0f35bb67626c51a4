/**
 * A console's ports over a real log in memory and a status that the test sets: two kinds of devices, letters, two
 * workers. Records are JSON here; the console knows no codec.
 */
import type { ConsolePorts, DeadLetter, Place, RawRecord, Topology } from '../../../console/ports.ts';
import {
  BatchEncoder,
  EmbeddedLog,
  type EngineStatus,
  Histogram,
  LocalEnds,
  MemoryStore,
  MsecError,
  systemClock,
} from '../../../engine/index.ts';

const utf8 = new TextEncoder();
const utf8Decoder = new TextDecoder();
export const TOPICS = [
  'device.frames',
  'device.readings',
  'device.aggregates',
  'device.frames.dlq',
  'device.attestation',
  'device.quarantine',
  'ids.alerts',
  'ids.verdicts',
];
const PARTITIONS = 2;

export interface Demo {
  readonly ports: ConsolePorts;
  readonly log: EmbeddedLog;
  /** Calls of the admin port. */
  readonly calls: unknown[];
  status: EngineStatus;
  readonly places: Map<string, { readonly latitude: number; readonly longitude: number }>;
  /** What the console wants to hear of changed places. */
  moved: (device: string) => void;
  append(topic: string, partition: number, key: string, value: unknown): Promise<number>;
  close(): Promise<void>;
}

export async function openDemo(startedAt = Date.now() - 200_000): Promise<Demo> {
  const log = new EmbeddedLog(new MemoryStore(), new LocalEnds(), systemClock, { groupCommitMs: 0 });
  await log.createTopics(TOPICS.map((name) => ({ name, partitions: PARTITIONS, cleanup: 'delete' })));
  const calls: unknown[] = [];
  const demo: Demo = {
    log,
    calls,
    status: demoStatus(startedAt),
    places: new Map(),
    moved: () => undefined,
    async append(topic, partition, key, value) {
      const encoder = new BatchEncoder();
      const [keyBytes, valueBytes] = [utf8.encode(key), utf8.encode(JSON.stringify(value))];
      encoder.append(Date.now(), keyBytes, 0, keyBytes.length, valueBytes, 0, valueBytes.length);
      const { baseOffsets } = await log.commit({ appends: [{ topic, partition, bytes: encoder.finish() }] });
      return baseOffsets[0]!;
    },
    close: () => log.close(),
    ports: {
      status: async () => demo.status,
      bridges: () => [
        {
          name: 'mqtt',
          address: 'mqtt://127.0.0.1:1883',
          connections: 150,
          accepted: 48_211,
          refused: { RATE_LIMITED: 12 },
        },
        { name: 'http', address: 'http://127.0.0.1:8081', connections: 6, accepted: 12_076, refused: {} },
      ],
      topology: TOPOLOGY,
      kinds: KINDS,
      topics: {
        readings: 'device.readings',
        aggregates: 'device.aggregates',
        letters: ['device.frames.dlq'],
        held: 'device.quarantine',
      },
      decoders: {
        reading: (record) => ({ ...placed(record), device: keyOf(record), ...json(record) }) as never,
        aggregate: (record) => ({ ...placed(record), device: keyOf(record), ...json(record) }) as never,
        letter: (record) => ({ ...placed(record), key: keyOf(record), ...json(record) }) as unknown as DeadLetter,
      },
      trust: {
        topic: 'device.attestation',
        decode: (record) => ({ device: keyOf(record), ...json(record) }) as never,
        placeOf: (device) => demo.places.get(device) ?? null,
        onMove(moved) {
          demo.moved = moved;
          return () => undefined;
        },
      },
      openReader: () => log.openReader(),
      admin: {
        list: async (after, limit) => {
          calls.push(['list', after, limit]);
          return { devices: [{ deviceId: 'enmon-1', state: 'active' }], next: null, total: 1 };
        },
        add: async (request) => {
          calls.push(['add', request]);
          return { token: 'shown-once' };
        },
        decide: async (decision, device, request) => {
          calls.push([decision, device, request]);
          return { frames: 3 };
        },
        async place(device, request) {
          calls.push(['place', device, request]);
          return {};
        },
        renew: async (device, request) => {
          calls.push(['renew', device, request]);
          return { deviceId: device };
        },
        change: async (action, device) => {
          calls.push([action, device]);
          if (device === 'nobody')
            throw new MsecError('DEVICE_UNKNOWN', 'no device nobody is enrolled', { field: 'deviceId' });
          return { deviceId: device };
        },
        resend: async (place) => {
          calls.push(['resend', place]);
          return { isSent: true };
        },
      },
    },
  };
  return demo;
}

const placed = ({ topic, partition, offset }: RawRecord): Place => ({ topic, partition, offset });
const keyOf = ({ key }: RawRecord) => (key === null ? '' : utf8Decoder.decode(key));
const json = ({ value }: RawRecord) => JSON.parse(utf8Decoder.decode(value ?? new Uint8Array())) as object;

export const KINDS: ConsolePorts['kinds'] = [
  {
    name: 'enmon',
    title: 'Environmental monitor',
    measures: [
      { name: 'temperature', label: 'Temperature', unit: '°C', digits: 1 },
      { name: 'humidity', label: 'Humidity', unit: '%', digits: 1 },
      { name: 'sonometer', label: 'Noise', unit: 'dB', digits: 0 },
      { name: 'batteryVoltage', label: 'Battery', unit: 'mV', digits: 0 },
    ],
  },
  {
    name: 'crowd',
    title: 'Crowd counter',
    measures: [
      { name: 'devices', label: 'Devices', unit: null, digits: 0 },
      { name: 'packets', label: 'Packets', unit: null, digits: 0 },
      { name: 'temperature', label: 'Temperature', unit: '°C', digits: 2 },
    ],
  },
];

const node = (
  id: string,
  role: 'main' | 'letters' | 'late' = 'main',
  isInternal = false,
): Topology['nodes'][number] => ({
  id,
  kind: id.slice(0, id.indexOf(':')) as 'topic',
  label: id.slice(id.indexOf(':') + 1),
  isInternal,
  role,
});
const edge = (from: string, to: string) => ({ from, to });

export const TOPOLOGY: Topology = {
  nodes: [
    { ...node('bridge:mqtt'), label: 'MQTT' },
    { ...node('bridge:http'), label: 'HTTP' },
    node('topic:device.frames'),
    node('actor:verify'),
    node('topic:device.verified'),
    node('actor:decode'),
    node('topic:device.readings'),
    node('topic:device.sightings'),
    node('actor:aggregate'),
    node('topic:device.aggregates'),
    node('topic:device.late', 'late'),
    node('topic:device.frames.dlq', 'letters'),
    node('topic:device.verified.dlq', 'letters'),
    node('topic:device.readings.dlq', 'letters'),
    { ...node('reader:page'), label: 'this page' },
    { ...node('reader:files'), label: 'NDJSON files' },
    node('topic:city.aggregate.state', 'main', true),
  ],
  edges: [
    edge('bridge:mqtt', 'topic:device.frames'),
    edge('bridge:http', 'topic:device.frames'),
    edge('topic:device.frames', 'actor:verify'),
    edge('actor:verify', 'topic:device.verified'),
    edge('actor:verify', 'topic:device.frames.dlq'),
    edge('topic:device.verified', 'actor:decode'),
    edge('actor:decode', 'topic:device.readings'),
    edge('actor:decode', 'topic:device.sightings'),
    edge('actor:decode', 'topic:device.verified.dlq'),
    edge('topic:device.readings', 'actor:aggregate'),
    edge('topic:device.sightings', 'actor:aggregate'),
    edge('actor:aggregate', 'topic:device.aggregates'),
    edge('actor:aggregate', 'topic:device.late'),
    edge('actor:aggregate', 'topic:device.readings.dlq'),
    edge('topic:device.readings', 'reader:page'),
    edge('topic:device.aggregates', 'reader:page'),
    edge('topic:device.readings', 'reader:files'),
    edge('topic:device.aggregates', 'reader:files'),
    edge('actor:aggregate', 'topic:city.aggregate.state'),
  ],
};

export function demoStatus(startedAt: number, frames = 60_287, lag = 0): EngineStatus {
  const batchRecords = new Histogram([1, 10, 100, 1_000]);
  for (let i = 1; i < 400; i += 7) batchRecords.record(i);
  const processingMs = new Histogram([0.5, 1, 5, 25]);
  processingMs.record(0.7);
  return {
    state: 'running',
    startedAt,
    tasks: Array.from({ length: PARTITIONS }, (_, partition) => ({
      task: `verify-${partition}`,
      subtopology: 'verify',
      partition,
      worker: partition,
      state: 'running',
      pausedBecause: null,
      inputs: [{ topic: 'device.frames', committed: frames - lag, end: frames }],
      stages: [
        {
          actor: 'verify',
          recordsIn: frames,
          recordsOut: { 'device.verified': frames - 20 },
          deadLetters: 20,
          counts: { duplicate: 3 },
        },
        {
          actor: 'decode',
          recordsIn: frames - 20,
          recordsOut: { 'device.readings': frames - 20, 'device.sightings': 900 },
          deadLetters: 0,
          counts: {},
        },
        {
          actor: 'aggregate',
          recordsIn: frames - 20,
          recordsOut: { 'device.aggregates': 400, 'device.late': 0 },
          deadLetters: 0,
          counts: {},
        },
      ],
      transactions: 2_000,
      stateBytes: 65_536,
      watermark: Date.now() - 1_000,
    })),
    workers: [0, 1].map((worker) => ({
      worker,
      state: 'running',
      restarts: worker,
      heapBytes: 41_000_000,
      heapBytesMax: 268_435_456,
      eventLoopDelayMs: 1.2,
      batchRecords: batchRecords.status(),
      processingMs: processingMs.status(),
      commitsInFlight: 1,
    })),
    topics: TOPICS.map((topic) => ({
      topic,
      partitions: PARTITIONS,
      start: [0, 0],
      end: topic.endsWith('dlq') ? [20, 20] : topic === 'device.aggregates' ? [400, 400] : [frames, frames],
      bytes: topic.endsWith('dlq') ? 4_096 : 3_400_000,
    })),
    log: { usedBytes: 412_000_000, quotaBytes: 8 * 2 ** 30, commits: 31_000, commitQueue: 2 },
  };
}

/**
 * One seed of a city whose devices are attested: gateways prove themselves, fail to, fall silent and send frames, held ones are
 * released and dropped by the policy and by an operator, while the machine crashes and its threads die; then what the log
 * holds is compared with the oracle's.
 */
import { DEADLINE_GRACE_MS } from '../../../../actors/attest/index.ts';
import { type Clock, MsecError, randomBelow, seededRandom } from '../../../../engine/base/index.ts';
import { type Append, type Log, partitionForKey } from '../../../../engine/index.ts';
import { bindSchemaIds } from '../../../../engine/runtime/index.ts';
import { EPOCH_MS, Simulation } from '../../../../engine/simulate/index.ts';
import { decodeChallenge, decodeDecision, decodeTrustWord } from '../../../../schemas/attestation/index.ts';
import { KIND_RELEASED, KIND_TRUST } from '../../../../schemas/envelope/index.ts';
import { decodeAttestation, frameTypes } from '../../../../schemas/index.ts';
import {
  ATTEST_CHALLENGES,
  ATTEST_EVIDENCE,
  DEVICE_ATTESTATION,
  DEVICE_DECISIONS,
  DEVICE_FRAMES,
  DEVICE_QUARANTINE,
  DEVICE_READINGS,
  deviceDecisionsConfig,
  deviceReadingCodec,
  quarantineCodec,
} from '../../../../schemas/topics/index.ts';
import { HeldFrames, Returns } from '../../../../services/attestation/index.ts';
import { killsOf, killTrialSettings, schemaIdsOf } from '../../../engine/simulate/kill-trial.ts';
import { encodeRecords, readPartition } from '../../../engine/simulate/trial-records.ts';
import {
  type EvidenceInput,
  expectedFrames,
  expectedTrust,
  type FrameInput,
  heldDifferences,
} from '../../../oracle/attestation/trust-oracle.ts';
import type { PlainRecord } from '../../../oracle/plain.ts';
import { attestedCity, attestOptions, BAD_FILE, Gateway } from '../../../support/attested-city.ts';
import { makeAttester } from '../../../support/attester.ts';

const TERMS = { intervalMs: 900, jitter: 0, deadlineMs: 400, retryMs: 150, failuresMax: 3 };
const PARTITIONS = 3;
const HORIZON_MS = 5_000;
const STEPS = 45;

export interface TrustOutcome {
  readonly differences: readonly string[];
  /** Crashes and deaths of threads. */
  readonly kills: number;
  readonly changes: number;
  readonly read: number;
  readonly held: number;
  /** Held frames that were released or dropped, and by whom. */
  readonly decided: { readonly policy: number; readonly operator: number };
  /** Decisions that had to be asked for again, as whoever was at it died or was refused. */
  readonly interrupted: number;
}

/** How a test plants a fault. */
export interface TrustPlant {
  wrapLog?(log: Log): Log;
  readonly topology?: typeof attestedCity;
  /** No fault: the log is the Kafka driver's, before a simulated broker. */
  readonly kafka?: boolean;
  /** They share the partitions, and each decides on those of its own. */
  readonly processes?: number;
}

/** A key takes long to make, and any will do. */
const attesters = [0, 1, 2, 3].map(() => makeAttester('ecdsa'));

export async function runTrustTrial(seed: number, plant: TrustPlant = {}): Promise<TrustOutcome> {
  const evidence = new Map<string, EvidenceInput['what']>();
  const frames = new Map<string, number>();
  const gateways = attesters.map((attester, i) => new Gateway(`gate-${i}`, attester));
  const shape = seededRandom(seed ^ 0x5eed);
  const { processes = 1 } = plant;
  const policy = ([null, 'release', 'drop'] as const)[seed % 3]!;
  const topologyOf = plant.topology ?? attestedCity;
  const simulation: Simulation = new Simulation(seed, {
    ...killTrialSettings(shape),
    horizonMs: HORIZON_MS,
    ...(plant.kafka === true ? { kafka: true, processes } : {}),
    createTopology: () => {
      const topology = topologyOf(attestOptions({ terms: TERMS, random: seededRandom(simulation.random.u32()) }));
      bindSchemaIds(topology, schemaIdsOf(topology));
      return topology;
    },
    client,
    ...(plant.wrapLog === undefined ? {} : { wrapLog: plant.wrapLog }),
  });

  async function append(
    records: readonly { topic: string; key: string | null; value: Uint8Array | null; partition?: number }[],
  ) {
    const lanes = Map.groupBy(records, ({ topic, key, partition }) => {
      const bytes = Buffer.from(key ?? '');
      return `${topic} ${partition ?? partitionForKey(bytes, 0, bytes.length, PARTITIONS)}`;
    });
    // What is written again after a death has the time of its second writing, as a device's second try has.
    await simulation.askUntilAnswered((process) => {
      const timestamp = EPOCH_MS + Math.floor(simulation.timeline.elapsedMs);
      const appends = [...lanes].map(([lane, of]): Append => {
        const [topic = '', partition] = lane.split(' ');
        const bytes = encodeRecords(of.map(({ key, value }) => ({ key, value, timestamp })));
        return { topic, partition: Number(partition), bytes };
      });
      return process.started.then(() => process.log.commit({ appends, admission: 'refusable' }));
    });
  }

  const ofEvidence = (gateway: Gateway, value: Uint8Array, what: EvidenceInput['what']) => {
    evidence.set(hex(value), what);
    return { topic: ATTEST_EVIDENCE, key: gateway.id, value };
  };

  const ticks = () =>
    Array.from({ length: PARTITIONS }, (_, partition) => ({
      topic: ATTEST_EVIDENCE,
      key: null,
      value: null,
      partition,
    }));

  async function client(): Promise<void> {
    const { random } = simulation;
    const answered = new Map<string, number>();
    for (const gateway of gateways) {
      const { control, evidence: registered } = gateway.registered();
      await append([
        { topic: DEVICE_FRAMES, key: gateway.id, value: control },
        ofEvidence(gateway, registered, { kind: 'registered' }),
      ]);
    }
    for (let step = 0; step < STEPS; step++) {
      await append(ticks());
      const reader = await simulation.inspect();
      const open = new Map<string, ReturnType<typeof decodeChallenge>>();
      for (let partition = 0; partition < PARTITIONS; partition++)
        for (const { key, value } of await readPartition(reader, ATTEST_CHALLENGES, partition))
          if (key !== null && value !== null) open.set(key, decodeChallenge(Buffer.from(value, 'hex')));
      for (const gateway of gateways) {
        const said: Parameters<typeof append>[0][number][] = [];
        const challenge = open.get(gateway.id);
        if (challenge !== undefined && challenge.id > (answered.get(gateway.id) ?? 0) && randomBelow(random, 3) > 0) {
          answered.set(gateway.id, challenge.id);
          const drawn = randomBelow(random, 10);
          if (drawn < 7) said.push(ofEvidence(gateway, gateway.answer(challenge), { kind: 'good', id: challenge.id }));
          else if (drawn < 9) {
            const signature = makeSignature(gateway);
            said.push(ofEvidence(gateway, gateway.answer(challenge, { signature }), { kind: 'bad', id: challenge.id }));
          }
        } else if (randomBelow(random, 40) === 0) {
          const before = gateway.files;
          gateway.files = [...before, BAD_FILE];
          said.push(ofEvidence(gateway, gateway.notice(before.length + 1), { kind: 'bad-notice' }));
          gateway.files = before;
        }
        if (randomBelow(random, 3) > 0) {
          const frame = gateway.frame();
          frames.set(hex(frame), gateway.signer.sequence - 1);
          said.push({ topic: DEVICE_FRAMES, key: gateway.id, value: frame });
        }
        if (said.length > 0) await append(said);
      }
      await decide();
      await simulation.pause(20 + randomBelow(random, 150));
    }
    // What is released may be held again, and its device be back by then.
    for (let idle = 0; idle < (processes === 1 ? 1 : 8 * processes); ) {
      await simulation.comesToRest();
      const step = (process: Asked) => deciders(process).then(({ returns }) => returns.step());
      const decided = policy === null ? 0 : await simulation.askUntilAnswered(step);
      idle = decided > 0 ? 0 : idle + 1;
    }
    await simulation.comesToRest();
    await simulation.drain();
  }

  const clock: Clock = {
    now: () => EPOCH_MS + Math.floor(simulation.timeline.elapsedMs),
    monotonic: () => simulation.timeline.elapsedMs,
    after(ms, run) {
      let isCancelled = false;
      void simulation.pause(ms).then(() => {
        if (!isCancelled) run();
      });
      return {
        cancel: () => {
          isCancelled = true;
        },
        unref: () => undefined,
      };
    },
  };
  let interrupted = 0;
  const lives = new WeakMap<object, { readonly returns: Returns; readonly operator: HeldFrames }>();

  /** The operator is another process to the policy: they take the ownership from each other. */
  async function deciders(process: Asked) {
    const engine = await process.started;
    await process.log.createTopics([deviceDecisionsConfig(PARTITIONS)]);
    const known = lives.get(process);
    if (known !== undefined) return known;
    const options = { log: process.log, clock, random: seededRandom(seed) };
    const life = {
      operator: new HeldFrames(options),
      returns: new Returns({
        ...{ log: process.log, clock, held: new HeldFrames(options), partitions: PARTITIONS },
        terms: { decision: policy ?? 'release', by: 'policy', why: 'so' },
        isHere: (partition) => engine.isHere(partition),
        onFailure: () => undefined,
      }),
    };
    lives.set(process, life);
    return life;
  }

  /** The policy's turn, an operator's, or both at once. */
  async function decide(): Promise<void> {
    const { random } = simulation;
    const turns: ((process: Asked) => Promise<unknown>)[] = [];
    if (policy !== null && randomBelow(random, 2) === 0)
      turns.push(async (process) => (await deciders(process)).returns.step());
    if (randomBelow(random, 6) === 0) {
      const decision = randomBelow(random, 2) === 0 ? 'release' : 'drop';
      const device = gateways[randomBelow(random, gateways.length)]!.id;
      turns.push(async (process) =>
        (await deciders(process)).operator.decide({ device, decision, by: 'ana', why: 'so' }),
      );
    }
    const all = turns.map((turn) => {
      let asked = 0;
      return simulation.askUntilAnswered((process) => {
        if (asked++ > 0) interrupted++;
        return turn(process).catch((thrown: unknown) => {
          // Only who is trusted now has its frames released.
          if (!(thrown instanceof MsecError) || thrown.code !== 'ATTESTATION_REQUIRED') throw thrown;
        });
      });
    });
    await Promise.all(all);
  }

  try {
    await simulation.run();
  } catch (thrown) {
    return {
      differences: [String(thrown instanceof Error ? thrown.stack : thrown)],
      kills: 0,
      changes: 0,
      read: 0,
      held: 0,
      decided: { policy: 0, operator: 0 },
      interrupted: 0,
    };
  }
  const reader = await simulation.inspect();
  const all = async (topic: string): Promise<PlainRecord[][]> => {
    const partitions: PlainRecord[][] = [];
    try {
      for (let partition = 0; partition < PARTITIONS; partition++)
        partitions.push(await readPartition(reader, topic, partition));
    } catch (thrown) {
      // A topology that a fault was planted in may lack a topic.
      if (!(thrown instanceof MsecError) || thrown.code !== 'TOPIC_UNKNOWN') throw thrown;
    }
    return partitions;
  };
  const inputs = (await all(ATTEST_EVIDENCE)).map((records) =>
    records.map(({ timestamp, key, value }) => ({
      timestamp,
      device: key,
      what: value === null ? null : (evidence.get(value) ?? null),
    })),
  );
  const [trust, passed] = [
    expectedTrust(inputs, { ...TERMS, graceMs: DEADLINE_GRACE_MS }),
    expectedFrames((await all(DEVICE_FRAMES)).map((records) => records.map((record) => frameInput(record, frames)))),
  ];
  const differences: string[] = [];
  const compare = (what: string, actual: Record<string, unknown[]>, expected: Record<string, unknown[]>) => {
    for (const { id } of gateways) {
      const [is, must] = [JSON.stringify(actual[id] ?? []), JSON.stringify(expected[id] ?? [])];
      if (is !== must) differences.push(`${what} of ${id}: is ${is}, must be ${must}`);
    }
  };
  const states = byDevice(await all(DEVICE_ATTESTATION), (bytes) => {
    const { state, reason } = decodeAttestation(bytes);
    return `${state} ${reason}`;
  });
  compare('states', states, trust.states);
  compare(
    'challenges',
    byDevice(await all(ATTEST_CHALLENGES), (bytes) => {
      const { id, deadlineMs } = decodeChallenge(bytes);
      return `${id} ${deadlineMs}`;
    }),
    trust.challenges,
  );
  compare(
    'words',
    byDevice(await all(DEVICE_FRAMES), (bytes) => {
      if (bytes[0] !== KIND_TRUST) return null;
      const { isTrusted, untilMs } = decodeTrustWord(bytes, 1, bytes.length);
      return `${isTrusted} ${untilMs}`;
    }),
    trust.words,
  );
  const types = frameTypes();
  const readings = deviceReadingCodec(DEVICE_READINGS, types);
  readings.bindSchemaIds?.(schemaIdsOf(topologyOf(attestOptions())));
  const read = byDevice(await all(DEVICE_READINGS), (bytes) => readings.decode(bytes, 0, bytes.length).head.sequence);
  compare('readings', read, passed.read);
  const quarantine = quarantineCodec();
  const held = byDevice(await all(DEVICE_QUARANTINE), (bytes) => {
    return quarantine.decode(bytes, 0, bytes.length).frame?.sequence ?? null;
  });
  compare('held frames', held, passed.held);
  const entries = byDevice(await all(DEVICE_QUARANTINE), (bytes, offset) => ({
    offset,
    frame: quarantine.decode(bytes, 0, bytes.length).frame?.sequence ?? null,
  }));
  const decisions = byDevice(await all(DEVICE_DECISIONS), (bytes) => decodeDecision(bytes));
  const released = byDevice(await all(DEVICE_FRAMES), (bytes) =>
    bytes[0] === KIND_RELEASED ? releasedOf(bytes) : null,
  );
  for (const { id, signer } of gateways) {
    const sent = Array.from({ length: signer.sequence }, (_, sequence) => sequence);
    const of = { held: entries[id] ?? [], decisions: decisions[id] ?? [], released: released[id] ?? [] };
    const found = heldDifferences({ ...of, sent, read: read[id] ?? [] }, policy !== null);
    differences.push(...found.map((says) => `books of ${id}: ${says}`));
  }
  const sum = (of: Record<string, unknown[]>) => Object.values(of).reduce((total, list) => total + list.length, 0);
  return {
    differences,
    kills: killsOf(simulation),
    changes: sum(states),
    read: sum(read),
    held: sum(held),
    decided: { policy: decidedBy(decisions, 'policy'), operator: decidedBy(decisions, 'ana') },
    interrupted,
  };
}

type Asked = Parameters<Parameters<Simulation['askUntilAnswered']>[0]>[0];

const decidedBy = (
  decisions: Record<string, readonly { readonly by: string; readonly frames: number }[]>,
  who: string,
) =>
  Object.values(decisions)
    .flat()
    .reduce((sum, { by, frames }) => sum + (by === who ? frames : 0), 0);

/** The sequence of a released frame: behind kind and time, as docs/specs and verified-frame.ts lay it out. */
const releasedOf = (bytes: Buffer): number => bytes.readUInt32BE(1 + 8 + 14);

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

const makeSignature = (gateway: Gateway): Buffer => gateway.attester.sign(Buffer.from('something else'));

function frameInput({ timestamp, key, value }: PlainRecord, frames: ReadonlyMap<string, number>): FrameInput {
  if (key === null || value === null) return { timestamp, device: null, what: null };
  const frame = frames.get(value);
  if (frame !== undefined) return { timestamp, device: key, what: { frame } };
  const bytes = Buffer.from(value, 'hex');
  if (bytes[0] === 18) return { timestamp, device: key, what: { released: releasedOf(bytes) } };
  if (bytes[0] !== 17) return { timestamp, device: key, what: null };
  const what = { trusted: (bytes[2]! & 1) !== 0, untilMs: Number(bytes.readBigInt64BE(7)) };
  return { timestamp, device: key, what };
}

function byDevice<T>(
  partitions: PlainRecord[][],
  read: (bytes: Buffer, offset: number) => T | null,
): Record<string, T[]> {
  const of: Record<string, T[]> = {};
  for (const { key, value, offset } of partitions.flat()) {
    if (key === null || value === null) continue;
    const one = read(Buffer.from(value, 'hex'), offset);
    if (one !== null) of[key] = [...(of[key] ?? []), one];
  }
  return of;
}

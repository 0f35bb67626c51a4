/**
 * The sensors of one partition of network.packets. What a sensor knows is not state: it is made anew from the packets that its live
 * flows have sent, which the log still has; state says which records these are. So what is told of each packet becomes real with
 * its offset, once, and a restart forgets no flow that began within the last `replayBytesMax`.
 */
import {
  type ActorContext,
  type ActorRecord,
  type ActorTask,
  type ByteSlice,
  MsecError,
} from '../../../engine/index.ts';
import { PacketBatchView } from '../../../schemas/network/index.ts';
import type { NetworkTopics } from '../../../schemas/topics/index.ts';
import type { EveRecord } from '../eve/index.ts';
import type { AcceptedRule } from '../rules/rule-set.ts';
import type { SensorOptions } from '../sensor/index.ts';
import type { detectState } from './journal-entry.ts';
import { KeptMemory } from './kept-memory.ts';
import { VantageSensor } from './vantage-sensor.ts';

export interface DetectOptions {
  /** Asked once a thread. */
  readonly rules: () => readonly AcceptedRule[];
  readonly sensor: SensorOptions;
  readonly tellsVerdicts: boolean;
  /** So many bytes of each place of capture are read again after a restart at most. */
  readonly replayBytesMax: number;
}

export type DetectInputs = Pick<NetworkTopics, 'packets'>;
export type DetectOutputs = Pick<NetworkTopics, 'alerts' | 'events' | 'verdicts'>;
type Context = ActorContext<DetectInputs, DetectOutputs, typeof detectState>;
type OutputName = keyof DetectOutputs & string;

/** Places of capture in one partition: for one more, the one that was silent longest is forgotten. */
export const VANTAGES_MAX = 64;

export class DetectTask implements ActorTask<DetectInputs> {
  readonly replay = {
    from: (): number | null => this.#replayFrom(),
    take: (record: ActorRecord<ByteSlice>): void => this.#takeAgain(record),
  };
  readonly #context: Context;
  readonly #options: DetectOptions;
  readonly #batch = new PacketBatchView();
  /** By key id. */
  readonly #sensors = new Map<number, VantageSensor>();
  /** Of the sensors that have taken a new record since the task was opened. */
  readonly #memories = new Map<number, KeptMemory>();
  #key: Uint8Array = new Uint8Array(0);
  #timestamp = 0;
  #isSilent = false;
  /** Between a packet and the end of its record. */
  #isTaking = false;
  #isSpoilt = false;
  #isWhole = false;

  constructor(context: Context, options: DetectOptions) {
    this.#context = context;
    this.#options = options;
  }

  process({ keyId, timestamp, value }: ActorRecord<ByteSlice>): void {
    if (this.#isSpoilt) throw new MsecError('REOPEN_NEEDED', 'packets were taken and undone');
    this.#batch.open(value.bytes, value.start, value.end);
    this.#endReplay();
    if (this.#isRepeat(keyId)) return;
    this.#isTaking = true;
    this.#key = this.#context.keys.bytesOf(keyId);
    this.#timestamp = timestamp;
    this.#take(keyId, this.#context.sourceOffset(), value.end - value.start);
    this.#isTaking = false;
  }

  onRollback(): void {
    if (this.#isTaking) this.#isSpoilt = true;
    this.#isTaking = false;
    this.#isWhole = false;
  }

  #take(keyId: number, offset: number, bytes: number): void {
    const { state } = this.#context;
    const batch = this.#batch;
    const known = state.vantages.get(keyId);
    if (known === undefined && state.vantages.size >= VANTAGES_MAX) this.#forgetVantage();
    const sensor = this.#sensorOf(keyId);
    const flowsBefore = known?.flows ?? 0;
    sensor.flows = flowsBefore;
    const memory = this.#memoryOf(keyId, sensor);
    const { births, evicted, answers, failure } = sensor.take(batch, offset, bytes, null);
    memory.write(state.memory, keyId);
    state.journal.set(keyId, { flowsBefore, births, evicted, answers, bytes }, offset);
    const { sessionHigh, sessionLow, sequence, packets, dropped } = batch;
    state.vantages.set(keyId, { sessionHigh, sessionLow, sequence, flows: sensor.flows, offset });
    this.#forget(keyId, sensor);
    this.#count('packets', packets);
    this.#count('lostBefore', dropped);
    if (failure === null) return;
    this.#count('failed', 1);
    const says = failure instanceof Error ? failure.message : String(failure);
    this.#context.deadLetter(new MsecError('ACTOR_FAILED', `the sensor threw at a packet: ${says}`));
  }

  /** A batch that was sent again because its answer was lost. Batches of a session that are missing are counted. */
  #isRepeat(keyId: number): boolean {
    const { sessionHigh, sessionLow, sequence } = this.#batch;
    const known = this.#context.state.vantages.get(keyId);
    if (known === undefined || known.sessionHigh !== sessionHigh || known.sessionLow !== sessionLow) return false;
    if (sequence <= known.sequence) this.#count('repeated', 1);
    else this.#count('missing', sequence - known.sequence - 1);
    return sequence <= known.sequence;
  }

  /** What nobody remembers need not be taken once more. */
  #forget(keyId: number, sensor: VantageSensor): void {
    const { state } = this.#context;
    for (;;) {
      const origin = sensor.forget(this.#options.replayBytesMax);
      if (origin === null) return;
      state.journal.delete(keyId, origin.offset);
      this.#count('notReplayable', origin.live);
    }
  }

  /** The one that was silent longest; by state alone, so that a restart forgets the same. */
  #forgetVantage(): void {
    const { state } = this.#context;
    let oldest: { readonly keyId: number; readonly offset: number } | null = null;
    for (const { keyId, value } of state.vantages.entries())
      if (oldest === null || value.offset < oldest.offset) oldest = { keyId, offset: value.offset };
    if (oldest === null) return;
    const { keyId } = oldest;
    for (const { keyId: of, sub } of [...state.journal.entries()]) if (of === keyId) state.journal.delete(keyId, sub);
    for (const { keyId: of, sub } of [...state.memory.entries()]) if (of === keyId) state.memory.delete(keyId, sub);
    state.vantages.delete(keyId);
    this.#sensors.delete(keyId);
    this.#memories.delete(keyId);
    this.#count('vantagesForgotten', 1);
  }

  /** With its first new record a sensor knows again what it knew of addresses, whatever it was shown again. */
  #memoryOf(keyId: number, sensor: VantageSensor): KeptMemory {
    let memory = this.#memories.get(keyId);
    if (memory === undefined) {
      memory = new KeptMemory(sensor.addressMemory, this.#context.state.memory, keyId);
      this.#memories.set(keyId, memory);
    }
    return memory;
  }

  #sensorOf(keyId: number): VantageSensor {
    let sensor = this.#sensors.get(keyId);
    if (sensor === undefined) {
      sensor = this.#open();
      this.#sensors.set(keyId, sensor);
    }
    return sensor;
  }

  #open(): VantageSensor {
    const { rules, sensor, tellsVerdicts } = this.#options;
    return new VantageSensor(rules(), sensor, {
      tell: (record) => this.#tell(record.event_type === 'alert' ? 'alerts' : 'events', record),
      tellVerdict: tellsVerdicts ? (record) => this.#tell('verdicts', record) : null,
    });
  }

  #tell(output: OutputName, record: EveRecord): void {
    if (this.#isSilent) return;
    try {
      this.#context.out[output].emitKeyed(this.#key, record, this.#timestamp);
    } catch (thrown) {
      if (!(thrown instanceof MsecError && thrown.code === 'BATCH_TOO_LARGE')) throw thrown;
      this.#context.count('tooLarge');
    }
  }

  #replayFrom(): number | null {
    let first = Number.POSITIVE_INFINITY;
    for (const { sub } of this.#context.state.journal.entries()) if (sub < first) first = sub;
    return Number.isFinite(first) ? first : null;
  }

  #takeAgain({ keyId, value }: ActorRecord<ByteSlice>): void {
    const offset = this.#context.sourceOffset();
    const entry = this.#context.state.journal.get(keyId, offset);
    if (entry === undefined) return;
    this.#batch.open(value.bytes, value.start, value.end);
    const sensor = this.#sensorOf(keyId);
    sensor.flows = entry.flowsBefore;
    this.#isSilent = true;
    try {
      sensor.take(this.#batch, offset, entry.bytes, entry);
    } finally {
      this.#isSilent = false;
    }
  }

  /** Before the first new record: what the log did not have any more need not be asked for again. */
  #endReplay(): void {
    if (this.#isWhole) return;
    this.#isWhole = true;
    const { state } = this.#context;
    const shown = new Map<number, Set<number>>();
    for (const [keyId, { origins }] of this.#sensors) shown.set(keyId, new Set(origins.map(({ offset }) => offset)));
    for (const { keyId, sub } of [...state.journal.entries()]) {
      if (shown.get(keyId)?.has(sub) === true) continue;
      state.journal.delete(keyId, sub);
      this.#count('notReplayed', 1);
    }
  }

  #count(name: string, by: number): void {
    if (by > 0) this.#context.count(name, by);
  }
}

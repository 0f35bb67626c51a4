/**
 * The sensors of one partition of network.packets. What a sensor knows is not state: it is made anew from the packets that its live
 * flows have sent, which the log still has; state says which records these are. So what is told of each packet becomes real with
 * its offset, once, and a restart forgets no flow that began within the last `replayBytesMax`.
 */
import {
  type ActorContext,
  type ActorRecord,
  type ActorTask,
  ByteSlice,
  type Clock,
  MsecError,
} from '../../../engine/index.ts';
import { decodeRulesWord, isRulesWord, PacketBatchView, WRONG_CHECKSUMS } from '../../../schemas/network/index.ts';
import type { EveValue, NetworkTopics } from '../../../schemas/topics/index.ts';
import { type BundleSource, type RuleShop, RulesInForce } from '../bundle/index.ts';
import { type EveLine, timestamp as timeText } from '../eve/index.ts';
import type { AcceptedRule } from '../rules/rule-set.ts';
import type { SensorOptions } from '../sensor/index.ts';
import type { detectState } from './journal-entry.ts';
import { KeptMemory } from './kept-memory.ts';
import { VantageSensor } from './vantage-sensor.ts';

export interface DetectOptions {
  /** Asked once a thread; in force until there is a bundle. */
  readonly rules: () => readonly AcceptedRule[];
  /** Absent: no bundles are taken, whatever words say. */
  readonly bundles?: BundleSource;
  /** Sets of rules are made between what the thread does otherwise; absent: where they are asked for, at once. */
  readonly clock?: Clock;
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
const VANTAGES_MAX = 64;
/** A clock that goes back further was set back, or an older capture follows: every flow would be over at once, and nothing found. */
const BACK_US_MAX = 60_000_000;

export class DetectTask implements ActorTask<DetectInputs> {
  readonly replay = {
    from: (): number | null => this.#replayFrom(),
    take: (record: ActorRecord<ByteSlice>): void => this.#takeAgain(record),
  };
  readonly #context: Context;
  readonly #options: DetectOptions;
  readonly #force: RulesInForce;
  #areRulesKnown = false;
  readonly #batch = new PacketBatchView();
  /** By key id. */
  readonly #sensors = new Map<number, VantageSensor>();
  /** Of the sensors that new records, and not those that are shown again, change. */
  readonly #memories = new Map<number, KeptMemory>();
  #key: Uint8Array = new Uint8Array(0);
  #timestamp = 0;
  /** The record that is being told. */
  readonly #text = new ByteSlice();
  #isSilent = false;
  /** Between a packet and the end of its record. */
  #isTaking = false;
  #isSpoilt = false;
  #isWhole = false;

  constructor(context: Context, options: DetectOptions, shop: RuleShop) {
    this.#context = context;
    this.#options = options;
    this.#force = new RulesInForce(shop);
  }

  process({ keyId, timestamp, value }: ActorRecord<ByteSlice>): void {
    if (this.#isSpoilt) throw new MsecError('REOPEN_NEEDED', 'packets were taken and undone');
    this.#knowRules(this.#context.sourceOffset());
    if (isRulesWord(value.bytes, value.start, value.end)) {
      this.#change(keyId, timestamp, value);
      return;
    }
    this.#batch.open(value.bytes, value.start, value.end);
    this.#endReplay();
    this.#force.step();
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

  /** Another set of rules from here on, or a word of why not. */
  #change(keyId: number, timestamp: number, { bytes, start, end }: ByteSlice): void {
    const word = decodeRulesWord(bytes, start, end);
    this.#endReplay();
    if (this.#options.bundles === undefined) return;
    const change = this.#force.take(word);
    if (change === null) return;
    // What is undone from here on leaves the sensors with other rules than the state says.
    this.#isTaking = true;
    if (change.isInForce) {
      for (const sensor of this.#sensors.values()) sensor.useRules(change.rules);
      this.#context.state.rules.set(keyId, word, this.#context.sourceOffset());
      this.#forgetWords();
    }
    this.#key = this.#context.keys.bytesOf(keyId);
    this.#timestamp = timestamp;
    const rules = { partition: this.#context.partition, ...change.about };
    this.#tell('events', { timestamp: timeText(timestamp * 1000), event_type: 'rules', rules });
    this.#isTaking = false;
  }

  /** Those that stood before what is shown again, but for the last one. */
  #forgetWords(): void {
    const { rules } = this.#context.state;
    const from = this.#replayFrom() ?? Number.POSITIVE_INFINITY;
    const before = [...rules.entries()].filter(({ sub }) => sub < from).sort((a, b) => b.sub - a.sub);
    for (const { keyId, sub } of before.slice(1)) rules.delete(keyId, sub);
  }

  /** The rules that were in force at this offset, before anything is examined with them. */
  #knowRules(offset: number): void {
    if (this.#areRulesKnown) return;
    if (this.#options.bundles !== undefined) {
      const [last] = [...this.#context.state.rules.entries()]
        .filter(({ sub }) => sub < offset)
        .sort((a, b) => b.sub - a.sub);
      this.#force.restore(last?.value ?? null);
    }
    this.#areRulesKnown = true;
  }

  #take(keyId: number, offset: number, bytes: number): void {
    const { state } = this.#context;
    const batch = this.#batch;
    const known = state.vantages.get(keyId);
    if (known === undefined && state.vantages.size >= VANTAGES_MAX) this.#forgetOldest();
    const clockSetBack = known !== undefined && batch.timeUs < known.timeUs - BACK_US_MAX;
    if (clockSetBack) this.#beginAnew(keyId);
    const sensor = this.#sensorOf(keyId);
    const flowsBefore = known?.flows ?? 0;
    sensor.flows = flowsBefore;
    const timeBeforeUs = clockSetBack ? 0 : (known?.timeUs ?? 0);
    sensor.advance(timeBeforeUs);
    const memory = this.#memoryOf(keyId, sensor);
    const { births, evicted, answers, failure, reached } = sensor.take(batch, offset, bytes, null);
    for (const [name, by] of reached) this.#count(name, by);
    memory.write(state.memory, keyId);
    state.journal.set(keyId, { flowsBefore, timeBeforeUs, births, evicted, answers, bytes }, offset);
    const { sessionHigh, sessionLow, sequence, packets, dropped } = batch;
    state.vantages.set(keyId, { sessionHigh, sessionLow, sequence, flows: sensor.flows, offset, timeUs: sensor.nowUs });
    this.#forget(keyId, sensor);
    this.#count('packets', packets);
    this.#count('lostBefore', dropped);
    const wrong = sensor.takeWrongChecksums();
    if (wrong > 0) this.#count(`${WRONG_CHECKSUMS}${Buffer.from(this.#key).toString()}`, wrong);
    if (failure === null) return;
    this.#count('failed', 1);
    const says = failure instanceof Error ? failure.message : String(failure);
    this.#context.deadLetter(new MsecError('ACTOR_FAILED', `the sensor threw at a packet: ${says}`));
  }

  /**
   * A batch that was sent again because its answer was lost, or a dead letter that somebody has sent again: the packets around it
   * have long been examined. Batches of a session that are missing are counted.
   */
  #isRepeat(keyId: number): boolean {
    const { sessionHigh, sessionLow, sequence } = this.#batch;
    const known = this.#context.state.vantages.get(keyId);
    if (known === undefined) return false;
    // Letters come by a topic of their own, which has fewer records.
    if (this.#context.sourceOffset() <= known.offset) {
      this.#count('repeated', 1);
      return true;
    }
    if (known.sessionHigh !== sessionHigh || known.sessionLow !== sessionLow) return false;
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
  #forgetOldest(): void {
    const { state } = this.#context;
    let oldest: { readonly keyId: number; readonly offset: number } | null = null;
    for (const { keyId, value } of state.vantages.entries())
      if (oldest === null || value.offset < oldest.offset) oldest = { keyId, offset: value.offset };
    if (oldest === null) return;
    this.#forgetPlace(oldest.keyId);
    state.vantages.delete(oldest.keyId);
    this.#count('vantagesForgotten', 1);
  }

  /** With its next record the place has another sensor; the flows of this one are over. */
  #beginAnew(keyId: number): void {
    this.#sensors.get(keyId)?.finish();
    this.#forgetPlace(keyId);
    this.#count('clocksSetBack', 1);
  }

  #forgetPlace(keyId: number): void {
    const { journal, memory } = this.#context.state;
    for (const { keyId: of, sub } of [...journal.entries()]) if (of === keyId) journal.delete(keyId, sub);
    for (const { keyId: of, sub } of [...memory.entries()]) if (of === keyId) memory.delete(keyId, sub);
    this.#sensors.delete(keyId);
    this.#memories.delete(keyId);
  }

  /** Before anything new happens to it, a sensor knows again what it knew of addresses, whatever it was shown again. */
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
    const { sensor, tellsVerdicts } = this.#options;
    return new VantageSensor(this.#force.rules, sensor, {
      tell: (line) => this.#tellLine(line.type === 'alert' ? 'alerts' : 'events', line),
      tellVerdict: tellsVerdicts ? (line) => this.#tellLine('verdicts', line) : null,
    });
  }

  #tellLine(output: OutputName, { bytes, length }: EveLine): void {
    const text = this.#text;
    text.bytes = bytes;
    text.end = length;
    this.#tell(output, text);
  }

  #tell(output: OutputName, record: EveValue): void {
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
    this.#knowRules(offset);
    if (isRulesWord(value.bytes, value.start, value.end)) {
      const word = this.#context.state.rules.get(keyId, offset);
      if (word === undefined || this.#options.bundles === undefined) return;
      const rules = this.#force.restore(word);
      for (const sensor of this.#sensors.values()) sensor.useRules(rules);
      return;
    }
    const entry = this.#context.state.journal.get(keyId, offset);
    if (entry === undefined) return;
    this.#batch.open(value.bytes, value.start, value.end);
    const sensor = this.#sensorOf(keyId);
    sensor.flows = entry.flowsBefore;
    this.#isSilent = true;
    try {
      sensor.advance(entry.timeBeforeUs);
      sensor.take(this.#batch, offset, entry.bytes, entry);
    } finally {
      this.#isSilent = false;
    }
  }

  /**
   * Before the first new record: what the log did not have any more need not be asked for again. Sensors are what they were before
   * anything else is done with them: the first that a clock set back does is to end flows, whose rules ask counters.
   */
  #endReplay(): void {
    if (this.#isWhole) return;
    this.#isWhole = true;
    for (const [keyId, sensor] of this.#sensors) {
      sensor.endReplay();
      this.#memoryOf(keyId, sensor);
    }
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

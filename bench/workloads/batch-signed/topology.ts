/**
 * The window of W2 behind the product's verify, and without it over the same records: the second parses what is packed,
 * and checks neither who sent it nor whether it came before. Single frames and batches may lie in one topic.
 */
import { verifyActor } from '../../../actors/verify/index.ts';
import {
  type ActorTask,
  type AnyActor,
  ByteSlice,
  type HandedRun,
  type RecordWalk,
  type Topics,
  type TopologyDefinition,
} from '../../../engine/index.ts';
import {
  BATCH_FRAMES_MAX,
  BatchFrames,
  EnvelopeView,
  KIND_ENVELOPE,
  MODE_BATCH,
  PAYLOAD_BYTES_CEILING,
} from '../../../schemas/envelope/index.ts';
import { deviceTopics, type VerifiedFrame } from '../../../schemas/topics/index.ts';
import { SessionKeyFiles } from '../../../services/session-keys/index.ts';
import { windowActor } from '../kafka-windows/window-actor.ts';

export interface PackedTopology {
  readonly application: string;
  readonly partitions: number;
  readonly output: string;
  readonly windowMs: number;
  readonly graceMs: number;
  /** What stands before the window: nothing; verify, which looks at all but signatures and MACs; or verify. */
  readonly checks: 'none' | 'all but seals' | 'all';
  /** Of the receiver's keys. */
  readonly keysFolder: string;
}

/** Nothing here is sealed. */
const NO_KEYS = { openingKey: () => null, pseudonymKey: () => null };

export default (config: unknown): TopologyDefinition => {
  const { application, partitions, checks, keysFolder, ...window } = config as PackedTopology;
  const signatures = checks === 'all' ? 'required' : 'off';
  const { frames, verified, ...others } = deviceTopics();
  const topics = { frames, verified, ...others };
  const windows = windowActor({ ...window, input: 'frames', isByRecord: true });
  const actors =
    checks === 'none'
      ? [{ ...windows, inputs: { frames }, open: opening(windows, packedTask) }]
      : [
          verifyActor(topics, { keys: NO_KEYS, receiverKeys: new SessionKeyFiles(keysFolder), signatures }),
          { ...windows, inputs: { frames: verified }, open: opening(windows, verifiedTask) },
        ];
  return { name: application, partitions, actors: actors as AnyActor[] };
};

/** What the window's own task takes: an object that is filled anew for each frame. */
class WindowRecord {
  readonly input = 'frames';
  readonly value = new ByteSlice();
  timestamp = Number.NEGATIVE_INFINITY;
  keyId = -1;

  keyText(): string {
    return '';
  }
}

type Wrap = (inner: ActorTask<Topics>, record: WindowRecord) => ActorTask<Topics>;

function opening(windows: AnyActor, wrap: Wrap): AnyActor['open'] {
  return (context) => {
    const inner = windows.open(context);
    const task = wrap(inner, new WindowRecord());
    return {
      ...task,
      ...(inner.watermarkDue === undefined ? {} : { watermarkDue: inner.watermarkDue }),
      onWatermark: (watermark) => inner.onWatermark?.(watermark),
      onRollback: () => inner.onRollback?.(),
    };
  };
}

/** What is handed over, as the window's own task takes it. */
class VerifiedRun implements HandedRun<ByteSlice> {
  readonly value = new ByteSlice();
  run: HandedRun<VerifiedFrame> | null = null;
  keyId = -1;
  from = 0;
  to = 0;
  timestamps: Float64Array = new Float64Array(0);
  inputWatermark = Number.NEGATIVE_INFINITY;

  of(run: HandedRun<VerifiedFrame>): this {
    const { keyId, from, to, timestamps, inputWatermark } = run;
    return Object.assign(this, { run, keyId, from, to, timestamps, inputWatermark });
  }

  move(index: number): void {
    this.run!.move(index);
    take(this.value, this.run!.value);
  }

  endRun(to: number): void {
    this.run!.endRun(to);
    this.to = to;
  }
}

/** The frames of one record, which all have its time. */
class PackedRun implements HandedRun<ByteSlice> {
  readonly value = new ByteSlice();
  readonly frames = new BatchFrames();
  keyId = -1;
  from = 0;
  to = 0;
  readonly timestamps = new Float64Array(BATCH_FRAMES_MAX);
  inputWatermark = Number.NEGATIVE_INFINITY;

  move(index: number): void {
    this.value.start = this.frames.starts[index]!;
    this.value.end = this.frames.ends[index]!;
  }

  endRun(to: number): void {
    this.to = to;
  }
}

function take(slice: ByteSlice, frame: VerifiedFrame): void {
  slice.bytes = frame.payload;
  slice.start = frame.payloadStart;
  slice.end = frame.payloadEnd;
}

const verifiedTask: Wrap = (inner, record) => {
  const frames = new VerifiedRun();
  return {
    process(given) {
      take(record.value, given.value as VerifiedFrame);
      record.keyId = given.keyId;
      record.timestamp = given.timestamp;
      inner.process(record as never);
    },
    processRun: (_input, run) => inner.processRun!('frames', frames.of(run as HandedRun<VerifiedFrame>)),
  };
};

const packedTask: Wrap = (inner, record) => {
  const envelope = new EnvelopeView(PAYLOAD_BYTES_CEILING);
  const run = new PackedRun();
  const { frames } = run;
  const { value } = record;
  return {
    process: () => {
      throw new Error('only read from the log');
    },
    processBatch(_input: string, records: RecordWalk) {
      while (records.next()) {
        const { bytes, valueStart, valueEnd, keyId, timestamp } = records;
        if (bytes[valueStart] !== KIND_ENVELOPE) continue;
        envelope.parseOnly(bytes, valueStart + 1, valueEnd);
        if (envelope.mode === MODE_BATCH) {
          if (!frames.tryRead(envelope)) throw envelope.error();
          run.value.bytes = bytes;
          run.keyId = keyId;
          run.timestamps.fill(timestamp, 0, frames.count);
          run.inputWatermark = records.inputWatermark;
          for (run.from = 0; run.from < frames.count; run.from = run.to) {
            run.to = frames.count;
            inner.processRun!('frames', run);
          }
        } else {
          value.bytes = bytes;
          value.start = envelope.payloadStart;
          value.end = envelope.payloadEnd;
          record.keyId = keyId;
          record.timestamp = timestamp;
          inner.process(record as never);
        }
      }
    },
  };
};

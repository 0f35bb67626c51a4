/**
 * The window of W2 behind the product's verify, and without it over the same records: the second parses what is packed,
 * and checks neither who sent it nor whether it came before. Single frames and batches may lie in one topic.
 */
import { verifyActor } from '../../../actors/verify/index.ts';
import {
  type ActorTask,
  type AnyActor,
  ByteSlice,
  type RecordWalk,
  type Topics,
  type TopologyDefinition,
} from '../../../engine/index.ts';
import {
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
  readonly isVerified: boolean;
  /** Of the receiver's keys. */
  readonly keysFolder: string;
}

/** Nothing here is sealed. */
const NO_KEYS = { openingKey: () => null, pseudonymKey: () => null };

export default (config: unknown): TopologyDefinition => {
  const { application, partitions, isVerified, keysFolder, ...window } = config as PackedTopology;
  const { frames, verified, ...others } = deviceTopics();
  const topics = { frames, verified, ...others };
  const windows = windowActor({ ...window, input: 'frames', isByRecord: true });
  const actors = isVerified
    ? [
        verifyActor(topics, { keys: NO_KEYS, receiverKeys: new SessionKeyFiles(keysFolder) }),
        { ...windows, inputs: { frames: verified }, open: opening(windows, verifiedTask) },
      ]
    : [{ ...windows, inputs: { frames }, open: opening(windows, packedTask) }];
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

const verifiedTask: Wrap = (inner, record) => ({
  process(given) {
    const frame = given.value as VerifiedFrame;
    const { value } = record;
    value.bytes = frame.payload;
    value.start = frame.payloadStart;
    value.end = frame.payloadEnd;
    record.keyId = given.keyId;
    record.timestamp = given.timestamp;
    inner.process(record as never);
  },
});

const packedTask: Wrap = (inner, record) => {
  const envelope = new EnvelopeView(PAYLOAD_BYTES_CEILING);
  const frames = new BatchFrames();
  const { value } = record;
  const add = (start: number, end: number) => {
    value.start = start;
    value.end = end;
    inner.process(record as never);
  };
  return {
    process: () => {
      throw new Error('only read from the log');
    },
    processBatch(_input: string, records: RecordWalk) {
      while (records.next()) {
        const { bytes, valueStart, valueEnd } = records;
        if (bytes[valueStart] !== KIND_ENVELOPE) continue;
        envelope.parseOnly(bytes, valueStart + 1, valueEnd);
        value.bytes = bytes;
        record.keyId = records.keyId;
        record.timestamp = records.timestamp;
        if (envelope.mode !== MODE_BATCH) add(envelope.payloadStart, envelope.payloadEnd);
        else {
          if (!frames.tryRead(envelope)) throw envelope.error();
          for (let i = 0; i < frames.count; i++) add(frames.starts[i]!, frames.ends[i]!);
        }
      }
    },
  };
};

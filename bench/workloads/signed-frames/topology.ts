/**
 * The product's verify in front of the window of W2: signature, registry, order and repetition of each frame are
 * checked as in the main job, then its payload goes into the window of its device.
 */
import { verifyActor } from '../../../actors/verify/index.ts';
import {
  type AnyActor,
  ByteSlice,
  defineActor,
  rawCodec,
  type TopologyDefinition,
  topic,
} from '../../../engine/index.ts';
import { type DeviceTopics, deviceTopics } from '../../../schemas/topics/index.ts';
import { windowActor } from '../kafka-windows/window-actor.ts';

export interface SignedTopology {
  readonly application: string;
  readonly partitions: number;
  readonly output: string;
  readonly windowMs: number;
  readonly graceMs: number;
}

/** Nothing here is sealed. */
const NO_KEYS = { openingKey: () => null, pseudonymKey: () => null };

export default (config: unknown): TopologyDefinition => {
  const { application, partitions, ...window } = config as SignedTopology;
  const topics = deviceTopics();
  const payloads = topic(`${application}.payloads`, rawCodec());
  const windows = windowActor({ ...window, input: payloads.name });
  return {
    name: application,
    partitions,
    actors: [
      verifyActor(topics, { keys: NO_KEYS }),
      payloadActor(topics, payloads),
      { ...windows, inputs: { frames: payloads } },
    ],
  };
};

function payloadActor({ verified }: DeviceTopics, payloads: ReturnType<typeof topic<ByteSlice>>): AnyActor {
  return defineActor({
    name: 'payload',
    inputs: { verified },
    outputs: { payloads },
    open: ({ out }) => {
      const slice = new ByteSlice();
      return {
        process({ value, timestamp }) {
          slice.bytes = value.payload;
          slice.start = value.payloadStart;
          slice.end = value.payloadEnd;
          out.payloads.emit(slice, timestamp);
        },
      };
    },
  });
}

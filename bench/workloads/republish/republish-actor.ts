/**
 * EnMon frames → the published reading of each, as the product's decode writes it for a device without an envelope:
 * Avro in Confluent's wire format under the device's key.
 */
import {
  type ActorContext,
  type ActorTask,
  type AnyActor,
  type ByteSlice,
  defineActor,
  MsecError,
  type RecordOf,
  type RecordWalk,
  rawCodec,
  type Topic,
  type TopologyDefinition,
  topic,
} from '../../../engine/index.ts';
import { EnMonReading, enmon } from '../../../schemas/generated/enmon.ts';
import { FrameContext, frameTypes } from '../../../schemas/index.ts';
import { DeviceReading, deviceReadingCodec } from '../../../schemas/topics/index.ts';

export interface RepublishTopology {
  readonly application: string;
  readonly partitions: number;
  readonly input: string;
  readonly output: string;
}

type Inputs = { readonly frames: Topic<ByteSlice> };
type Outputs = { readonly readings: Topic<DeviceReading> };
type Context = ActorContext<Inputs, Outputs, Record<never, never>>;

class RepublishTask implements ActorTask<Inputs> {
  readonly #context: Context;
  readonly #reading = new EnMonReading();
  readonly #value = new DeviceReading(enmon, this.#reading);
  readonly #frameContext = new FrameContext(() => 0);

  constructor(context: Context) {
    this.#context = context;
  }

  process({ keyId, timestamp, value }: RecordOf<Inputs>): void {
    this.#publish(keyId, timestamp, value.bytes, value.start, value.end);
  }

  processBatch(_input: 'frames', records: RecordWalk): void {
    const { timestamps, keyIds, valueStarts, valueEnds } = records.columns;
    while (records.nextRun()) {
      const { bytes, from, to } = records;
      for (let i = from; i < to; i++) this.#publish(keyIds[i]!, timestamps[i]!, bytes, valueStarts[i]!, valueEnds[i]!);
    }
  }

  #publish(keyId: number, timestamp: number, bytes: Uint8Array, start: number, end: number): void {
    enmon.decode(bytes, start, end, this.#reading, this.#frameContext);
    if (this.#reading.flags !== 0) throw new MsecError('FRAME_INVALID', 'a quantity is out of its physical limits');
    const { keys, out } = this.#context;
    const { head } = this.#value;
    head.device = keys.arena;
    head.deviceStart = keys.startOf(keyId);
    head.deviceEnd = keys.endOf(keyId);
    head.eventTime = timestamp;
    head.receivedAt = timestamp;
    out.readings.emitFor(keyId, this.#value, timestamp);
  }
}

function republishActor({ input, output }: RepublishTopology): AnyActor {
  return defineActor({
    name: 'republish',
    inputs: { frames: topic(input, rawCodec(), { external: true }) },
    outputs: { readings: topic(output, deviceReadingCodec(output, frameTypes()), { access: 'public' }) },
    open: (context) => new RepublishTask(context),
  });
}

/** The entry that the engine's process and each of its workers import. */
export default (config: unknown): TopologyDefinition => {
  const settings = config as RepublishTopology;
  return { name: settings.application, partitions: settings.partitions, actors: [republishActor(settings)] };
};

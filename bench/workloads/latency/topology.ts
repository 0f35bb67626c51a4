/**
 * EnMon frames → what they measured, one record for each frame: decode, validate, emit, without state.
 *
 *   value := u32 counter · i16 battery · noise · temperature · humidity, big-endian
 */
import {
  type ActorTask,
  type AnyActor,
  type ByteSlice,
  type ByteWriter,
  type Codec,
  defineActor,
  MsecError,
  type Output,
  type RecordOf,
  type RecordWalk,
  rawCodec,
  type Topic,
  type TopologyDefinition,
  topic,
} from '../../../engine/index.ts';
import { EnMonReading, enmon } from '../../../schemas/generated/enmon.ts';
import { FrameContext } from '../../../schemas/index.ts';

export interface DecodeTopology {
  readonly application: string;
  readonly partitions: number;
  readonly input: string;
  readonly output: string;
}

type Inputs = { readonly frames: Topic<ByteSlice> };

const measuresCodec: Codec<EnMonReading> = {
  format: 'measures',
  decode: () => {
    throw new MsecError('ASSERTION_FAILED', 'only read from outside');
  },
  encode({ nSend, batteryVoltage, sonometer, temperature, humidity }: EnMonReading, writer: ByteWriter) {
    writer.u32(nSend);
    writer.u16(batteryVoltage);
    writer.u16(sonometer);
    writer.u16(temperature);
    writer.u16(humidity);
  },
};

class DecodeTask implements ActorTask<Inputs> {
  readonly #measures: Output<EnMonReading>;
  readonly #reading = new EnMonReading();
  readonly #frameContext = new FrameContext(() => 0);

  constructor(measures: Output<EnMonReading>) {
    this.#measures = measures;
  }

  process({ value }: RecordOf<Inputs>): void {
    this.#decode(value.bytes, value.start, value.end);
  }

  processBatch(_input: 'frames', records: RecordWalk): void {
    while (records.next()) this.#decode(records.bytes, records.valueStart, records.valueEnd);
  }

  #decode(bytes: Uint8Array, start: number, end: number): void {
    enmon.decode(bytes, start, end, this.#reading, this.#frameContext);
    if (this.#reading.flags !== 0) throw new MsecError('FRAME_INVALID', 'a quantity is out of its physical limits');
    this.#measures.emit(this.#reading);
  }
}

function decodeActor({ input, output }: DecodeTopology): AnyActor {
  return defineActor({
    name: 'decode',
    inputs: { frames: topic(input, rawCodec(), { external: true }) },
    outputs: { measures: topic(output, measuresCodec, { access: 'public' }) },
    state: {},
    open: ({ out }) => new DecodeTask(out.measures),
  });
}

export default (config: unknown): TopologyDefinition => {
  const { application, partitions } = config as DecodeTopology;
  return { name: application, partitions, actors: [decodeActor(config as DecodeTopology)] };
};

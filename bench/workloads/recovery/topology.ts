/**
 * EnMon frames → what they measured and how often the device has been seen, which is kept in a row of one KiB: a topology
 * with much state whose every output tells whether all of it came back.
 *
 *   value := u32 counter · i16 battery · noise · temperature · humidity · u32 times, big-endian
 */
import {
  type AnyActor,
  type ByteSlice,
  type ByteWriter,
  type Codec,
  defineActor,
  MsecError,
  rawCodec,
  rows,
  type TopologyDefinition,
  topic,
} from '../../../engine/index.ts';
import { EnMonReading, enmon } from '../../../schemas/generated/enmon.ts';
import { FrameContext } from '../../../schemas/index.ts';
import { ROW_BYTES, timesSeen } from '../kafka-restart/remember.ts';
import type { DecodeTopology } from '../latency/topology.ts';

interface Seen {
  readonly reading: EnMonReading;
  times: number;
}

const seenCodec: Codec<Seen> = {
  format: 'seen',
  decode: () => {
    throw new MsecError('ASSERTION_FAILED', 'only read from outside');
  },
  encode({ reading, times }: Seen, writer: ByteWriter) {
    writer.u32(reading.nSend);
    writer.u16(reading.batteryVoltage);
    writer.u16(reading.sonometer);
    writer.u16(reading.temperature);
    writer.u16(reading.humidity);
    writer.u32(times);
  },
};

function seenActor({ input, output }: DecodeTopology): AnyActor {
  const told: Seen = { reading: new EnMonReading(), times: 0 };
  const frameContext = new FrameContext(() => 0);
  return defineActor({
    name: 'seen',
    inputs: { frames: topic<ByteSlice>(input, rawCodec(), { external: true }) },
    outputs: { seen: topic(output, seenCodec, { access: 'public' }) },
    state: { seen: rows(ROW_BYTES) },
    process({ keyId, timestamp, value }, { state, out }) {
      enmon.decode(value.bytes, value.start, value.end, told.reading, frameContext);
      if (told.reading.flags !== 0) throw new MsecError('FRAME_INVALID', 'a quantity is out of its physical limits');
      told.times = timesSeen(state.seen, keyId, timestamp);
      out.seen.emit(told);
    },
  });
}

export default (config: unknown): TopologyDefinition => {
  const { application, partitions } = config as DecodeTopology;
  return { name: application, partitions, actors: [seenActor(config as DecodeTopology)] };
};

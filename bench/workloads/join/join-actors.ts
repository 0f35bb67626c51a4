/**
 * Two actors: the first puts frames, which come under their gateway's key, under the IMEI inside; the second joins them
 * with the table of devices, which it keeps as keyed state of the same partition. What comes out under the IMEI:
 *
 *   device := zone u16 · name          (the table's value)
 *   joined := zone u16 · frames sent u32 · battery u16 · noise u16 · temperature i16 · humidity u16 · name
 *
 * Both topics that the second one reads have their own offsets, and nothing orders them: a frame whose device is not
 * known yet waits until it is. Who changes a device while its frames pass decides nothing about which of them see it.
 */
import {
  type ActorContext,
  type ActorTask,
  type AnyActor,
  ByteSlice,
  type ByteWriter,
  type Codec,
  defineActor,
  MsecError,
  type RecordOf,
  type RecordWalk,
  rawCodec,
  type Topic,
  type TopologyDefinition,
  topic,
  type ValuesDeclaration,
  values,
} from '../../../engine/index.ts';
import { EnMonReading, enmon } from '../../../schemas/generated/enmon.ts';
import { FrameContext } from '../../../schemas/index.ts';

export interface JoinTopology {
  readonly application: string;
  readonly partitions: number;
  readonly input: string;
  readonly table: string;
  readonly output: string;
}

const IMEI_BYTES = 15;
const ZONE_BYTES = 2;

/** The value of a device's record, an own copy. */
const deviceCodec: Codec<Uint8Array> = {
  format: 'bytes',
  decode: (bytes, start, end) => bytes.slice(start, end),
  encode: (device, writer) => writer.copy(device),
};

/** Where a frame and its device lie: written before the call that emits it returns. */
interface Joined {
  device: Uint8Array;
  frame: Uint8Array;
  frameStart: number;
}

const joinedCodec: Codec<Joined> = {
  format: 'joined',
  decode: () => {
    throw new MsecError('ASSERTION_FAILED', 'only read from outside');
  },
  encode({ device, frame, frameStart }: Joined, writer: ByteWriter) {
    writer.copy(device, 0, ZONE_BYTES);
    writer.copy(frame, frameStart + 3, frameStart + 7);
    writer.copy(frame, frameStart + 23, frameStart + 31);
    writer.copy(device, ZONE_BYTES);
  },
};

type Frames = { readonly frames: Topic<ByteSlice> };
type KeyedFrames = { readonly keyed: Topic<ByteSlice> };

class RekeyTask implements ActorTask<Frames> {
  readonly #context: ActorContext<Frames, KeyedFrames, Record<never, never>>;
  readonly #reading = new EnMonReading();
  readonly #frameContext = new FrameContext(() => 0);
  readonly #imei = new Uint8Array(IMEI_BYTES);
  readonly #frame = new ByteSlice();

  constructor(context: ActorContext<Frames, KeyedFrames, Record<never, never>>) {
    this.#context = context;
  }

  process({ value, timestamp }: RecordOf<Frames>): void {
    this.#rekey(value.bytes, value.start, value.end, timestamp);
  }

  processBatch(_input: 'frames', records: RecordWalk): void {
    while (records.next()) this.#rekey(records.bytes, records.valueStart, records.valueEnd, records.timestamp);
  }

  #rekey(bytes: Uint8Array, start: number, end: number, timestamp: number): void {
    const reading = this.#reading;
    enmon.decode(bytes, start, end, reading, this.#frameContext);
    if (reading.flags !== 0) throw new MsecError('FRAME_INVALID', 'a quantity is out of its physical limits');
    for (let i = 0; i < IMEI_BYTES; i++) this.#imei[i] = bytes[reading.identityStart + i]!;
    const frame = this.#frame;
    frame.bytes = bytes;
    frame.start = start;
    frame.end = end;
    this.#context.out.keyed.emitKeyed(this.#imei, frame, timestamp);
  }
}

type Inputs = { readonly devices: Topic<ByteSlice> } & KeyedFrames;
type Outputs = { readonly joined: Topic<Joined> };
type Context = ActorContext<Inputs, Outputs, { readonly table: ValuesDeclaration<Uint8Array> }>;

class JoinTask implements ActorTask<Inputs> {
  readonly #context: Context;
  readonly #joined: Joined = { device: new Uint8Array(0), frame: new Uint8Array(0), frameStart: 0 };

  constructor(context: Context) {
    this.#context = context;
  }

  process({ input, keyId, value }: RecordOf<Inputs>): void {
    this.#take(input, keyId, value.bytes, value.start, value.end);
  }

  processBatch(input: 'devices' | 'keyed', records: RecordWalk): void {
    while (records.next()) this.#take(input, records.keyId, records.bytes, records.valueStart, records.valueEnd);
  }

  #take(input: 'devices' | 'keyed', keyId: number, bytes: Uint8Array, start: number, end: number): void {
    const { state, out } = this.#context;
    if (input === 'devices') {
      state.table.set(keyId, bytes.slice(start, end));
      return;
    }
    const device = state.table.get(keyId);
    if (device === undefined) throw new MsecError('DEPENDENCY_DOWN', 'the device is not in the table yet');
    const joined = this.#joined;
    joined.device = device;
    joined.frame = bytes;
    joined.frameStart = start;
    out.joined.emit(joined);
  }
}

/** The entry that the engine's process and each of its workers import. */
export default (config: unknown): TopologyDefinition => {
  const { application, partitions, input, table, output } = config as JoinTopology;
  const keyed = topic(`${application}.by-device`, rawCodec());
  const rekey: AnyActor = defineActor({
    name: 'rekey',
    inputs: { frames: topic(input, rawCodec(), { external: true }) },
    outputs: { keyed },
    rekeyed: ['keyed'],
    open: (context) => new RekeyTask(context),
  });
  const join: AnyActor = defineActor({
    name: 'join',
    inputs: { devices: topic(table, rawCodec(), { external: true, cleanup: 'compact' }), keyed },
    outputs: { joined: topic(output, joinedCodec, { access: 'public' }) },
    state: { table: values(deviceCodec) },
    open: (context) => new JoinTask(context),
  });
  return { name: application, partitions, actors: [rekey, join] };
};

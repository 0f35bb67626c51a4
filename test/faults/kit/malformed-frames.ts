/**
 * Frames that are wrong in every way that a device, a forger or a broken line can bring about, by class of mutation, and
 * good ones between them. Each says which reasons its dead letter may have; none: it must arrive as a reading.
 */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { ByteWriter, type Random, randomBelow } from '../../../engine/index.ts';
import { encodeEnvelope, type SigningKey, signEnvelope } from '../../../schemas/envelope/index.ts';
import { enmon } from '../../../schemas/generated/enmon.ts';

export interface Sender {
  readonly id: string;
  readonly type: 'enmon' | 'crowd';
  readonly identity: string;
  readonly publicKey: KeyObject;
  readonly key: SigningKey;
  /** Of the last good frame. */
  sequence: number;
  token: string;
}

export interface MadeFrame {
  readonly sender: Sender;
  readonly className: string;
  readonly bytes: Uint8Array;
  /** Reasons of which the letter has one; empty where the frame is good; null where only the decoder can tell. */
  readonly reasons: readonly string[] | null;
}

type Reasons = readonly string[];
type Make = (fleet: MalformedFleet) => MadeFrame;

const BOOT_EPOCH = 7;
const SEQUENCE_FIRST = 10_000;
const WINDOW = 1024;
const AT_VERSION = 2;
const AT_MODE = 3;
const AT_KEY_ID = 6;
const SIGNATURE_BYTES = 64;
const ENMON_BYTES = 31;
const INVALID: Reasons = ['ENVELOPE_INVALID'];
/** Half of all wrong signatures have an s that no envelope may have. */
const FORGED: Reasons = ['SIGNATURE_INVALID', 'BUDGET_EXHAUSTED', 'ENVELOPE_INVALID'];
/** A flipped bit is told by whatever check it meets first. */
const FLIPPED: Reasons = [...FORGED, 'IDENTITY_MISMATCH', 'KEY_UNKNOWN', 'UNSIGNED', 'REPLAYED', 'CLOCK_SKEW'];

function senders(prefix: string, type: Sender['type'], count: number): Sender[] {
  return Array.from({ length: count }, (_, i) => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const identity = type === 'enmon' ? `86${prefix.length}${String(i).padStart(12, '0')}` : `${prefix}${i}`;
    return {
      id: `${prefix}-${i}`,
      type,
      identity,
      publicKey,
      key: { keyId: new Uint8Array(8), privateKey },
      sequence: SEQUENCE_FIRST,
      token: '',
    };
  });
}

/** Each class takes what it needs from the fleet, and numbers its frames itself. */
export class MalformedFleet {
  readonly random: Random;
  /** Structural mutations come from these too: whoever sends one wrong frame must not lose the good ones. */
  readonly good: readonly Sender[] = senders('good', 'enmon', 40);
  readonly forgers: readonly Sender[] = senders('forger', 'enmon', 40);
  readonly doubles: readonly Sender[] = senders('double', 'enmon', 10);
  readonly counters: readonly Sender[] = senders('counter', 'crowd', 10);
  readonly #classes = Object.entries(CLASSES);
  #next = 0;

  constructor(random: Random) {
    this.random = random;
  }

  get all(): readonly Sender[] {
    return [...this.good, ...this.forgers, ...this.doubles, ...this.counters];
  }

  static get classNames(): readonly string[] {
    return Object.keys(CLASSES);
  }

  /** One class after the other. */
  malformed(): MadeFrame {
    const [className, make] = this.#classes[this.#next++ % this.#classes.length]!;
    return { ...make(this), className };
  }

  goodFrame(sender = this.pick(this.good)): MadeFrame {
    sender.sequence++;
    return { sender, className: 'good', bytes: this.signed(sender), reasons: [] };
  }

  pick<T>(list: readonly T[]): T {
    return list[randomBelow(this.random, list.length)]!;
  }

  below(limit: number): number {
    return randomBelow(this.random, limit);
  }

  payload(sender: Sender, imei = sender.identity): Uint8Array {
    const writer = new ByteWriter(64);
    enmon.encode(writer, {
      nSend: sender.sequence,
      imei,
      batteryVoltage: 3000 + this.below(1000),
      sonometer: this.below(120),
      temperature: this.below(400),
      humidity: this.below(1000),
    });
    return writer.take();
  }

  signed(sender: Sender, fields: { payload?: Uint8Array; sequence?: number; bootEpoch?: number; ms?: number } = {}) {
    const { payload = this.payload(sender), sequence = sender.sequence, bootEpoch = BOOT_EPOCH, ms } = fields;
    const time = ms === undefined ? {} : { deviceTimeMs: ms };
    return signEnvelope({ deviceId: sender.id, bootEpoch, sequence, payload, ...time }, sender.key);
  }
}

function mutated(
  pickFrom: (fleet: MalformedFleet) => Sender,
  reasons: Reasons,
  mutate: (bytes: Uint8Array, fleet: MalformedFleet) => Uint8Array,
): Make {
  return (fleet) => {
    const sender = pickFrom(fleet);
    // Beyond all good ones, so that a mutation that were taken for good would stand out, and not in anybody's way.
    const bytes = fleet.signed(sender, { sequence: sender.sequence + 1 });
    return { sender, className: '', bytes: mutate(bytes, fleet), reasons };
  };
}

const good = (fleet: MalformedFleet) => fleet.pick(fleet.good);
const forger = (fleet: MalformedFleet) => fleet.pick(fleet.forgers);

function flip(bytes: Uint8Array, at: number, fleet: MalformedFleet): Uint8Array {
  bytes[at] = bytes[at]! ^ (1 << fleet.below(8));
  return bytes;
}

/** Signed with the sender's own key, so that what is wrong inside is all that is wrong. */
function signedPayload(
  reasons: Reasons,
  make: (payload: Uint8Array, fleet: MalformedFleet, sender: Sender) => Uint8Array,
): Make {
  return (fleet) => {
    const sender = good(fleet);
    sender.sequence++;
    const payload = make(fleet.payload(sender), fleet, sender);
    return { sender, className: '', bytes: fleet.signed(sender, { payload }), reasons };
  };
}

const CLASSES: Readonly<Record<string, Make>> = {
  truncated: mutated(good, INVALID, (bytes, fleet) => bytes.subarray(0, 1 + fleet.below(bytes.length - 1))),
  'bytes behind it': mutated(good, INVALID, (bytes, fleet) => {
    const longer = new Uint8Array(bytes.length + 1 + fleet.below(40));
    longer.set(bytes);
    return longer;
  }),
  'wrong magic': mutated(good, INVALID, (bytes, fleet) => flip(bytes, fleet.below(2), fleet)),
  'wrong version': mutated(good, INVALID, (bytes, fleet) => flip(bytes, AT_VERSION, fleet)),
  'wrong mode': mutated(good, INVALID, (bytes, fleet) => flip(bytes, AT_MODE, fleet)),
  'wrong length': mutated(good, INVALID, (bytes, fleet) =>
    flip(bytes, bytes.length - SIGNATURE_BYTES - ENMON_BYTES - 1 - fleet.below(4), fleet),
  ),
  'random bytes': mutated(good, INVALID, (_, fleet) => fleet.random.bytes(1 + fleet.below(300))),
  'no signature': (fleet) => {
    const sender = good(fleet);
    const fields = { deviceId: sender.id, bootEpoch: BOOT_EPOCH, sequence: sender.sequence + 1 };
    const bytes = encodeEnvelope({ ...fields, payload: fleet.payload(sender) });
    return { sender, className: '', bytes, reasons: ['UNSIGNED'] };
  },
  'unknown key': mutated(good, ['KEY_UNKNOWN'], (bytes, fleet) => flip(bytes, AT_KEY_ID + fleet.below(8), fleet)),
  "another device's frame": (fleet) => {
    const sender = good(fleet);
    const other = forger(fleet);
    return { sender, className: '', bytes: fleet.signed(other), reasons: ['IDENTITY_MISMATCH'] };
  },
  replayed: (fleet) => {
    const sender = good(fleet);
    const sequence = SEQUENCE_FIRST - WINDOW - fleet.below(SEQUENCE_FIRST - WINDOW);
    return { sender, className: '', bytes: fleet.signed(sender, { sequence }), reasons: ['REPLAYED'] };
  },
  'earlier boot epoch': (fleet) => {
    const sender = good(fleet);
    const fields = { sequence: fleet.below(2 ** 31), bootEpoch: fleet.below(BOOT_EPOCH) };
    return { sender, className: '', bytes: fleet.signed(sender, fields), reasons: ['REPLAYED'] };
  },
  'clock ahead': (fleet) => {
    const sender = good(fleet);
    const fields = { sequence: sender.sequence + 1, ms: Date.now() + 3_600_000 + fleet.below(1e9) };
    return { sender, className: '', bytes: fleet.signed(sender, fields), reasons: ['CLOCK_SKEW'] };
  },
  'bit flipped anywhere': mutated(forger, FLIPPED, (bytes, fleet) => flip(bytes, fleet.below(bytes.length), fleet)),
  'bad signature': mutated(forger, FORGED, (bytes, fleet) => {
    bytes.set(fleet.random.bytes(SIGNATURE_BYTES), bytes.length - SIGNATURE_BYTES);
    return bytes;
  }),
  conflict: (fleet) => {
    const sender = fleet.pick(fleet.doubles);
    // The first puts its device in quarantine.
    const reasons = ['SEQUENCE_CONFLICT', 'DEVICE_QUARANTINED'] as const;
    return { sender, className: '', bytes: fleet.signed(sender), reasons };
  },
  'payload: another identity': signedPayload(['IDENTITY_MISMATCH'], (_, fleet, sender) =>
    fleet.payload(sender, '000000000000000'),
  ),
  'payload: wrong type': signedPayload(['FRAME_INVALID'], (payload, fleet) => flip(payload, 0, fleet)),
  'payload: wrong length': signedPayload(['FRAME_INVALID'], (payload, fleet) =>
    flip(payload, 1 + fleet.below(2), fleet),
  ),
  'payload: cut': signedPayload(['FRAME_INVALID'], (payload, fleet) => payload.subarray(0, fleet.below(ENMON_BYTES))),
  'payload: random': signedPayload(['FRAME_INVALID'], (_, fleet) => {
    const payload = fleet.random.bytes(1 + fleet.below(200));
    payload[0] = 2;
    return payload;
  }),
  'crowd text': (fleet) => {
    const sender = fleet.pick(fleet.counters);
    sender.sequence++;
    const payload = crowdText(sender, fleet);
    for (let left = 1 + fleet.below(3); left > 0; left--) payload[fleet.below(payload.length)] = fleet.below(256);
    const end = fleet.below(4) === 0 ? fleet.below(payload.length) : payload.length;
    return { sender, className: '', bytes: fleet.signed(sender, { payload: payload.subarray(0, end) }), reasons: null };
  },
};

function crowdText(sender: Sender, fleet: MalformedFleet): Buffer {
  const at = new Date();
  const two = (value: number) => String(value).padStart(2, '0');
  const date = `${at.getUTCFullYear()}${two(at.getUTCDate())}${two(at.getUTCMonth() + 1)}`;
  const time = `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())}`;
  const lines = Array.from({ length: 3 }, () => {
    const address = [...fleet.random.bytes(6)].map((byte) => byte.toString(16).padStart(2, '0').toUpperCase());
    return `${address.join(':')}@-${30 + fleet.below(60)}`;
  });
  return Buffer.from([`${sender.identity}@WIFI@${date}-${time}@21.5@100@3`, ...lines].join('\n'));
}

/**
 * Envelopes that must not pass, of each mode: replayed, of a revoked device, in a mode that the key is not for, truncated,
 * with flipped bits, and of a device and its clone once they have contradicted each other, through the real stages. After each class a good one must pass, so that a harness that refuses
 * everything is found out.
 */
import { HELD_MS_MAX } from '../../../actors/verify/held-frames.ts';
import type { Random } from '../../../engine/index.ts';
import type { KeyMode } from '../../../schemas/device/index.ts';
import { city, Device, enmonFrame, NOW, Receiver } from '../../actors/city.ts';
import type { StageDriver } from '../../actors/stage-driver.ts';

const FRAMES = 'device.frames';
const MODES: readonly KeyMode[] = ['frame', 'batch', 'session'];
/** Good envelopes that wrong ones are made of. */
const ORIGINALS = 500;
const BATCH_FRAMES = 5;
/** What has been told by then is looked at and forgotten. */
const CHUNK = 2_000;

export interface HostileVerdict {
  /** By class and mode: how many went in, and how many came out. */
  readonly classes: readonly { readonly name: string; readonly sent: number; readonly accepted: number }[];
  /** Classes after which a good envelope did not pass. */
  readonly deaf: readonly string[];
}

interface Sender {
  readonly device: Device;
  readonly mode: KeyMode;
  next(): Uint8Array;
  /** As `next`, with other content. */
  nextOther(): Uint8Array;
}

type Attack = (original: Uint8Array, random: Random) => Uint8Array;

const below = (random: Random, limit: number): number => random.u32() % limit;

const truncated: Attack = (original, random) => original.slice(0, 1 + below(random, original.length - 1));

const flipped: Attack = (original, random) => {
  const copy = original.slice();
  for (let flips = 1 + below(random, 3); flips > 0; flips--) {
    // The first byte is the bridge's, not the sender's.
    copy[1 + below(random, copy.length - 1)]! ^= 1 << below(random, 8);
  }
  // Two flips of one bit are none.
  return Buffer.compare(copy, original) === 0 ? truncated(original, random) : copy;
};

const same: Attack = (original) => original;

/** Mode and algorithm are the envelope's fourth and fifth byte, behind the kind. */
const otherMode: Attack = (original, random) => {
  const copy = original.slice();
  do {
    copy[4] = below(random, 4);
    copy[5] = below(random, 4);
  } while (copy[4] === original[4] && copy[5] === original[5]);
  return copy;
};

/** `count` of each class and mode. */
export function runHostile(count: number, random: Random, progress: (text: string) => void): HostileVerdict {
  const classes: { name: string; sent: number; accepted: number }[] = [];
  const deaf: string[] = [];
  for (const mode of MODES) {
    const run = (name: string, prepare: (stand: Stand) => void, attack: Attack) => {
      const stand = new Stand(mode);
      const originals = Array.from({ length: ORIGINALS }, () => stand.sender.next());
      prepare(stand);
      if (name === 'replayed') for (const original of originals) stand.feed(original);
      stand.takeReadings();
      let accepted = 0;
      for (let i = 0; i < count; i++) {
        stand.feed(attack(originals[i % ORIGINALS]!, random));
        if (i % CHUNK === CHUNK - 1) accepted += stand.takeReadings();
      }
      accepted += stand.takeReadings();
      classes.push({ name: `${name}, ${mode}`, sent: count, accepted });
      stand.allow();
      stand.feed(stand.sender.next());
      if (stand.takeReadings() === 0) deaf.push(`${name}, ${mode}`);
      progress(`${name}, ${mode}: ${count} sent, ${accepted} accepted`);
    };
    run('replayed', () => {}, same);
    run(
      'revoked',
      ({ driver, sender: { device } }) => {
        driver.feed(FRAMES, device.id, NOW, device.control({ state: 'revoked' }));
      },
      same,
    );
    run('wrong mode', () => {}, otherMode);
    run('mode not enrolled', (stand) => stand.allow(MODES.filter((other) => other !== mode)), same);
    run('truncated', () => {}, truncated);
    run('bits flipped', () => {}, flipped);
    run('cloned', contradict, same);
  }
  return { classes, deaf };
}

/**
 * Somebody else signs with the same key under a sequence that the device has used. The envelopes that were made before and
 * have not been seen are the device's own and its clone's: nobody can tell which.
 */
function contradict(stand: Stand): void {
  const { sender } = stand;
  const { device } = sender;
  const sequence = device.sequence;
  stand.feed(sender.next());
  device.sequence = sequence;
  stand.feed(sender.nextOther());
  const reasons = stand.driver.reasons;
  if (reasons.length !== 1 || reasons[0] !== 'SEQUENCE_CONFLICT') throw new Error(`no conflict: ${reasons}`);
}

class Stand {
  readonly driver: StageDriver;
  readonly sender: Sender;
  #nowMs = NOW;

  constructor(mode: KeyMode) {
    const receiver = new Receiver();
    const device = new Device('enmon-1');
    const frame = (temperature = 124) => enmonFrame({ nSend: device.sequence & 0xffff, temperature });
    const make: Readonly<Record<KeyMode, (temperature?: number) => Uint8Array>> = {
      frame: (temperature) => device.signed(frame(temperature)),
      batch: (temperature) =>
        device.batch(Array.from({ length: BATCH_FRAMES }, () => ({ payload: frame(temperature) }))),
      session: (temperature) => device.session(receiver, frame(temperature)),
    };
    this.sender = { device, mode, next: () => make[mode](), nextOther: () => make[mode](125) };
    // Else nearly all of them would be refused unchecked.
    const verify = { receiverKeys: receiver, budget: { burst: 1e12 } };
    this.driver = city([device], { verify });
    this.allow();
  }

  /** From now on the device is active and its key for these modes. */
  allow(modes: readonly KeyMode[] = [this.sender.mode]): void {
    const { device } = this.sender;
    const keys = device.record.keys.map((key) => ({ ...key, modes }));
    const resetCount = device.record.resetCount + 1;
    this.driver.feed(FRAMES, device.id, NOW, device.control({ keys, state: 'active', resetCount }));
  }

  feed(record: Uint8Array): void {
    this.driver.feed(FRAMES, this.sender.device.id, NOW, record);
  }

  /** How many there were since the last time. What waits for a key is refused by then. */
  takeReadings(): number {
    this.#nowMs += HELD_MS_MAX;
    this.driver.feed(FRAMES, null, this.#nowMs, new Uint8Array(0));
    const readings = this.driver.of('device.readings').length;
    this.driver.records.length = 0;
    return readings;
  }
}

/** One generated case: a flow's packets and rules about it. Its addresses are its own, so that many share a capture. */
import { Dice } from './dice.ts';
import { type Dialogue, dialogue } from './messages.ts';
import { type Endpoints, packetsOf } from './packets.ts';
import { rulesOf } from './rules.ts';

export interface Case {
  readonly seed: number;
  readonly dialogue: Dialogue;
  readonly frames: readonly Uint8Array[];
  readonly rules: readonly string[];
  readonly firstSid: number;
}

/** Rules of one case at most. */
export const SIDS_A_CASE = 10;

/** `slot`: its place among the cases of one capture. */
export function makeCase(seed: number, slot: number): Case {
  const dice = new Dice(seed);
  const made = dialogue(dice);
  const firstSid = 1 + slot * SIDS_A_CASE;
  const version = dice.chance(0.15) ? 6 : 4;
  const [high, low] = [slot >> 8, slot & 255];
  const ends: Endpoints =
    version === 4
      ? {
          version,
          client: Uint8Array.of(10, 1, high, low),
          server: Uint8Array.of(10, 2, high, low),
          clientPort: dice.int(1024, 9999),
        }
      : { version, client: v6(1, slot), server: v6(2, slot), clientPort: dice.int(1024, 9999) };
  const addresses: readonly [string, string] =
    version === 4
      ? [`10.1.${high}.${low}`, `10.2.${high}.${low}`]
      : [`2001:db8:1::${slot.toString(16)}`, `2001:db8:2::${slot.toString(16)}`];
  return {
    seed,
    dialogue: made,
    frames: packetsOf(dice, made, ends),
    rules: rulesOf(dice, made, addresses, firstSid),
    firstSid,
  };
}

function v6(net: number, slot: number): Uint8Array {
  const bytes = new Uint8Array(16);
  bytes.set([0x20, 0x01, 0x0d, 0xb8, 0, net]);
  bytes[14] = slot >> 8;
  bytes[15] = slot & 255;
  return bytes;
}

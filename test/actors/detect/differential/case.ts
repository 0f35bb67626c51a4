/** One generated case: a flow's packets and rules about it. Its addresses are its own, so that many share a capture. */

import { dialogue, enipDialogue, tornDialogue, wideDialogue } from './dialogues/dialogue.ts';
import type { Dialogue } from './dialogues/message.ts';
import { Dice } from './dice.ts';
import { isOfEnip, type Kind, kindOf } from './kind.ts';
import type { Endpoints } from './network.ts';
import { packetsOf } from './packets.ts';
import { rulesOf } from './rules/rules.ts';
import { setRules } from './rules/sets.ts';
import { textRules } from './rules/texts.ts';

export interface Case {
  readonly seed: number;
  readonly slot: number;
  readonly dialogue: Dialogue;
  readonly frames: readonly Uint8Array[];
  /** Of each frame, since the case began. */
  readonly timesUs: readonly number[];
  readonly rules: readonly string[];
  /** Lines of threshold.config. */
  readonly thresholds: readonly string[];
  readonly firstSid: number;
}

/** So many have rules that capture texts beside the others. */
const TEXT_SHARE = 0.08;
const TEXT_SALT = 0x2545_f491;
/** So many have rules that change a set. */
const SET_SHARE = 0.06;
const SET_SALT = 0x1b56_c4e9;
/** Rules of one case at most. */
export const SIDS_A_CASE = 10;
/** A case is over before any flow of it times out. */
const DIALOGUES = { plain: dialogue, wide: wideDialogue, torn: tornDialogue };
const PACES_US = [100, 2000, 30_000, 120_000];

/** `slot`: its place among the cases of one capture. */
export function makeCase(seed: number, slot: number, kind: Kind = kindOf(seed)): Case {
  const dice = new Dice(seed);
  const made = kind === 'plain' && isOfEnip(seed) ? enipDialogue(dice) : DIALOGUES[kind](dice);
  const firstSid = 1 + slot * SIDS_A_CASE;
  const version = dice.chance(0.15) ? 6 : 4;
  const [high, low] = [slot >> 8, slot & 255];
  const clientPort = dice.int(1024, 9999);
  const ends: Endpoints =
    version === 4
      ? { version, client: Uint8Array.of(10, 1, high, low), server: Uint8Array.of(10, 2, high, low), clientPort }
      : { version, client: v6(1, slot), server: v6(2, slot), clientPort };
  const addresses: readonly [string, string] =
    version === 4
      ? [`10.1.${high}.${low}`, `10.2.${high}.${low}`]
      : [`2001:db8:1::${slot.toString(16)}`, `2001:db8:2::${slot.toString(16)}`];
  const paceUs = dice.pick(PACES_US);
  let afterUs = 0;
  const frames = packetsOf(dice, made, ends, kind);
  const timesUs = frames.map(() => {
    afterUs += dice.int(1, paceUs);
    return afterUs;
  });
  const { rules: own, thresholds } = rulesOf({ dice, dialogue: made, addresses, kind }, firstSid);
  const later = new Dice(seed ^ TEXT_SALT);
  const making = { dice: later, dialogue: made, name: `t${firstSid}`, client: addresses[0], server: addresses[1] };
  const texts = later.chance(TEXT_SHARE) ? textRules(making) : [];
  const last = new Dice(seed ^ SET_SALT);
  const sets = last.chance(SET_SHARE) ? setRules({ ...making, dice: last }) : [];
  const rules = [...own, ...[...texts, ...sets].map((rule, i) => `${rule} sid:${firstSid + own.length + i};)`)];
  return { seed, slot, dialogue: made, frames, timesUs, rules, thresholds, firstSid };
}

function v6(net: number, slot: number): Uint8Array {
  const bytes = new Uint8Array(16);
  bytes.set([0x20, 0x01, 0x0d, 0xb8, 0, net]);
  bytes[14] = slot >> 8;
  bytes[15] = slot & 255;
  return bytes;
}

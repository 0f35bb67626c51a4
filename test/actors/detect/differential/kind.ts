/** Kinds of cases, which their seeds decide. */
import { Dice } from './dice.ts';

/** `wide`: about packets, flows and addresses, with more of what is rare. `torn`: sessions of which something is missing. */
export type Kind = 'plain' | 'wide' | 'torn';

const WIDE_SHARE = 0.2;
const WIDE_SALT = 0x5bd1_e995;
const TORN_SHARE = 0.06;
const TORN_SALT = 0x632b_e59b;
const ENIP_SHARE = 0.05;
const ENIP_SALT = 0x6d2b_79f5;

/** From streams of their own: the other cases stay what they were. */
export function kindOf(seed: number): Kind {
  return new Dice(seed ^ TORN_SALT).chance(TORN_SHARE) ? 'torn' : wholeKindOf(seed);
}

/** Where what comes is always whole. */
export function wholeKindOf(seed: number): Kind {
  return new Dice(seed ^ WIDE_SALT).chance(WIDE_SHARE) ? 'wide' : 'plain';
}

/** Of the plain ones: those of EtherNet/IP, from a stream of their own, too. */
export const isOfEnip = (seed: number): boolean => new Dice(seed ^ ENIP_SALT).chance(ENIP_SHARE);

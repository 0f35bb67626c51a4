/** What the rules of one case are made from. */

import type { Dialogue } from '../dialogues/message.ts';
import type { Dice } from '../dice.ts';

export interface Making {
  readonly dice: Dice;
  readonly dialogue: Dialogue;
  /** Begins the names of bits, numbers and variables, which are the case's own. */
  readonly name: string;
  readonly client: string;
  readonly server: string;
}

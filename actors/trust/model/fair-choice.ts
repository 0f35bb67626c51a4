/**
 * A draw in which an enrolment counts once, however many names it has: identities cost nothing, enrolments do. What belongs
 * to one enrolment (one batch of keys, one owner) is told by the registry of devices.
 */
import { type Random, randomBelow } from '../../../engine/index.ts';
import { randomOf } from './random-choice.ts';

/** The enrolment that a name came with. */
export type EnrolmentOf = (name: string) => string;

/** null: each name has an enrolment of its own. */
export function fairOf(random: Random, names: readonly string[], enrolmentOf: EnrolmentOf | null): string {
  if (enrolmentOf === null) return randomOf(random, names);
  const enrolments = new Map<string, string[]>();
  for (const name of names) {
    const enrolment = enrolmentOf(name);
    const members = enrolments.get(enrolment);
    if (members === undefined) enrolments.set(enrolment, [name]);
    else members.push(name);
  }
  const drawn = [...enrolments.values()][randomBelow(random, enrolments.size)]!;
  return randomOf(random, drawn);
}

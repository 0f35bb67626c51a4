/** What is wrong with a group before any rule names it. */
import { addressSet } from './address-set.ts';
import { portSet } from './port-set.ts';
import { RuleMistake } from './rule-mistake.ts';
import type { Variables } from './variables.ts';

/** In words; null where the group can be used. */
export function groupMistake(part: 'address' | 'port', name: string, groups: Variables): string | null {
  try {
    if (part === 'address') addressSet(`$${name}`, groups.addresses);
    else portSet(`$${name}`, groups.ports);
    return null;
  } catch (thrown) {
    if (thrown instanceof RuleMistake) return thrown.message;
    throw thrown;
  }
}

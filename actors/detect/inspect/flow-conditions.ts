/**
 * Keywords about flows and about what rules remember: those that ask (flow, flowbits:isset, flowint comparisons,
 * xbits:isset), and those that take effect when the whole rule has matched. The order is the rule's.
 */
import type { Condition } from '../rules/rule.ts';
import type { Track } from './address-bits.ts';
import { fieldsOf, wordsOf } from './condition-values.ts';
import type { Names } from './names.ts';
import type { Check } from './packet-conditions.ts';
import type { Situation } from './situation.ts';

export type Effect = (situation: Situation) => void;

/** What is asked of the flow itself; its direction is the signature's. */
export function flowCheck(condition: Condition): Check | null {
  const words = wordsOf(condition);
  const name = words.join();
  let check = flowChecks.get(name);
  if (check === undefined) {
    check = checkOf(words);
    flowChecks.set(name, check);
  }
  return check;
}

/** Rules have the same few combinations of some words, and a check keeps nothing. */
const flowChecks = new Map<string, Check | null>();

function checkOf(words: readonly string[]): Check | null {
  const checks = words.flatMap((word): Check[] => {
    switch (word) {
      case 'established':
        return [(situation) => situation.isEstablished];
      case 'not_established':
        return [(situation) => !situation.isEstablished];
      case 'only_stream':
        return [(situation) => situation.isStreamMatch];
      case 'no_stream':
        return [(situation) => !situation.isStreamMatch];
      case 'only_frag':
        return [(situation) => situation.packet.isReassembled];
      case 'no_frag':
        return [(situation) => !situation.packet.isReassembled];
      default:
        return [];
    }
  });
  const directions = words.filter((word) => word.startsWith('to_'));
  // A direction alone is no question: it decides where the rule is looked for.
  if (directions.length === words.length) return null;
  // Beside another word a direction is one: a packet without a flow has none.
  const wanted = directions[0] === 'to_client' ? 1 : 0;
  if (directions.length > 0) checks.push(({ flow, direction }) => flow !== null && direction === wanted);
  return (situation) => {
    for (let i = 0; i < checks.length; i += 1) if (!checks[i]!(situation)) return false;
    return true;
  };
}

export interface Remembered {
  readonly checks: Check[];
  readonly effects: Effect[];
}

export function flowbits(condition: Condition, names: Names, into: Remembered): void {
  const [action, ...words] = wordsOf(condition);
  const ids = words.map((word) => names.bit(word));
  const [first] = ids as [number];
  if (action === 'isset')
    into.checks.push(({ flow, memory }) => flow !== null && memory !== null && ids.some((id) => memory.hasBit(id)));
  else if (action === 'isnotset')
    into.checks.push(({ flow, memory }) => flow !== null && (memory === null || ids.some((id) => !memory.hasBit(id))));
  else if (action === 'set') into.effects.push(({ memory }) => memory?.setBit(first));
  else if (action === 'unset') into.effects.push(({ memory }) => memory?.unsetBit(first));
  else
    into.effects.push(({ memory }) => {
      if (memory?.hasBit(first) === true) memory.unsetBit(first);
      else memory?.setBit(first);
    });
}

const COMPARISONS: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '<': (a, b) => a < b,
  '>': (a, b) => a > b,
  '<=': (a, b) => a <= b,
  '>=': (a, b) => a >= b,
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
};

export function flowint(condition: Condition, names: Names, into: Remembered): void {
  const { name, operator, value } = fieldsOf(condition);
  const id = names.number(String(name));
  const other = typeof value === 'string' ? names.number(value) : null;
  const target = ({ memory }: Situation): number =>
    // A number that there is not counts as 0.
    other === null ? (value as number) : (memory?.number(other) ?? 0);
  const comparison = COMPARISONS[String(operator)];
  if (operator === 'isset') into.checks.push(({ memory }) => memory?.number(id) !== undefined);
  else if (operator === 'isnotset')
    into.checks.push(({ flow, memory }) => flow !== null && memory?.number(id) === undefined);
  else if (comparison !== undefined)
    into.checks.push((situation) => {
      const held = situation.memory?.number(id);
      return held !== undefined && comparison(held, target(situation));
    });
  else
    into.effects.push((situation) => {
      const wanted = target(situation);
      const held = situation.memory?.number(id);
      if (operator === '=') situation.memory?.setNumber(id, wanted);
      else if (operator === '+') situation.memory?.setNumber(id, (held ?? 0) + wanted);
      // Nothing is taken off a number that there is not.
      else if (held !== undefined) situation.memory?.setNumber(id, held - wanted);
    });
}

/** Bits that belong to addresses and not to a flow. */
export function xbits(condition: Condition, names: Names, into: Remembered): void {
  const { action, name, track, expire } = fieldsOf(condition);
  const id = names.addressBit(String(name));
  const by = track as Track;
  const seconds = Number(expire);
  if (action === 'isset') into.checks.push(({ packet, addressBits }) => addressBits.isSet(packet, by, id));
  else if (action === 'isnotset') into.checks.push(({ packet, addressBits }) => !addressBits.isSet(packet, by, id));
  else if (action === 'set') into.effects.push(({ packet, addressBits }) => addressBits.set(packet, by, id, seconds));
  else if (action === 'unset') into.effects.push(({ packet, addressBits }) => addressBits.unset(packet, by, id));
  else into.effects.push(({ packet, addressBits }) => addressBits.toggle(packet, by, id, seconds));
}

/** Bits of a transaction; whether one is set its engines ask. */
export function transactionBits(condition: Condition, into: Remembered): void {
  const { action, name } = fieldsOf(condition);
  if (action === 'isset' || action === 'isnotset') return;
  const bit = String(name);
  into.effects.push(({ transaction }) => {
    if (transaction === null) return;
    transaction.bits ??= new Set();
    const { bits } = transaction;
    if (action === 'unset' || (action === 'toggle' && bits.has(bit))) bits.delete(bit);
    else bits.add(bit);
  });
}

/**
 * Why a rule alerts, or does not: each thing that it asks of a packet, its stream and its transactions, one after the
 * other, with the bytes that met it, up to the first that was not met. It only looks: nothing that rules remember changes.
 */
import { bufferMatcher, newVariables, transformer, variableSlots } from '../match/index.ts';
import type { Conversation, Direction, Transaction } from '../protocols/index.ts';
import { printBytes } from '../rules/keywords/content-bytes.ts';
import type { BufferTerms, Term } from '../rules/rule.ts';
import { MATCH } from './engine.ts';
import { type Header, matchesHeader } from './header.ts';
import { isTransactionBuffer } from './rule-type.ts';
import { isInDirection, type Signature } from './signature.ts';
import type { Situation } from './situation.ts';

export interface Step {
  readonly what: string;
  readonly isMet: boolean;
  /** Where in which bytes, or in what it was looked for. */
  readonly where: string;
}

export interface Attempt {
  /** null: at a flow's end. */
  readonly packet: number | null;
  readonly direction: Direction;
  readonly transaction: number | null;
  readonly steps: readonly Step[];
  readonly isMatch: boolean;
}

const SHOWN_BYTES_MAX = 48;

export class Explainer {
  readonly #signature: Signature;
  /** The first attempt of all that came furthest. */
  best: Attempt | null = null;

  constructor(signature: Signature) {
    this.#signature = signature;
  }

  look(situation: Situation): void {
    const conversation = (situation.flow?.application ?? null) as Conversation | null;
    if (this.#signature.type !== 'app_tx') this.#attempt(situation, null);
    else
      for (const tx of conversation?.parser?.transactions ?? [])
        if (situation.memory?.isInspected(tx.id, situation.direction) !== true) this.#attempt(situation, tx);
  }

  #attempt(situation: Situation, tx: Transaction | null): void {
    const steps: Step[] = [];
    const isMatch = this.#steps(situation, tx, (step) => {
      steps.push(step);
      return step.isMet;
    });
    const met = steps.filter((step) => step.isMet).length;
    const before = this.best === null ? -1 : this.best.steps.filter((step) => step.isMet).length;
    if (this.best?.isMatch === true || (!isMatch && met <= before)) return;
    const packet = situation.packet.isPseudo ? null : situation.packet.number;
    this.best = { packet, direction: situation.direction, transaction: tx?.id ?? null, steps, isMatch };
  }

  /** Whether all were met; `say` gives back whether its step was. */
  #steps(situation: Situation, tx: Transaction | null, say: (step: Step) => boolean): boolean {
    const signature = this.#signature;
    const { rule } = signature;
    const simple = (what: string, isMet: boolean): boolean => say({ what, isMet, where: '' });
    if (!simple('protocol, addresses and ports', matchesHeader(headerOf(signature, situation), situation.packet)))
      return false;
    if (!simple('direction', isInDirection(signature, situation.direction))) return false;
    if (signature.application !== null && !simple(signature.application, signature.application === situation.protocol))
      return false;
    const payload = rule.buffers.find(({ buffer }) => buffer === 'payload');
    if (payload !== undefined && !this.#buffer(payload, payloadOf(situation), say)) return false;
    for (const [i, check] of signature.checks.entries())
      if (!simple(signature.checkNames[i]!, check(situation))) return false;
    return tx === null || this.#transaction(situation, tx, say);
  }

  #transaction(situation: Situation, tx: Transaction, say: (step: Step) => boolean): boolean {
    const { protocol } = situation.flow!.application as Conversation;
    const { direction } = situation;
    const engines = this.#signature.engines.get(protocol!.name)?.[direction] ?? [];
    if (engines.length === 0 || (tx.isOneSided ?? direction) !== direction) {
      const where = `${protocol!.name} has none in what goes to the ${direction === 0 ? 'server' : 'client'}`;
      return say({ what: this.#signature.rule.buffers.map(({ buffer }) => buffer).join(', '), isMet: false, where });
    }
    for (const engine of engines) {
      if (engine.isStream) continue;
      const where = tx.progress[direction] < engine.progress ? 'the transaction has not come so far' : '';
      const terms = this.#signature.rule.buffers.filter(
        (one) => isTransactionBuffer(one) && one.buffer === engine.name,
      );
      const row = protocol!.buffers.find(
        ({ name, directions }) => name === engine.name && directions.includes(direction),
      );
      if (where !== '' || row === undefined) {
        if (!say({ what: engine.name, isMet: where === '' && engine.ask(tx, direction, situation) === MATCH, where }))
          return false;
        continue;
      }
      const bytes = row.read(tx, direction, 0, false);
      for (const one of terms)
        if (!this.#buffer(one, bytes, say, engine.ask(tx, direction, situation) === MATCH)) return false;
    }
    return true;
  }

  /** `isMetElsewhere`: in another of several buffers of this name. */
  #buffer(one: BufferTerms, bytes: Uint8Array | null, say: (step: Step) => boolean, isMetElsewhere = false): boolean {
    const { buffer, terms, transforms } = one;
    if (bytes === null) return say({ what: buffer, isMet: false, where: 'it is not there' });
    const changed = transforms.length === 0 ? bytes : transformer(transforms)(bytes);
    const slots = variableSlots(this.#signature.rule.buffers);
    const { fast } = this.#signature;
    const matcher = bufferMatcher(one, slots, fast?.isNegated === false ? fast.content : null);
    const trace = matcher.trace(changed, newVariables(slots));
    if (!trace.isMatch && isMetElsewhere) return say({ what: buffer, isMet: true, where: 'in another one of it' });
    for (const [i, term] of terms.entries()) {
      const isMet = trace.isMatch || i !== trace.failed;
      const place = trace.places[i] ?? null;
      const where =
        isMet && place !== null
          ? `bytes ${place.start} to ${place.end}: ${shown(changed.subarray(place.start, place.end))}`
          : `in ${changed.length} bytes: ${shown(changed)}`;
      if (!say({ what: `${buffer}: ${printed(term)}`, isMet, where })) return false;
    }
    return true;
  }
}

const headerOf = ({ header, headerBack }: Signature, { direction }: Situation): Header =>
  direction === 1 ? (headerBack ?? header) : header;

function payloadOf(situation: Situation): Uint8Array | null {
  if (situation.chunk !== null) return situation.chunk.bytes;
  return situation.hasPayload && !situation.hidesPayload ? situation.payload : null;
}

const shown = (bytes: Uint8Array): string =>
  `${printBytes(bytes.subarray(0, SHOWN_BYTES_MAX))}${bytes.length > SHOWN_BYTES_MAX ? '…' : ''}`;

function printed(term: Term): string {
  if (term.kind === 'content') return `content:${term.isNegated ? '!' : ''}"${printBytes(term.bytes)}"`;
  if (term.kind === 'pcre') return `pcre:${term.isNegated ? '!' : ''}"/${term.pattern}/${term.flags}"`;
  return term.kind;
}

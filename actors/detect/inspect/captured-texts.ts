/**
 * Texts of expressions, remembered by a flow or by the packet in hand when the whole rule has matched, and what rules ask of
 * them. One that an expression captured with an earlier packet than the one with which the rule matches is not remembered.
 */
import { CapturedTexts } from '../match/index.ts';
import type { BufferTerms, Condition, Rule, Term, TextCapture } from '../rules/rule.ts';
import { fieldsOf } from './condition-values.ts';
import type { Effect } from './flow-conditions.ts';
import type { Names } from './names.ts';
import type { Check } from './packet-conditions.ts';
import type { Situation } from './situation.ts';

export interface Capturing {
  readonly captured: CapturedTexts;
  readonly effect: Effect;
}

/** Null: the rule captures nothing. */
export function capturingOf({ buffers }: Rule, names: Names): Capturing | null {
  if (!buffers.some(mayCapture)) return null;
  const captures = buffers.flatMap(({ terms }) => capturesIn(terms)).sort((a, b) => a.place - b.place);
  if (captures.length === 0) return null;
  const captured = new CapturedTexts();
  const effect: Effect = (situation) => {
    for (const capture of captures)
      for (const { of, name, key, value } of captured.take(capture)) {
        if (of === 'flow') situation.memory?.setText(names.text(name), value, situation.textRoom);
        else remember(situation, name, key, value);
      }
  };
  return { captured, effect };
}

const mayCapture = ({ terms }: BufferTerms): boolean => terms.some(isOrHasExpression);
const isOrHasExpression = ({ kind }: Term): boolean => kind === 'pcre' || kind === 'base64_decode';

const capturesIn = (terms: readonly Term[]): readonly TextCapture[] =>
  terms.flatMap((term) => {
    if (term.kind === 'base64_decode') return capturesIn(term.data);
    return term.kind === 'pcre' ? term.captures : [];
  });

/** A packet remembers each one, however often its name comes; what rules ask of is the first. */
function remember({ packet }: Situation, name: string, key: Uint8Array | null, value: Uint8Array): void {
  packet.texts ??= [];
  if (packet.texts.length < PACKET_TEXTS_MAX) packet.texts.push({ name, key, value });
}

/** As many texts of one packet are kept. */
const PACKET_TEXTS_MAX = 1024;

export function textCheck(condition: Condition, names: Names): Check {
  const { name, content } = fieldsOf(condition);
  const wanted = Buffer.from(String(content), 'latin1');
  if (condition.keyword === 'pktvar')
    return ({ packet }) => isIn(wanted, packet.texts?.find((one) => one.key === null && one.name === name)?.value);
  const id = names.text(String(name));
  return ({ memory }) => isIn(wanted, memory?.text(id));
}

const isIn = (wanted: Buffer, text: Uint8Array | undefined): boolean =>
  text !== undefined && Buffer.from(text.buffer, text.byteOffset, text.length).includes(wanted);

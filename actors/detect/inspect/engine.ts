/**
 * One question of a rule about a transaction: a buffer with what is asked of it, a keyword, or the payload that carries
 * it. A rule matches a transaction when all its engines of a direction have, each at the earliest at its progress.
 */
import type { AnyProtocol, BufferRow, ConditionRow, Direction, Transaction } from '../protocols/index.ts';
import type { BufferTerms, Rule } from '../rules/rule.ts';
import { type BufferCheck, bufferCheck, type Scope, untransformedCheck } from './buffer-check.ts';
import { inOrder, type Question } from './engine-order.ts';
import {
  asksFileNames,
  type FileCheck,
  type FilesAnswer,
  type FilesCheck,
  fileNameCheck,
  filesCheck,
} from './file-keywords.ts';
import { payloadMatches } from './payload.ts';
import { asksStreamAndBody, isTransactionBuffer, type Shape } from './rule-type.ts';
import type { Situation } from './situation.ts';
import { listOf, transformedList } from './transformed-buffers.ts';

export const MATCH = 1;
/** Not yet: it is asked again. */
export const NO_MATCH = 0;
/** No more of this transaction. */
export const NEVER = 2;
/** Now, and it is asked again. */
export const MATCH_AGAIN = 3;
/** Not of the files that there are. */
export const NO_FILE = 4;
export type Answer = typeof MATCH | typeof NO_MATCH | typeof NEVER | typeof MATCH_AGAIN | typeof NO_FILE;

export interface Engine {
  /** Of a rule's state for a transaction. */
  readonly bit: number;
  readonly progress: number;
  /** The rule's fast pattern is in it: the prefilter has found it. */
  readonly isPrefiltered: boolean;
  /** It is about the stream, which is the same for all transactions of a packet. */
  readonly isStream: boolean;
  /** Its pattern may be found once more where it was already. */
  readonly comesAgain: boolean;
  /** It asks sizes or digests of files. */
  readonly isOfFiles: boolean;
  /** The buffer or keyword, for explanations. */
  readonly name: string;
  ask(transaction: Transaction, direction: Direction, situation: Situation): Answer;
}

type ByDirection = readonly [readonly Engine[], readonly Engine[]];

/** By the name of the protocol. A rule about packets has none. `fast`: the buffer that has the fast pattern. */
export function enginesOf(
  rule: Rule,
  shape: Shape,
  protocols: readonly AnyProtocol[],
  scope: Scope,
  fast: BufferTerms | null,
): ReadonlyMap<string, ByDirection> {
  const engines = new Map<string, ByDirection>();
  if (shape.type !== 'app_tx') return engines;
  const payload = rule.buffers.find(({ buffer }) => buffer === 'payload');
  const inPayload: PayloadQuestion | null =
    payload === undefined ? null : { check: bufferCheck(payload, scope), isPrefiltered: payload === fast };
  const isHttp2s = rule.protocol !== 'http1' && !asksHttp1(rule);
  for (const protocol of protocols) {
    if (shape.application !== null && shape.application !== protocol.name) continue;
    const carriers = {
      ...{ protocol: protocol.name, isAnys: shape.application === null, isHttp2s },
      directions: shape.directions,
    };
    const found = inOrder(questionsOf(rule, protocol, shape.directions, scope, fast, inPayload), carriers);
    if (found[0].length + found[1].length > 0) engines.set(protocol.name, found);
  }
  return engines;
}

/** HTTP/2 has none of that; a legacy modifier is about HTTP/1. */
const asksHttp1 = ({ buffers, conditions }: Rule): boolean =>
  buffers.some(({ buffer, isSticky }) => buffer === 'http.start' || (!isSticky && buffer !== 'payload')) ||
  conditions.some(({ keyword }) => keyword === 'app-layer-event');

interface PayloadQuestion {
  readonly check: BufferCheck;
  readonly isPrefiltered: boolean;
}

function questionsOf(
  rule: Rule,
  protocol: AnyProtocol,
  directions: number,
  scope: Scope,
  fast: BufferTerms | null,
  inPayload: PayloadQuestion | null,
): Question<Engine>[] {
  const questions: Question<Engine>[] = [];
  const add = (
    name: string,
    make: (bit: number, direction: Direction) => Engine | null,
    { isPrefiltered = false, isStream = false } = {},
  ): void => {
    const bit = 1 << questions.length;
    const of = (direction: Direction): Engine | null =>
      (directions & (1 << direction)) === 0 ? null : make(bit, direction);
    const engines = [of(0), of(1)] as const;
    if (engines[0] !== null || engines[1] !== null) questions.push({ name, isPrefiltered, isStream, engines });
  };
  const fastList = fast === null ? null : listOf(fast);
  for (const terms of rule.buffers) {
    if (!isTransactionBuffer(terms)) continue;
    const isPrefiltered = listOf(terms) === fastList;
    const asksNoFile = protocol.isWithoutFiles === true && terms.buffer.startsWith('file.');
    const make = (bit: number, direction: Direction): Engine | null => {
      if (asksNoFile) return noFileEngine(terms.buffer, bit);
      const row = bufferIn(protocol, terms.buffer, direction);
      return row === undefined ? null : bufferEngine(terms, scope, row, bit, isPrefiltered);
    };
    add(terms.buffer, make, { isPrefiltered });
  }
  for (const { keyword, value } of rule.conditions) {
    if (hasCondition(protocol, keyword))
      add(keyword, (bit, direction) => {
        const row = protocol.conditions.find((one) => one.keyword === keyword && one.directions.includes(direction));
        return row === undefined ? null : conditionEngine(row, row.compile(value), bit);
      });
    const [hooked, hook] = keyword === 'hook' && value.type === 'words' ? value.words : [];
    if (hooked === protocol.name) add(keyword, (bit, direction) => hookEngine(hook!, protocol, direction, bit));
    if (keyword === 'xbits.tx' && value.type === 'fields' && String(value.fields.action).startsWith('is'))
      add(keyword, (bit) => bitEngine(String(value.fields.name), value.fields.action === 'isset', bit));
    const [of, event] = keyword === 'app-layer-event' && value.type === 'words' ? value.words : [];
    if (of === protocol.name) add(keyword, (bit, direction) => eventEngine(event!, protocol, direction, bit));
  }
  const { filesAt } = protocol;
  const names = filesAt === undefined ? null : fileNameCheck(rule.conditions);
  const files = filesAt === undefined ? null : filesCheck(rule.conditions);
  if (names !== null)
    add('file.name', (bit, direction) => {
      const at = filesAt![direction];
      return at === null ? null : fileNameEngine(names, at, bit);
    });
  if (files !== null)
    add('files', (bit, direction) => {
      const at = filesAt![direction];
      return at === null ? null : filesEngine(files, at, bit);
    });
  // In a protocol that has nothing else of what the rule asks the payload is asked alone, unless the prefilter has to find
  // a file's name there.
  if (inPayload !== null) {
    const isAskedAlone = !asksFileNames(rule.conditions);
    const others = questions.slice();
    const make = (bit: number, direction: Direction): Engine | null =>
      isAskedAlone || others.some(({ engines }) => engines[direction] !== null)
        ? streamEngine(inPayload, asksStreamAndBody(rule), bit)
        : null;
    add('payload', make, { isPrefiltered: inPayload.isPrefiltered, isStream: true });
  }
  return questions;
}

export function bufferIn({ buffers }: AnyProtocol, name: string, direction: Direction): BufferRow | undefined {
  for (const row of buffers) if (row.name === name && row.directions.includes(direction)) return row;
  return undefined;
}

function hasCondition({ conditions }: AnyProtocol, keyword: string): boolean {
  for (const row of conditions) if (row.keyword === keyword) return true;
  return false;
}

/** Of which Suricata's question does not leave it to the prefilter. */
const ALWAYS_TRANSFORMED = 'http.request_body';

function bufferEngine(terms: BufferTerms, scope: Scope, row: BufferRow, bit: number, isPrefiltered: boolean): Engine {
  const { absent } = terms;
  const list = transformedList(terms);
  const check = bufferCheck(terms, scope);
  const plainCheck = list === null ? check : untransformedCheck(terms, scope);
  const isLeft = isPrefiltered && terms.buffer !== ALWAYS_TRANSFORMED;
  return {
    bit,
    progress: row.progress,
    isPrefiltered,
    isStream: false,
    comesAgain: row.again !== undefined,
    isOfFiles: false,
    name: row.name,
    ask: (tx, direction, { packet, transformed }) => {
      let hadFile = false;
      for (let index = 0; ; index += 1) {
        const bytes = row.read(tx, direction, index, packet.isFlowEnd);
        // What is not there is known to be so when the transaction has gone on.
        if (bytes === null && index === 0 && absent !== undefined && tx.progress[direction] > row.progress)
          return MATCH;
        if (bytes === null) break;
        if (absent === 'only') return NEVER;
        const holds = list === null || transformed.isTransformed(list, isLeft) ? check : plainCheck;
        if (holds(bytes, row.offset?.(tx, direction, index, packet.isFlowEnd) ?? 0)) return MATCH;
        if (row.isMany !== true) break;
        if (row.isOfFiles === true) hadFile = true;
      }
      if (hadFile) return NO_FILE;
      return tx.progress[direction] > row.progress ? NEVER : NO_MATCH;
    },
  };
}

function conditionEngine(
  row: ConditionRow,
  holds: (tx: Transaction, direction: Direction, nowSeconds: number, client: number) => boolean,
  bit: number,
): Engine {
  return {
    bit,
    progress: row.progress,
    isPrefiltered: false,
    isStream: false,
    comesAgain: false,
    isOfFiles: false,
    name: row.keyword,
    ask: (tx, direction, { flow }) =>
      holds(tx, direction, Math.floor((flow?.lastUs ?? 0) / 1_000_000), flow?.src0 ?? 0) ? MATCH : NO_MATCH,
  };
}

/** Events have their names in one case or the other. */
function eventEngine(event: string, { end }: AnyProtocol, direction: Direction, bit: number): Engine {
  const names = [event, event.toUpperCase()] as const;
  return {
    bit,
    progress: 0,
    isPrefiltered: false,
    isStream: false,
    comesAgain: false,
    isOfFiles: false,
    name: 'app-layer-event',
    ask: ({ events, progress }) => {
      if (events.includes(names[0]) || events.includes(names[1])) return MATCH;
      return progress[direction] >= end[direction] ? NEVER : NO_MATCH;
    },
  };
}

/** A moment of the transaction, at which the rule is asked or later. */
function hookEngine(hook: string, { hooks = [], end }: AnyProtocol, direction: Direction, bit: number): Engine {
  const row = hooks.find(({ name }) => name === hook);
  const progress = row?.progress ?? (hook.endsWith('_complete') ? end[direction] : 0);
  return {
    ...{ bit, progress, isPrefiltered: false, isStream: false, comesAgain: false, isOfFiles: false },
    name: hook,
    ask: (tx) => (row?.holds === undefined || row.holds(tx) ? MATCH : NO_MATCH),
  };
}

/** What a rule has set of the transaction. */
function bitEngine(name: string, isWanted: boolean, bit: number): Engine {
  return {
    ...{ bit, progress: 0, isPrefiltered: false, isStream: false, comesAgain: false, isOfFiles: false },
    name: 'xbits',
    ask: (_tx, _direction, { transaction }) =>
      (transaction?.bits?.has(name) ?? false) === isWanted ? MATCH : NO_MATCH,
  };
}

function fileNameEngine(holds: FileCheck, progress: number, bit: number): Engine {
  return {
    ...{ bit, progress, isPrefiltered: false, isStream: false, comesAgain: false, isOfFiles: false },
    name: 'files',
    ask: ({ files = [] }, direction) =>
      files.some((file) => file.direction === direction && holds(file)) ? MATCH : NO_MATCH,
  };
}

const OF_FILES: Readonly<Record<FilesAnswer, Answer>> = {
  none: NO_MATCH,
  fail: NO_FILE,
  pass: MATCH,
  more: MATCH_AGAIN,
};

function filesEngine(check: FilesCheck, progress: number, bit: number): Engine {
  return {
    ...{ bit, progress, isPrefiltered: false, isStream: false, comesAgain: false, isOfFiles: true },
    name: 'files',
    ask: ({ files = [] }, direction) => OF_FILES[check(files, direction)],
  };
}

/** What is asked of files where there never are any. */
const noFileEngine = (name: string, bit: number): Engine => ({
  ...{ bit, progress: 0, isPrefiltered: false, isStream: false, comesAgain: false, isOfFiles: false },
  name,
  ask: () => NO_FILE,
});

function streamEngine({ check, isPrefiltered }: PayloadQuestion, asksBody: boolean, bit: number): Engine {
  return {
    bit,
    progress: 0,
    isPrefiltered,
    isStream: true,
    comesAgain: true,
    isOfFiles: false,
    name: 'payload',
    ask: (_tx, _direction, situation) => (payloadMatches(check, asksBody, situation) ? MATCH : NO_MATCH),
  };
}

/** What a parser, or Suricata, makes of a talk, in a form that can be compared and stored. */
import type { AnyProtocol, Direction, Parser, Transaction } from '../../../../actors/detect/protocols/index.ts';
import { parseRule } from '../../../../actors/detect/rules/parse-rule.ts';
import type { BufferTerms, Rule } from '../../../../actors/detect/rules/rule.ts';
import { variables } from '../../../../actors/detect/rules/variables.ts';
import { eventsOf } from './eve-of.ts';
import { type EveRecord, suricataRecords, type Talk } from './suricata.ts';

export interface Told {
  /** EVE's objects of the protocol, as JSON with sorted fields. */
  readonly objects: readonly string[];
  readonly events: readonly string[];
  /** How often each rule holds. */
  readonly alerts: readonly number[];
}

const groups = variables();
const SEGMENT = 1400;

/** Options of rules, in the form that both engines take. */
export const rulesOf = (protocol: string, options: readonly string[]): string[] =>
  options.map((option, index) => `alert ${protocol} any any -> any any (${option} sid:${index + 1};)`);

/** `cut` says where a part of a stream is cut; a datagram never is. */
export function toldBy(
  protocol: AnyProtocol,
  { transport, parts }: Talk,
  options: readonly string[] = [],
  cut: (length: number) => number = () => SEGMENT,
): Told {
  const parser: Parser<Transaction> = protocol.open(transport);
  const seen: Transaction[] = [];
  const isOver = ({ progress }: Transaction): boolean =>
    progress[0] >= protocol.end[0] && progress[1] >= protocol.end[1];
  const takeOne = (tx: Transaction): boolean => isOver(tx) && seen.push(tx) > 0;
  const take = (): void => {
    if (parser.releaseWhere !== undefined) {
      parser.releaseWhere(takeOne);
      return;
    }
    const open = parser.transactions.findIndex((tx) => !isOver(tx));
    const count = open === -1 ? parser.transactions.length : open;
    seen.push(...parser.transactions.slice(0, count));
    parser.release(count);
  };
  for (const [direction, bytes] of parts) {
    for (let at = 0; at < bytes.length; ) {
      const end = transport === 'udp' ? bytes.length : at + Math.max(1, cut(bytes.length));
      // A copy that is gone afterwards: a view into it would show.
      const piece = new Uint8Array(bytes.subarray(at, end));
      parser.data(direction, piece, false);
      piece.fill(0xaa);
      take();
      at = end;
    }
  }
  for (const direction of [0, 1] as const) parser.data(direction, new Uint8Array(0), true);
  seen.push(...parser.transactions);
  const rules = rulesOf(protocol.name, options).map((text) => parseRule(text, groups));
  return {
    objects: seen.flatMap((tx) => eventsOf(protocol, tx)).map(sorted),
    events: seen.flatMap(({ events }) => events).toSorted(),
    alerts: rules.map((rule) => seen.reduce((sum, tx) => sum + holds(protocol, rule, tx), 0)),
  };
}

/** In how many directions. */
function holds(protocol: AnyProtocol, rule: Rule, tx: Transaction): number {
  const directions = ([0, 1] as const).filter((direction) => (tx.isOneSided ?? direction) === direction);
  return directions.filter(
    (direction) =>
      rule.conditions.every(({ keyword, value }) => {
        const row = protocol.conditions.find((one) => one.keyword === keyword)!;
        const isAsked = row.directions.includes(direction) && tx.progress[direction] >= row.progress;
        return isAsked && row.compile(value)(tx, direction, 0, 0);
      }) && rule.buffers.every((terms) => bufferHolds(protocol, terms, tx, direction)),
  ).length;
}

function bufferHolds(
  protocol: AnyProtocol,
  { buffer, terms }: BufferTerms,
  tx: Transaction,
  direction: Direction,
): boolean {
  const row = protocol.buffers.find(({ name }) => name === buffer)!;
  const hasPattern = terms.some((term) => term.kind === 'content' && !term.isNegated);
  const least = hasPattern ? (row.prefilterProgress ?? row.progress) : row.progress;
  if (!row.directions.includes(direction) || tx.progress[direction] < least) return false;
  for (let index = 0; ; index++) {
    const bytes = row.read(tx, direction, index, false);
    if (bytes === null) return false;
    const text = Buffer.from(bytes).toString('latin1');
    const isMet = terms.every((term) => {
      if (term.kind === 'bsize') return text.length === term.size.value;
      if (term.kind !== 'content') throw new TypeError(`no ${term.kind} here`);
      const content = Buffer.from(term.bytes).toString('latin1');
      return (term.endsWith ? text.endsWith(content) : text.includes(content)) !== term.isNegated;
    });
    if (isMet) return true;
    if (row.isMany !== true) return false;
  }
}

export function toldBySuricata(
  protocol: string,
  talks: readonly Talk[],
  options: readonly string[],
  settings: readonly string[] = [],
): Told[] {
  const records = suricataRecords(talks, `${rulesOf(protocol, options).join('\n')}\n`, settings);
  return records.map((all) => ({
    objects: all.filter(({ event_type }) => event_type === protocol).map((record) => sorted(record[protocol])),
    events: all.flatMap(({ anomaly }) => (anomaly?.layer === 'proto_parser' ? [anomaly.event] : [])).toSorted(),
    alerts: options.map((_, index) => count(all, index + 1)),
  }));
}

const count = (records: readonly EveRecord[], sid: number): number =>
  records.filter(({ alert }) => alert?.signature_id === sid).length;

const sorted = (value: unknown): string =>
  JSON.stringify(value, (_key, field: unknown) =>
    field !== null && typeof field === 'object' && !Array.isArray(field)
      ? Object.fromEntries(Object.entries(field).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : field,
  );

/**
 * The order in which Suricata asks what a rule asks of transactions. A rule has one list for both directions and all protocols
 * that it may be about, those that are not read here among them. What has the fast pattern goes to the front; all else behind
 * the front, before the first that comes at a later progress: so it may come to lie before the fast pattern of the own protocol.
 */
import type { Direction } from '../protocols/index.ts';
import { packed } from '../rules/packed.ts';

interface Engine {
  readonly progress: number;
}

/** One thing that the rule asks, in each direction in which the protocol has it. */
export interface Question<E extends Engine> {
  /** Of the buffer or keyword. */
  readonly name: string;
  readonly isPrefiltered: boolean;
  readonly isStream: boolean;
  readonly engines: readonly [E | null, E | null];
}

/** What a rule may be about. */
export interface Carriers {
  /** The protocol whose order is wanted. */
  readonly protocol: string;
  /** It may be any protocol's. */
  readonly isAnys: boolean;
  /** It may be HTTP/2's. */
  readonly isHttp2s: boolean;
  /** Bits of the rule's directions. */
  readonly directions: number;
}

interface Slot<E> {
  readonly progress: number;
  readonly direction: Direction;
  /** null: another protocol's. */
  readonly engine: E | null;
}

/** By direction. */
export function inOrder<E extends Engine>(
  questions: readonly Question<E>[],
  carriers: Carriers,
): readonly [readonly E[], readonly E[]] {
  if (questions.length === 1) return [packed(inDirection(questions, 0)), packed(inDirection(questions, 1))];
  const list: Slot<E>[] = [];
  let isFrontFast = false;
  for (const question of questions) {
    const { isPrefiltered, isStream } = question;
    if (isStream) continue;
    for (const slot of slotsOf(question, carriers)) {
      if ((carriers.directions & (1 << slot.direction)) === 0) continue;
      const front = list[0];
      isFrontFast ||= isPrefiltered;
      if (isPrefiltered || (!isFrontFast && front !== undefined && front.progress > slot.progress)) list.unshift(slot);
      else {
        const later = list.findIndex((one, i) => i > 0 && one.progress > slot.progress);
        list.splice(later === -1 ? list.length : later, 0, slot);
      }
    }
  }
  const stream = questions.find(({ isStream }) => isStream);
  const ofDirection = (direction: Direction): E[] => {
    const engines = list.flatMap((slot) => (slot.direction === direction && slot.engine !== null ? [slot.engine] : []));
    const ofStream = stream === undefined ? [] : inDirection([stream], direction);
    return stream?.isPrefiltered === true ? [...ofStream, ...engines] : [...engines, ...ofStream];
  };
  return [packed(ofDirection(0)), packed(ofDirection(1))];
}

const inDirection = <E extends Engine>(questions: readonly Question<E>[], direction: Direction): E[] =>
  questions.flatMap(({ engines }) => engines[direction] ?? []);

/** In the order in which Suricata knows them. */
function slotsOf<E extends Engine>(
  { name, engines }: Question<E>,
  { protocol, isAnys, isHttp2s }: Carriers,
): Slot<E>[] {
  const ways = TO_CLIENT_FIRST.has(name) ? TO_CLIENT_AND_BACK : TO_SERVER_AND_BACK;
  const own = ownSlots(engines, ways);
  const isOfFiles = FILES.has(name);
  if (isOfFiles && isAnys) return amongFiles(name, protocol, own);
  if (protocol !== 'http' || !(isAnys || isHttp2s)) return own;
  if (isOfFiles) return [...own, ...HTTP2_FILES[name === 'files' ? 0 : 1]];
  if (HTTP2_FIRST.has(name)) return [...http2Slots(engines, ways, HTTP2_LINE), ...own];
  if (BY_DIRECTION.has(name))
    return ways.flatMap((way) => [...ownSlots(engines, [way]), ...http2Slots(engines, [way], HTTP2_AT)]);
  return [...own, ...http2Slots(engines, ways, HTTP2_AT)];
}

type Engines<E> = readonly [E | null, E | null];

function ownSlots<E extends Engine>(engines: Engines<E>, ways: readonly Direction[]): Slot<E>[] {
  const slots: Slot<E>[] = [];
  for (const direction of ways) {
    const engine = engines[direction];
    if (engine !== null) slots.push({ progress: engine.progress, direction, engine });
  }
  return slots;
}

function http2Slots(
  engines: Engines<unknown>,
  ways: readonly Direction[],
  progress: readonly [number, number],
): Slot<never>[] {
  const slots: Slot<never>[] = [];
  for (const way of ways) if (engines[way] !== null) slots.push(others(way, progress[way]));
  return slots;
}

/** Those of a rule that names no protocol. */
function amongFiles<E>(name: string, protocol: string, own: readonly Slot<E>[]): Slot<E>[] {
  const of = (one: string, other: readonly Slot<never>[]): readonly Slot<E>[] => (one === protocol ? own : other);
  const early = [...NO_HTTP, ...NO_HTTP, ...of('ftp', NO_HTTP), ...of('ftp-data', NO_HTTP)];
  const http = of('http', [others(1, HTTP_BODY), others(0, HTTP_BODY)]);
  const smtp = of('smtp', [others(0, 0)]);
  return name === 'files'
    ? [...early, ...smtp, ...http, ...HTTP2_FILES[0]]
    : [...early, ...http, ...HTTP2_FILES[1], ...smtp];
}

const others = (direction: Direction, progress: number): Slot<never> => ({ progress, direction, engine: null });

const TO_SERVER_AND_BACK = [0, 1] as const;
const TO_CLIENT_AND_BACK = [1, 0] as const;
const HTTP_BODY = 3;
/** The progress of most that is asked of HTTP/2, by direction. */
const HTTP2_AT = [3, 5] as const;
const HTTP2_LINE = [1, 1] as const;
const HTTP2_FILES = [
  [others(0, HTTP2_AT[0]), others(1, HTTP2_AT[1])],
  [others(1, HTTP2_AT[1]), others(0, HTTP2_AT[0])],
] as const;
/** NFS, SMB, FTP and its data. */
const NO_HTTP = [others(1, 0), others(0, 0)] as const;

const FILES: ReadonlySet<string> = new Set(['file.data', 'http.response_body', 'file.name', 'file.magic', 'files']);
const TO_CLIENT_FIRST: ReadonlySet<string> = new Set([
  ...FILES,
  ...['tls.certs', 'tls.subject', 'tls.issuerdn', 'tls.fingerprint', 'mqtt.type'],
]);
const HTTP2_FIRST: ReadonlySet<string> = new Set(['http.request_header', 'http.response_header']);
const BY_DIRECTION: ReadonlySet<string> = new Set(['http.connection', 'http.content_len', 'http.content_type']);

/**
 * Which protocol a flow speaks, and its parser: bytes are kept until a direction's first ones are recognised. The
 * order of the questions is Suricata's: patterns, then the functions on ports.
 */
import type { Direction } from './direction.ts';
import type { Parser, PatternProbe, PortProbe, ProbeAnswer, Protocol, Transaction, Transport } from './protocol.ts';

/** As many unrecognised bytes of a direction are kept, then nothing of the flow is parsed. */
export const UNRECOGNISED_BYTES_MAX = 100_000;

const NO_BYTES = new Uint8Array();

interface Pattern {
  readonly protocol: AnyProtocol;
  readonly probe: PatternProbe;
  readonly bytes: Buffer;
}

interface PortQuestion {
  readonly protocol: AnyProtocol;
  readonly probe: PortProbe;
}

/** Buffers and conditions of a protocol take its own transactions alone; who holds it by this type has to pass those. */
// biome-ignore lint/suspicious/noExplicitAny: the one place where protocols of different transactions lie together
export type AnyProtocol = Protocol<any>;

/** All probes, sorted for asking. One for all flows. */
export class Recogniser {
  readonly protocols: readonly AnyProtocol[];
  readonly #patterns = new Map<string, Pattern[]>();
  readonly #ports = new Map<string, PortQuestion[]>();

  constructor(protocols: readonly AnyProtocol[]) {
    this.protocols = protocols;
    for (const protocol of protocols) {
      for (const probe of protocol.probes) {
        if (probe.kind === 'pattern') {
          const text = probe.nocase ? probe.text.toLowerCase() : probe.text;
          const key = `${probe.transport} ${probe.direction}`;
          push(this.#patterns, key, { protocol, probe, bytes: Buffer.from(text, 'latin1') });
        } else {
          for (const port of probe.ports ?? ['any'])
            push(this.#ports, `${probe.transport} ${probe.first} ${port}`, { protocol, probe });
        }
      }
    }
  }

  /** The deepest place that a pattern of this direction looks at. */
  patterns(transport: Transport, direction: Direction): readonly Pattern[] {
    return this.#patterns.get(`${transport} ${direction}`) ?? [];
  }

  questions(transport: Transport, first: Direction, port: number): readonly PortQuestion[] {
    const any = this.#ports.get(`${transport} ${first} any`) ?? [];
    const own = this.#ports.get(`${transport} ${first} ${port}`);
    return own === undefined ? any : [...own, ...any];
  }
}

function push<V>(map: Map<string, V[]>, key: string, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

export interface ConversationOptions {
  readonly transport: Transport;
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** The flow's first packets were not seen: who is the client is a guess. */
  readonly isMidstream: boolean;
}

type Side = 'unknown' | 'failed' | AnyProtocol;

/** What is said in a flow, above its transport. */
export class Conversation {
  protocol: AnyProtocol | null = null;
  parser: Parser<Transaction> | null = null;
  /** Nothing more will be parsed. */
  hasFailed = false;
  readonly #recogniser: Recogniser;
  readonly #options: ConversationOptions;
  readonly #sides: [Side, Side] = ['unknown', 'unknown'];
  readonly #kept: [Uint8Array, Uint8Array] = [NO_BYTES, NO_BYTES];
  #isReversed = false;

  constructor(recogniser: Recogniser, options: ConversationOptions) {
    this.#recogniser = recogniser;
    this.#options = options;
  }

  /** What the direction's own first bytes said. */
  side(direction: Direction): 'unknown' | 'failed' | 'found' {
    const side = this.#sides[direction];
    return typeof side === 'string' ? side : 'found';
  }

  /**
   * True once, where the data just given showed that who seemed to be the client is the server. The flow is turned
   * round then; what is given from there on has the new directions.
   */
  takeReversal(): boolean {
    const was = this.#isReversed;
    this.#isReversed = false;
    return was;
  }

  data(direction: Direction, bytes: Uint8Array, isLast: boolean): void {
    if (this.hasFailed) return;
    if (this.parser !== null) {
      this.parser.data(direction, bytes, isLast);
      return;
    }
    const kept = joined(this.#kept[direction], bytes);
    const found = this.#recognise(direction, kept);
    if (found === null) {
      this.#kept[direction] = kept;
      if (kept.length > UNRECOGNISED_BYTES_MAX) this.#fail();
      return;
    }
    this.#sides[direction] = found;
    this.protocol = found;
    this.parser = found.open(this.#options.transport);
    const other: Direction = direction === 0 ? 1 : 0;
    if (this.#kept[other].length > 0) this.parser.data(other, this.#kept[other], false);
    this.#kept[0] = NO_BYTES;
    this.#kept[1] = NO_BYTES;
    this.parser.data(direction, kept, isLast);
  }

  gap(direction: Direction, length: number): void {
    if (this.parser === null) this.#fail();
    else this.parser.gap(direction, length);
  }

  #fail(): void {
    this.hasFailed = true;
    this.#kept[0] = NO_BYTES;
    this.#kept[1] = NO_BYTES;
  }

  #recognise(direction: Direction, bytes: Uint8Array): AnyProtocol | null {
    const { transport, sourcePort, destinationPort } = this.#options;
    for (const { protocol, probe, bytes: pattern } of this.#recogniser.patterns(transport, direction)) {
      if (!lies(bytes, pattern, probe)) continue;
      if (probe.confirm === undefined || isYes(probe.confirm(bytes, direction))) return protocol;
    }
    for (const first of [0, 1] as const) {
      for (const { protocol, probe } of this.#recogniser.questions(
        transport,
        first,
        first === 0 ? destinationPort : sourcePort,
      )) {
        const ask = direction === 0 ? probe.toServer : probe.toClient;
        if (ask !== null && bytes.length >= probe.least && isYes(ask(bytes, direction))) return protocol;
      }
    }
    return null;
  }
}

const isYes = (answer: ProbeAnswer): boolean => answer === 'yes' || answer === 'reversed';

function lies(bytes: Uint8Array, pattern: Buffer, { offset, depth, nocase }: PatternProbe): boolean {
  if (bytes.length < depth) return false;
  const within = Buffer.from(bytes.buffer, bytes.byteOffset + offset, depth - offset);
  if (!nocase) return within.includes(pattern);
  return within.toString('latin1').toLowerCase().includes(pattern.toString('latin1'));
}

function joined(before: Uint8Array, bytes: Uint8Array): Uint8Array {
  return before.length === 0 ? Uint8Array.from(bytes) : Buffer.concat([before, bytes]);
}

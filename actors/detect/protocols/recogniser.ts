/** All probes of all protocols, sorted for asking: one for all flows. It never changes. */
import type { Direction } from './direction.ts';
import type { PatternProbe, PortProbe, Protocol, Transport } from './protocol.ts';

/** Buffers and conditions of a protocol take its own transactions alone; who holds it by this type has to pass those. */
// biome-ignore lint/suspicious/noExplicitAny: the one place where protocols of different transactions lie together
export type AnyProtocol = Protocol<any>;

interface Pattern {
  readonly protocol: AnyProtocol;
  readonly probe: PatternProbe;
  /** In lower case where the case does not matter. */
  readonly bytes: Uint8Array;
}

export interface PortQuestion {
  readonly protocol: AnyProtocol;
  readonly probe: PortProbe;
}

/** Who is asked for a flow because of its ports. */
export interface PortQuestions {
  /** Those of the server's port, and those that look at the client's. */
  readonly own: readonly PortQuestion[];
  /** Where who seems to be the client may be the server: those that are asked after them. */
  readonly turned: readonly PortQuestion[];
}

/** Suricata's patterns over TCP, of protocols that are not read here, too, are known not to be there with so many bytes. */
const DEEPEST = { toServer: 17, toClient: 8 } as const;

/** Patterns of one transport and direction, by the byte that they begin with where they have to lie at the start. */
export class Patterns {
  /** With so many bytes there will be no other answer. */
  deepest: number;
  readonly #first: (Pattern[] | undefined)[] = [];
  readonly #others: Pattern[] = [];

  constructor(deepest: number) {
    this.deepest = deepest;
  }

  add(pattern: Pattern): void {
    const { probe, bytes } = pattern;
    this.deepest = Math.max(this.deepest, probe.depth);
    if (probe.depth - probe.offset !== bytes.length || probe.offset > 0) {
      this.#others.push(pattern);
      return;
    }
    const byte = bytes[0]!;
    for (const one of probe.nocase && isLetter(byte) ? [byte, byte - 0x20] : [byte]) {
      this.#first[one] ??= [];
      this.#first[one].push(pattern);
    }
  }

  /** The patterns that lie in the bytes, in the order in which they were added. */
  *in(bytes: Uint8Array): Generator<Pattern> {
    if (bytes.length === 0) return;
    const first = this.#first[bytes[0]!];
    if (first !== undefined) for (const pattern of first) if (lies(pattern, bytes)) yield pattern;
    for (const pattern of this.#others) if (lies(pattern, bytes)) yield pattern;
  }
}

export class Recogniser {
  readonly protocols: readonly AnyProtocol[];
  /** Each direction is asked what the other one might say, too: sessions are picked up in their middle. */
  readonly asksBothWays: boolean;
  readonly #patterns: Readonly<Record<Transport, readonly [Patterns, Patterns]>> = {
    tcp: [new Patterns(DEEPEST.toServer), new Patterns(DEEPEST.toClient)],
    udp: [new Patterns(0), new Patterns(0)],
  };
  /** By transport, first direction and port. */
  readonly #ports = new Map<number, PortQuestion[]>();
  readonly #byProtocol = new Map<string, PortQuestion[]>();

  constructor(protocols: readonly AnyProtocol[], asksBothWays = false) {
    this.protocols = protocols;
    this.asksBothWays = asksBothWays;
    for (const protocol of protocols) {
      for (const probe of protocol.probes) {
        if (probe.kind === 'pattern') {
          const text = probe.nocase ? probe.text.toLowerCase() : probe.text;
          const bytes = Uint8Array.from(Buffer.from(text, 'latin1'));
          this.#patterns[probe.transport][probe.direction].add({ protocol, probe, bytes });
          continue;
        }
        for (const port of probe.ports ?? [ANY_PORT])
          push(this.#ports, portKey(probe.transport, probe.first, port), { protocol, probe });
        push(this.#byProtocol, `${probe.transport} ${protocol.name}`, { protocol, probe });
      }
    }
  }

  patterns(transport: Transport, direction: Direction): Patterns {
    return this.#patterns[transport][direction];
  }

  questions(transport: Transport, sourcePort: number, destinationPort: number): PortQuestions {
    const atServer = this.#claims(transport, 0, destinationPort);
    const atClient = this.#claims(transport, 1, sourcePort);
    const own = both(atServer, atClient);
    if (!this.asksBothWays) return { own, turned: NO_QUESTIONS };
    // A port that nobody claims, in neither direction, leaves those who were asked before.
    const turnedServer = this.#isClaimed(transport, sourcePort) ? this.#claims(transport, 0, sourcePort) : atServer;
    const turnedClient = this.#isClaimed(transport, destinationPort)
      ? this.#claims(transport, 1, destinationPort)
      : atClient;
    return { own, turned: both(turnedServer, turnedClient) };
  }

  /** How a protocol is asked for wherever it is; null: by patterns alone. */
  ofProtocol(transport: Transport, protocol: AnyProtocol): PortQuestion | null {
    return this.#byProtocol.get(`${transport} ${protocol.name}`)?.[0] ?? null;
  }

  #isClaimed(transport: Transport, port: number): boolean {
    return this.#claims(transport, 0, port).length > 0 || this.#claims(transport, 1, port).length > 0;
  }

  #claims(transport: Transport, first: Direction, port: number): readonly PortQuestion[] {
    const any = this.#ports.get(portKey(transport, first, ANY_PORT)) ?? NO_QUESTIONS;
    const own = this.#ports.get(portKey(transport, first, port));
    return own === undefined ? any : [...own, ...any];
  }
}

const ANY_PORT = 0x1_0000;
const NO_QUESTIONS: readonly PortQuestion[] = [];

const both = (one: readonly PortQuestion[], other: readonly PortQuestion[]): readonly PortQuestion[] =>
  other.length === 0 ? one : one.length === 0 ? other : [...one, ...other];

/** Asked for each flow: a number, and no text that would have to be made first. */
const portKey = (transport: Transport, first: Direction, port: number): number =>
  ((transport === 'tcp' ? 2 : 0) + first) * 0x2_0000 + port;

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

const isLetter = (byte: number): boolean => byte >= 0x61 && byte <= 0x7a;
const lowerOf = (byte: number): number => (byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte);

function lies({ probe, bytes: pattern }: Pattern, bytes: Uint8Array): boolean {
  if (bytes.length < probe.depth) return false;
  for (let start = probe.offset; start + pattern.length <= probe.depth; start += 1) {
    let at = 0;
    while (at < pattern.length && same(bytes[start + at]!, pattern[at]!, probe.nocase)) at += 1;
    if (at === pattern.length) return true;
  }
  return false;
}

const same = (byte: number, wanted: number, nocase: boolean): boolean =>
  byte === wanted || (nocase && lowerOf(byte) === wanted);

/** All probes of all protocols, sorted for asking: one for all flows. It never changes. */
import type { Direction } from '../direction.ts';
import type { AnyProtocol, PortProbe, Transport } from '../protocol.ts';
import { Patterns } from './patterns.ts';

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

/** Another protocol that follows in a flow: behind CONNECT, Upgrade, STARTTLS. */
import type { AnyProtocol, Parser } from '../protocol.ts';

const TLS_PORT = 443;
const AS_AWAITED: readonly string[] = [];
const UNEXPECTED = ['applayer_unexpected_protocol'] as const;
const NO_TLS = [...UNEXPECTED, 'applayer_no_tls_after_starttls'] as const;

export class ProtocolChange {
  /** One is to follow, and it is not known yet which. */
  isPending = false;
  /** What the flow was parsed as before. */
  original: string | null = null;
  /** What is to follow, where it was said. */
  #awaited: string | null = null;
  #announcedBy: Parser | null = null;

  /** True once for a parser: it has announced another protocol. What was parsed stays until that is known. */
  begin(parser: Parser, protocol: AnyProtocol): boolean {
    const to = parser.upgradesTo ?? null;
    if (to === null || this.isPending || this.#announcedBy === parser) return false;
    this.isPending = true;
    this.original = protocol.name;
    this.#awaited = to === 'any' ? null : to;
    this.#announcedBy = parser;
    return true;
  }

  /** The port of the server by which what follows is recognised; 0: that of the flow. */
  get port(): number {
    return this.#awaited === 'tls' ? TLS_PORT : (this.#announcedBy?.upgradePort ?? 0);
  }

  /** What is odd about what follows, by the names of `app-layer-event`; null: nothing that is known. */
  eventsOf(following: AnyProtocol | null): readonly string[] {
    if (this.#awaited === null || following?.name === this.#awaited) return AS_AWAITED;
    return this.#awaited === 'tls' ? NO_TLS : UNEXPECTED;
  }
}

/** What is known of a TLS session: of both sides, and of the two together. */
import type { Direction } from '../direction.ts';
import type { Transaction } from '../protocol.ts';
import type { Certificate } from './certificate.ts';
import type { Ja3, Ja4 } from './fingerprints.ts';

const EVENTS_MAX = 255;
export const SSL_2 = 0x0200;

/** Measured, roughly: what was read of a hello, and of certificates beside their bytes. */
const HELLO_COST_BYTES = 2048;
const CHAIN_COST = 2;

/** Progress of a direction. */
export const CERTIFICATE_READY = 1;
export const HANDSHAKE_DONE = 2;
export const FINISHED = 3;

export class TlsSide {
  /** 0: not known. */
  version = 0;
  /** Of its last hello. */
  random: Uint8Array | null = null;
  /** Of the first hello that has one. */
  sessionId: Uint8Array | null = null;
  sni: Uint8Array | null = null;
  ja3: Ja3 | null = null;
  ja4: Ja4 | null = null;
  alpn: readonly Uint8Array[] = [];
  certificate: Certificate | null = null;
  /** A list of certificates has come; there is no second one. */
  hasChain = false;
  /** Whole certificates, as they were sent. */
  chain: readonly Uint8Array[] = [];
  /** Bytes of all of them with their lengths. */
  chainLength = 0;

  get keptBytes(): number {
    const { ja3, ja4 } = this;
    const ofHello = ja3 === null ? 0 : HELLO_COST_BYTES + ja3.text.length + (ja4?.keptBytes ?? 0);
    return ofHello + CHAIN_COST * this.chainLength;
  }
}

export class TlsTransaction implements Transaction {
  readonly id = 0;
  readonly events: string[] = [];
  readonly isUpdated: [boolean, boolean] = [true, true];
  readonly client = new TlsSide();
  readonly server = new TlsSide();
  hasClientHello = false;
  hasServerHello = false;
  /** The latest of the messages that ssl_state names, in the data that came last. */
  state: 'client_hello' | 'server_hello' | 'client_keyx' | 'server_keyx' | null = null;
  isResumed = false;
  /** The client has said that it sends data before the server's hello. */
  hasEarlyData = false;
  /** The client has named versions in an extension. */
  hasNamedVersions = false;
  /** Its certificate will not be seen. */
  isHidden = false;
  /** The server wants the client's certificate, too. */
  asksClient = false;
  isDone = false;
  isFinished = false;

  side(direction: Direction): TlsSide {
    return direction === 0 ? this.client : this.server;
  }

  /** As in Suricata, so many and no more. */
  note(...events: readonly string[]): void {
    for (const event of events) if (this.events.length < EVENTS_MAX) this.events.push(event);
  }

  get isFullOfEvents(): boolean {
    return this.events.length === EVENTS_MAX;
  }

  get keptBytes(): number {
    return this.client.keptBytes + this.server.keptBytes;
  }

  get progress(): readonly [number, number] {
    if (this.isFinished) return [FINISHED, FINISHED];
    if (this.isDone) return [HANDSHAKE_DONE, HANDSHAKE_DONE];
    // As in Suricata it is the client's direction that has come so far with the server's certificate.
    return [this.server.certificate === null ? 0 : CERTIFICATE_READY, 0];
  }
}

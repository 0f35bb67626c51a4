/**
 * One client's connection and its own to the broker. Requests and answers are whole frames in two queues; a fault stops
 * one queue, or both, or cuts the client off while the broker's side goes on.
 */
import { createConnection, type Socket } from 'node:net';
import type { Decision } from './fault-plan.ts';
import { FrameSplitter } from './frame-splitter.ts';
import { type RequestHead, requestHead } from './request-head.ts';

/** A connection whose client has gone is kept for its held requests, and no longer than this. */
const ORPHAN_MS_MAX = 60_000;

/** What a connection asks of the proxy that it belongs to. */
export interface Faults {
  /** While it holds nothing passes, in either direction. */
  readonly isDark: boolean;
  decide(head: RequestHead): Decision;
  /** Calls `release` when so many requests of that id were answered, and gives a way to do it earlier. */
  hold(transactionalId: string, others: number, release: () => void): () => void;
  answered(transactionalId: string): void;
}

export class ProxiedConnection {
  readonly gone: Promise<void>;
  readonly #faults: Faults;
  readonly #client: Socket;
  readonly #broker: Socket;
  readonly #requests: Buffer[] = [];
  readonly #answers: Buffer[] = [];
  /** Requests that the broker has and has not answered, by their correlation ids. */
  readonly #asked = new Map<number, RequestHead & { readonly isCut: boolean; readonly delayMs: number }>();
  #areRequestsStopped = false;
  #areAnswersStopped = false;
  #isMute = false;
  #hasClient = true;
  #resolveGone: () => void = () => {};

  constructor(faults: Faults, client: Socket, target: { readonly host: string; readonly port: number }) {
    this.#faults = faults;
    this.#client = client;
    this.#broker = createConnection({ ...target, noDelay: true });
    this.gone = new Promise((resolve) => {
      this.#resolveGone = resolve;
    });
    const requests = new FrameSplitter((frame) => {
      this.#requests.push(frame);
      this.pump();
    });
    const answers = new FrameSplitter((frame) => {
      this.#answers.push(frame);
      this.pump();
    });
    client.on('data', (chunk) => requests.push(chunk));
    client.on('error', () => {});
    client.on('close', () => this.#clientGone());
    this.#broker.on('data', (chunk) => answers.push(chunk));
    this.#broker.on('error', () => {});
    this.#broker.on('close', () => this.end());
  }

  /** Moves on what may move. */
  pump(): void {
    while (!this.#areRequestsStopped && !this.#isMute && !this.#faults.isDark && this.#requests.length > 0) {
      this.#request(this.#requests.shift()!);
    }
    while (!this.#areAnswersStopped && !this.#faults.isDark && this.#answers.length > 0) this.#answer();
  }

  resetClient(): void {
    if (this.#hasClient) this.#client.resetAndDestroy();
  }

  end(): void {
    this.#client.destroy();
    this.#broker.destroy();
    this.#resolveGone();
  }

  #request(frame: Buffer): void {
    const head = requestHead(frame.subarray(4));
    const { fault, delayMs, others } = this.#faults.decide(head);
    if (fault === 'cutBefore') {
      this.end();
      return;
    }
    if (fault === 'slow') {
      this.#areRequestsStopped = true;
      setTimeout(() => this.#goOn(head, frame), delayMs);
      return;
    }
    if (fault === 'heldCut' || fault === 'heldMute') {
      this.#areRequestsStopped = true;
      this.#areAnswersStopped = true;
      const release = this.#faults.hold(head.transactionalId!, others, () => {
        clearTimeout(timer);
        this.#areAnswersStopped = false;
        this.#goOn(head, frame);
      });
      const timer = setTimeout(release, delayMs);
      if (fault === 'heldCut') this.resetClient();
      return;
    }
    this.#send(head, frame, fault === 'cutAfter', fault === 'slowAnswer' ? delayMs : 0);
    if (fault === 'mute') {
      this.#isMute = true;
      this.#areAnswersStopped = true;
    }
  }

  #goOn(head: RequestHead, frame: Buffer): void {
    this.#areRequestsStopped = false;
    this.#send(head, frame, false, 0);
    this.pump();
  }

  #send(head: RequestHead, frame: Buffer, isCut: boolean, delayMs: number): void {
    this.#asked.set(head.correlationId, { ...head, isCut, delayMs });
    this.#broker.write(frame);
  }

  #answer(): void {
    const frame = this.#answers[0]!;
    const asked = this.#asked.get(frame.readInt32BE(4));
    if (asked !== undefined && asked.delayMs > 0) {
      this.#areAnswersStopped = true;
      this.#asked.set(asked.correlationId, { ...asked, delayMs: 0 });
      setTimeout(() => {
        this.#areAnswersStopped = this.#isMute;
        this.pump();
      }, asked.delayMs);
      return;
    }
    this.#answers.shift();
    this.#asked.delete(frame.readInt32BE(4));
    if (asked?.isCut === true) this.resetClient();
    else if (this.#hasClient) this.#client.write(frame);
    if (asked !== undefined && asked.transactionalId !== null) this.#faults.answered(asked.transactionalId);
    this.#endWhenDone();
  }

  #clientGone(): void {
    this.#hasClient = false;
    this.#endWhenDone();
    setTimeout(() => this.end(), ORPHAN_MS_MAX).unref();
  }

  /** Without a client, the broker's side lives until everything has arrived that the client had sent. */
  #endWhenDone(): void {
    const isWaiting = this.#areRequestsStopped || this.#requests.length > 0 || this.#asked.size > 0;
    if (!this.#hasClient && (!isWaiting || this.#isMute)) this.end();
  }
}

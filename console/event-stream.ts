/**
 * Server-Sent Events to any number of pages, bounded twice: so many pages, and so many bytes that one page may be
 * behind. A page that cannot follow is cut off; its browser connects again and starts from a fresh snapshot.
 */
import type { ServerResponse } from 'node:http';

const CLIENTS_MAX = 64;
const BEHIND_BYTES_MAX = 1024 * 1024;

export class EventStream {
  readonly #clients = new Set<ServerResponse>();
  #nextId = 1;
  /** Clients cut off because they could not follow. */
  dropped = 0;

  get clients(): number {
    return this.#clients.size;
  }

  /** False when there are too many; the caller answers. Otherwise the response belongs to the stream. */
  join(response: ServerResponse, first: readonly [event: string, data: unknown][]): boolean {
    if (this.#clients.size >= CLIENTS_MAX) return false;
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    response.write('retry: 1000\n\n');
    this.#clients.add(response);
    response.on('close', () => this.#clients.delete(response));
    response.on('error', () => this.#clients.delete(response));
    for (const [event, data] of first) this.#send(response, this.#frame(event, data));
    return true;
  }

  publish(event: string, data: unknown): void {
    if (this.#clients.size === 0) return;
    const frame = this.#frame(event, data);
    for (const client of this.#clients) this.#send(client, frame);
  }

  close(): void {
    for (const client of this.#clients) client.end();
    this.#clients.clear();
  }

  #frame(event: string, data: unknown): string {
    return `id: ${this.#nextId++}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
  }

  #send(client: ServerResponse, frame: string): void {
    if (client.writableLength > BEHIND_BYTES_MAX) {
      this.dropped++;
      this.#clients.delete(client);
      client.destroy();
      return;
    }
    client.write(frame);
  }
}

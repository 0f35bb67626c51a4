/**
 * A broker that answers as the test says: for what a real one does too rarely to wait for. Answers are written by hand
 * from the protocol guide, with the driver's primitives and nothing else of it.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { WireReader, WireWriter } from '../../../../engine/log/kafka/wire.ts';

export interface Asked {
  readonly apiKey: number;
  readonly version: number;
  readonly clientId: string;
  readonly correlationId: number;
  /** Stands before the body. */
  readonly body: WireReader;
  readonly socket: Socket;
}

/** Writes the answer's body, or gives false to stay silent. */
export type Answer = (writer: WireWriter, asked: Asked) => undefined | false;

export const API = { produce: 0, fetch: 1, listOffsets: 2, metadata: 3, apiVersions: 18 } as const;

export class FakeBroker {
  /** By api key. */
  readonly answers = new Map<number, Answer>();
  /** Everything asked, in order. */
  readonly asked: Asked[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor() {
    this.answers.set(API.apiVersions, (writer) => {
      const keys = Array.from({ length: 75 }, (_, key) => key);
      writer.i16(0).array(keys, (key) => writer.i16(key).i16(0).i16(20));
      return undefined;
    });
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      let pending = Buffer.alloc(0);
      socket.on('error', () => {});
      socket.on('close', () => this.#sockets.delete(socket));
      socket.on('data', (chunk) => {
        pending = Buffer.concat([pending, chunk]);
        while (pending.length >= 4 && pending.length >= 4 + pending.readInt32BE(0)) {
          const length = pending.readInt32BE(0);
          this.#handle(socket, new Uint8Array(pending.subarray(4, 4 + length)));
          pending = pending.subarray(4 + length);
        }
      });
    });
  }

  static async start(): Promise<FakeBroker> {
    const broker = new FakeBroker();
    await new Promise<void>((resolve) => broker.#server.listen(0, '127.0.0.1', resolve));
    return broker;
  }

  get port(): number {
    const address = this.#server.address();
    return address === null || typeof address === 'string' ? 0 : address.port;
  }

  get bootstrap(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Answers Metadata: one topic, its partition 0 led by the first, broker ids by their place in the list. */
  leads(topic: string, leader: number, brokers: readonly FakeBroker[]): void {
    this.answers.set(API.metadata, (writer) => {
      writer
        .i32(0)
        .array([...brokers.entries()], ([id, { port }]) => writer.i32(id).string('127.0.0.1').i32(port).string(null));
      writer.string('cluster').i32(0);
      writer.array([topic], (name) => {
        writer.i16(0).string(name).bool(false);
        writer.array([leader], (id) => {
          writer.i16(0).i32(0).i32(id).i32(0);
          for (let list = 0; list < 3; list++) writer.i32(0);
        });
        writer.i32(0);
      });
      writer.i32(0);
      return undefined;
    });
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #handle(socket: Socket, frame: Uint8Array): void {
    const body = new WireReader(frame);
    const apiKey = body.i16();
    const asked = { apiKey, version: body.i16(), correlationId: body.i32(), clientId: body.string(), body, socket };
    this.asked.push(asked);
    const writer = new WireWriter();
    writer.i32(asked.correlationId);
    if (this.answers.get(apiKey)?.(writer, asked) === false) return;
    socket.write(framed(writer));
  }
}

/** With its length before it. */
export function framed(writer: WireWriter): Buffer {
  const bytes = Buffer.concat(writer.take());
  const length = Buffer.alloc(4);
  length.writeInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** A Fetch answer (v11) of one partition. */
export function fetched(
  topic: string,
  error: number,
  batches: Uint8Array,
  end: number,
  aborted: [number, number][] = [],
): Answer {
  return (writer) => {
    writer.i32(0).i16(0).i32(0);
    writer.array([topic], (name) => {
      writer.string(name).array([0], (partition) => {
        writer.i32(partition).i16(error).i64(end).i64(end).i64(0);
        writer.array(aborted, ([producerId, firstOffset]) => writer.i64(producerId).i64(firstOffset));
        writer.i32(-1).bytes(batches);
      });
    });
    return undefined;
  };
}

/** A Produce answer (v8) of one partition. */
export function produced(topic: string, error: number, baseOffset: number): Answer {
  return (writer) => {
    writer.array([topic], (name) => {
      writer.string(name).array([0], (partition) => {
        writer.i32(partition).i16(error).i64(baseOffset).i64(-1).i64(0).i32(0).string(null);
      });
    });
    writer.i32(0);
    return undefined;
  };
}

/**
 * A broker that answers as the test says: for what a real one does too rarely to wait for. It speaks every version of
 * every message; the codecs are compared with Kafka's own classes in protocol/java-codecs.test.ts.
 */
import { createServer, type Server, type Socket } from 'node:net';
import * as protocol from '../../../../engine/log/kafka/protocol/index.ts';
import {
  apiVersions,
  type Complete,
  type FetchResponse,
  type Loose,
  type Message,
  metadata,
  type ProduceResponse,
  readRequestHeader,
  WireReader,
  WireWriter,
  writeResponseHeader,
} from '../../../../engine/log/kafka/protocol/index.ts';

export interface Asked {
  readonly message: AnyMessage;
  readonly apiKey: number;
  readonly version: number;
  readonly clientId: string | null;
  readonly correlationId: number;
  readonly request: object;
  readonly socket: Socket;
}

/** The answer, or false to stay silent. */
export type Answer<Request, Response> = (request: Complete<Request>, asked: Asked) => Loose<Response> | false;

type AnyMessage = Message<object, object>;

const MESSAGES: ReadonlyMap<number, AnyMessage> = new Map(
  (Object.values(protocol) as readonly unknown[])
    .filter((value): value is AnyMessage => typeof value === 'object' && value !== null && 'apiKey' in value)
    .map((message) => [message.apiKey, message]),
);

export class FakeBroker {
  /** Everything asked, in order. */
  readonly asked: Asked[] = [];
  /** Finalised features by their level. */
  readonly features = new Map<string, number>();
  readonly #answers = new Map<number, (asked: Asked) => object | false>();
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor() {
    this.on(apiVersions, () => ({
      apiKeys: [...MESSAGES.values()].map(({ apiKey, versions: { min, max } }) => ({
        apiKey,
        minVersion: min,
        maxVersion: max,
      })),
      finalizedFeatures: [...this.features].map(([name, level]) => ({
        name,
        minVersionLevel: level,
        maxVersionLevel: level,
      })),
    }));
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

  /** From now on these requests are answered so. */
  on<Request, Response>(message: Message<Request, Response>, answer: Answer<Request, Response>): void {
    this.#answers.set(message.apiKey, (asked) => answer(asked.request as Complete<Request>, asked) as object | false);
  }

  count(message: { readonly apiKey: number }): number {
    return this.asked.filter(({ apiKey }) => apiKey === message.apiKey).length;
  }

  /** Answers Metadata: one topic, the leaders of its partitions in order, broker ids by their place in the list. */
  leads(topic: string, leaders: number | readonly number[], brokers: readonly FakeBroker[]): void {
    const list = typeof leaders === 'number' ? [leaders] : leaders;
    this.on(metadata, () => ({
      brokers: brokers.map(({ port }, nodeId) => ({ nodeId, host: '127.0.0.1', port })),
      clusterId: 'cluster',
      topics: [
        {
          name: topic,
          topicId: topicIdOf(topic),
          partitions: list.map((leaderId, partitionIndex) => ({ partitionIndex, leaderId, leaderEpoch: 0 })),
        },
      ],
    }));
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #handle(socket: Socket, frame: Uint8Array): void {
    const reader = new WireReader(frame);
    const header = readRequestHeader(reader, (apiKey) => MESSAGES.get(apiKey));
    const message = MESSAGES.get(header.apiKey);
    if (message === undefined) throw new Error(`api key ${header.apiKey} is not known`);
    const request = message.decodeRequest(reader, header.version);
    const asked: Asked = { ...header, message, request, socket };
    this.asked.push(asked);
    const answer = this.#answers.get(header.apiKey)?.(asked) ?? {};
    if (answer !== false) socket.write(framed(asked, answer));
  }
}

/** The answer's bytes, with their length before them. */
export function framed({ message, version, correlationId }: Asked, answer: object): Buffer {
  const writer = new WireWriter();
  writeResponseHeader(writer, message, version, correlationId);
  message.encodeResponse(writer, answer, version);
  return Buffer.concat(writer.takeFrame());
}

/** A topic's id is made of its name. */
export function topicIdOf(topic: string): string {
  return Buffer.alloc(16, topic).toString('base64url');
}

/** A Fetch answer of one partition. */
export function fetched(
  topic: string,
  errorCode: number,
  records: Uint8Array,
  end: number,
  aborted: [number, number][] = [],
): Loose<FetchResponse> {
  const abortedTransactions = aborted.map(([producerId, firstOffset]) => ({ producerId, firstOffset }));
  const partitions = [
    { errorCode, highWatermark: end, lastStableOffset: end, logStartOffset: 0, abortedTransactions, records },
  ];
  return { responses: [{ topic, topicId: topicIdOf(topic), partitions }] };
}

/** A Produce answer of one partition. */
export function produced(topic: string, errorCode: number, baseOffset: number): Loose<ProduceResponse> {
  const partitionResponses = [{ errorCode, baseOffset }];
  return { responses: [{ name: topic, topicId: topicIdOf(topic), partitionResponses }] };
}

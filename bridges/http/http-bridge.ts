/**
 * Frames over HTTP: POST /v1/frames takes one, POST /v1/frames/batch several envelopes one behind the other. The answer
 * 202 comes once they are durable, and not before. Who sends is checked before the body is read. Where devices are
 * attested, GET /v1/attest/challenge waits for the next challenge and POST /v1/attest/evidence takes the answer. Where packets are
 * examined, POST /v1/packets takes a batch of them from a gateway. Where trust is kept, GET /v1/trust/who says who should serve
 * the device, and POST /v1/trust/interactions takes what it tells of who has.
 */
import type { AddressInfo, Socket } from 'node:net';
import fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { ErrorCode } from '../../engine/index.ts';
import { EVIDENCE_BYTES_MAX } from '../../schemas/attestation/index.ts';
import { PACKET_BATCH_BYTES_MAX } from '../../schemas/network/index.ts';
import type { ChallengeDesk } from '../attestation/index.ts';
import {
  type Entrance,
  INTERACTION_BYTES_MAX,
  type InteractionDoor,
  type Lane,
  type Outcome,
  type PacketDoor,
  type Refused,
  refusal,
} from '../intake/index.ts';
import type { Advisor } from './advisor.ts';
import { type Answer, answerBatch, answerFrame, answerRefused } from './answers.ts';
import { splitBatch } from './batch-split.ts';
import { readWaiting } from './challenge-query.ts';
import { readAuthorization } from './credentials.ts';

export interface HttpLimits {
  readonly connectionsMax: number;
  readonly headersBytesMax: number;
  /** From the connection, or the end of the request before, to the last header. */
  readonly headersTimeoutMs: number;
  /** To the last byte of the body. */
  readonly requestTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  readonly batchBytesMax: number;
  readonly batchFramesMax: number;
  /** Bodies of all requests together that are being read or wait for the log. */
  readonly bodyBytesInFlightMax: number;
  /** Requests of one device that are open at a time, so that it cannot hold all of that. */
  readonly requestsPerDeviceMax: number;
}

export const HTTP_LIMITS: HttpLimits = {
  connectionsMax: 1024,
  headersBytesMax: 8192,
  headersTimeoutMs: 5000,
  requestTimeoutMs: 10_000,
  keepAliveTimeoutMs: 60_000,
  batchBytesMax: 1024 * 1024,
  batchFramesMax: 1000,
  bodyBytesInFlightMax: 64 * 1024 * 1024,
  requestsPerDeviceMax: 8,
};

export interface HttpBridgeOptions {
  readonly intake: Entrance;
  /** Loopback unless the operator says otherwise. */
  readonly host?: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly limits?: Partial<HttpLimits>;
  /** Absent: devices are not attested. */
  readonly challenges?: ChallengeDesk;
  /** Absent: nobody may publish packets. */
  readonly packets?: PacketDoor;
  /** Absent: nobody keeps trust. */
  readonly advisor?: Advisor;
  /** Absent: nobody takes interactions. */
  readonly interactions?: InteractionDoor;
  /** For each connection and request that the intake never saw. */
  readonly onRefused?: (code: ErrorCode) => void;
}

export interface HttpCounts {
  readonly connections: number;
  /** Requests that were refused before a frame was seen: credential, size, form. */
  readonly refusedRequests: number;
}

const TIMEOUT_CHECK_MS = 1000;
const CLOSE_MS_MAX = 1000;
/** Its body alone is JSON. */
const INTERACTIONS_PATH = '/v1/trust/interactions';
/** The open challenge in base64, in answers to a device's own requests: it need not ask for one as well. */
const CHALLENGE_HEADER = 'msec-challenge';

export class HttpBridge {
  readonly #intake: Entrance;
  readonly #limits: HttpLimits;
  readonly #onRefused: (code: ErrorCode) => void;
  readonly #app: FastifyInstance;
  readonly #lanes = new WeakMap<FastifyRequest, Lane>();
  readonly #challenges: ChallengeDesk | undefined;
  readonly #packets: PacketDoor | undefined;
  readonly #advisor: Advisor | undefined;
  readonly #interactions: InteractionDoor | undefined;
  readonly #closing = new AbortController();
  #connections = 0;
  /** Connections that have not sent a request yet. */
  readonly #silent = new Set<Socket>();
  #bodyBytesInFlight = 0;
  /** Devices with open requests, and how many. */
  readonly #open = new Map<string, number>();
  #refusedRequests = 0;

  private constructor(options: HttpBridgeOptions) {
    this.#intake = options.intake;
    this.#limits = { ...HTTP_LIMITS, ...options.limits };
    this.#onRefused = options.onRefused ?? (() => undefined);
    this.#challenges = options.challenges;
    this.#packets = options.packets;
    this.#advisor = options.advisor;
    this.#interactions = options.interactions;
    this.#app = this.#makeApp();
  }

  /** Resolves once it listens; rejects with the system's error where the port is taken. */
  static async open(options: HttpBridgeOptions): Promise<HttpBridge> {
    const bridge = new HttpBridge(options);
    await bridge.#app.listen({ host: options.host ?? '127.0.0.1', port: options.port });
    return bridge;
  }

  get port(): number {
    return (this.#app.server.address() as AddressInfo).port;
  }

  counts(): HttpCounts {
    return { connections: this.#connections, refusedRequests: this.#refusedRequests };
  }

  /** Answers the requests that are under way, for a second at most, then closes every connection. */
  async close(): Promise<void> {
    // Whoever waits for a challenge has waited.
    this.#closing.abort();
    const closed = this.#app.close();
    // A connection that has not sent a whole request yet is neither idle nor busy to Node, which would wait for it.
    for (const socket of this.#silent) socket.destroy();
    const late = setTimeout(() => this.#app.server.closeAllConnections(), CLOSE_MS_MAX);
    await closed;
    clearTimeout(late);
  }

  #makeApp(): FastifyInstance {
    const limits = this.#limits;
    const app = fastify({
      bodyLimit: Math.max(limits.batchBytesMax, this.#intake.limits.frameBytesMax, EVIDENCE_BYTES_MAX),
      requestTimeout: limits.requestTimeoutMs,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      forceCloseConnections: 'idle',
      routerOptions: { maxParamLength: 64 },
      http: {
        maxHeaderSize: limits.headersBytesMax,
        headersTimeout: limits.headersTimeoutMs,
        connectionsCheckingInterval: TIMEOUT_CHECK_MS,
      },
    });
    app.server.maxConnections = limits.connectionsMax;
    app.server.on('connection', (socket) => {
      this.#connections += 1;
      this.#silent.add(socket);
      socket.once('close', () => {
        this.#connections -= 1;
        this.#silent.delete(socket);
      });
    });
    app.server.on('drop', () => this.#onRefused('INTAKE_BUSY'));
    app.server.on('request', ({ socket }) => this.#silent.delete(socket));
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, (_request, body, done) =>
      done(null, body),
    );
    app.addHook('onRequest', (request, reply, done) => {
      if (this.#admit(request, reply)) done();
    });
    app.setErrorHandler((error: FastifyError, request, reply) => this.#fail(error, request, reply));
    app.setNotFoundHandler((request, reply) => {
      this.#refuse(reply, refusal('REQUEST_INVALID', `there is no ${request.method} here`), 404);
    });
    app.post('/v1/frames', { bodyLimit: this.#intake.limits.frameBytesMax }, (request, reply) =>
      this.#takeFrame(request, reply),
    );
    app.post('/v1/frames/batch', { bodyLimit: limits.batchBytesMax }, (request, reply) =>
      this.#takeBatch(request, reply),
    );
    if (this.#challenges !== undefined) this.#attestOver(app, this.#challenges);
    if (this.#packets !== undefined) this.#takePacketsOver(app, this.#packets);
    if (this.#advisor !== undefined) this.#adviseOver(app, this.#advisor);
    if (this.#interactions !== undefined) this.#takeInteractionsOver(app, this.#interactions);
    return app;
  }

  #adviseOver(app: FastifyInstance, advisor: Advisor): void {
    app.get('/v1/trust/who', { bodyLimit: 1 }, async (request, reply) => {
      const result = await advisor.answer(this.#laneOf(request).deviceId, request.url);
      if ('answer' in result) return this.#send(reply, { status: 200, headers: {}, body: result.answer });
      this.#onRefused(result.refused.code);
      return this.#send(reply, answerRefused(result.refused));
    });
  }

  #takeInteractionsOver(app: FastifyInstance, door: InteractionDoor): void {
    // In a scope of its own: frames stay what they are, whatever they are called.
    void app.register((scope, _options, done) => {
      scope.removeAllContentTypeParsers();
      scope.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, parsed) =>
        parsed(null, body),
      );
      scope.post(INTERACTIONS_PATH, { bodyLimit: INTERACTION_BYTES_MAX }, async (request, reply) => {
        const body = this.#bodyOf(request, reply, 'an interaction or a list of them, as application/json');
        if (body === undefined) return;
        const told = await door.take(this.#laneOf(request), body);
        const outcomes = 'outcomes' in told ? told.outcomes : [told];
        for (const outcome of outcomes) if (!outcome.isAccepted) this.#onRefused(outcome.code);
        await this.#send(reply, 'outcomes' in told && told.isList ? answerBatch(outcomes) : answerFrame(outcomes[0]!));
      });
      done();
    });
  }

  #attestOver(app: FastifyInstance, challenges: ChallengeDesk): void {
    app.get('/v1/attest/challenge', { bodyLimit: 1 }, async (request, reply) => {
      const { after, waitMs } = readWaiting(request.url);
      const gone = new AbortController();
      reply.raw.once('close', () => gone.abort());
      const signal = AbortSignal.any([gone.signal, this.#closing.signal]);
      const challenge = await challenges.next(this.#laneOf(request).deviceId, after, waitMs, signal);
      if (challenge === null) return reply.code(204).send();
      return reply.type('application/octet-stream').send(Buffer.from(challenge.bytes));
    });
    app.post('/v1/attest/evidence', { bodyLimit: EVIDENCE_BYTES_MAX }, async (request, reply) => {
      const body = this.#bodyOf(request, reply);
      if (body === undefined) return;
      await this.#send(reply, answerFrame(await this.#laneOf(request).attest(body)));
    });
    app.addHook('onSend', (request, reply, payload, done) => {
      const deviceId = this.#lanes.get(request)?.deviceId;
      const open = deviceId === undefined || request.method === 'GET' ? undefined : challenges.open(deviceId);
      if (open !== undefined) void reply.header(CHALLENGE_HEADER, Buffer.from(open.bytes).toString('base64'));
      done(null, payload);
    });
  }

  #takePacketsOver(app: FastifyInstance, packets: PacketDoor): void {
    app.post('/v1/packets', { bodyLimit: PACKET_BATCH_BYTES_MAX }, async (request, reply) => {
      const body = this.#bodyOf(request, reply);
      if (body === undefined) return;
      const lane = Number(new URLSearchParams(request.url.split('?')[1] ?? '').get('lane') ?? 0);
      const outcome = await packets.take(this.#laneOf(request).deviceId, lane, body);
      if (!outcome.isAccepted) this.#onRefused(outcome.code);
      await this.#send(reply, answerFrame(outcome));
    });
  }

  /** False where the answer has been given already. */
  #admit(request: FastifyRequest, reply: FastifyReply): boolean {
    const credential = readAuthorization(request.headers.authorization);
    const lane =
      credential && this.#intake.authenticate(credential.deviceId, credential.token, request.socket.remoteAddress);
    if (lane === undefined) {
      const message = 'device id and token do not belong together; send "Authorization: Bearer <device id>:<token>"';
      this.#refuse(reply, refusal('NOT_AUTHENTICATED', message));
      return false;
    }
    const announced = Number(request.headers['content-length'] ?? request.routeOptions.bodyLimit ?? 0);
    const bytes = Math.min(announced, request.routeOptions.bodyLimit ?? announced);
    if (!this.#intake.hasRoom || this.#bodyBytesInFlight + bytes > this.#limits.bodyBytesInFlightMax) {
      this.#refuse(reply, refusal('INTAKE_BUSY', 'more frames arrive than the log can take', { retryAfterMs: 1000 }));
      return false;
    }
    const { deviceId } = lane;
    const open = this.#open.get(deviceId) ?? 0;
    if (open >= this.#limits.requestsPerDeviceMax) {
      this.#refuse(reply, refusal('INTAKE_BUSY', `${open} requests of the device are open`, { retryAfterMs: 1000 }));
      return false;
    }
    this.#open.set(deviceId, open + 1);
    this.#bodyBytesInFlight += bytes;
    reply.raw.once('close', () => {
      this.#bodyBytesInFlight -= bytes;
      const left = (this.#open.get(deviceId) ?? 1) - 1;
      if (left > 0) this.#open.set(deviceId, left);
      else this.#open.delete(deviceId);
    });
    this.#lanes.set(request, lane);
    return true;
  }

  async #takeFrame(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const body = this.#bodyOf(request, reply);
    if (body === undefined) return;
    await this.#send(reply, answerFrame(await this.#laneOf(request).accept(body)));
  }

  async #takeBatch(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const body = this.#bodyOf(request, reply);
    if (body === undefined) return;
    const lane = this.#laneOf(request);
    const { frames, rest } = splitBatch(body, this.#limits.batchFramesMax);
    const outcomes: Outcome[] = await Promise.all(frames.map((frame) => lane.accept(frame)));
    if (rest !== undefined) {
      outcomes.push(rest);
      this.#onRefused(rest.code);
    }
    await this.#send(reply, answerBatch(outcomes));
  }

  #bodyOf(
    request: FastifyRequest,
    reply: FastifyReply,
    holds = 'a frame or evidence, as application/octet-stream',
  ): Uint8Array | undefined {
    if (request.body instanceof Uint8Array && request.body.length > 0) return request.body;
    this.#refuse(reply, refusal('REQUEST_INVALID', `the body must hold ${holds}`, { byteOffset: 0 }));
    return undefined;
  }

  #laneOf(request: FastifyRequest): Lane {
    return this.#lanes.get(request)!;
  }

  #fail(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
    const limit = request.routeOptions.bodyLimit ?? 0;
    if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
      this.#refuse(reply, refusal('FRAME_TOO_LARGE', `the body may have at most ${limit} bytes`));
    } else if (error.code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
      const type = request.routeOptions.url === INTERACTIONS_PATH ? 'application/json' : 'application/octet-stream';
      this.#refuse(reply, refusal('REQUEST_INVALID', `send ${type}`), 415);
    } else if (error.statusCode !== undefined && error.statusCode < 500) {
      this.#refuse(reply, refusal('REQUEST_INVALID', error.message), error.statusCode);
    } else {
      this.#refuse(reply, refusal('DEPENDENCY_DOWN', 'the request failed', { retryAfterMs: 1000 }));
    }
  }

  /** The connection closes with it: what is left of a body that nobody wants is not read. */
  #refuse(reply: FastifyReply, refused: Refused, status?: number): void {
    this.#refusedRequests += 1;
    this.#onRefused(refused.code);
    void reply.header('connection', 'close');
    void this.#send(reply, answerRefused(refused, status));
  }

  #send(reply: FastifyReply, { status, headers, body }: Answer): FastifyReply {
    return reply.code(status).headers(headers).send(body);
  }
}

/**
 * The console: the status page with its events, the JSON API, metrics and health, on loopback only. It reads what the
 * ports offer and changes nothing, but for the admin calls, which need the token of the data folder.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type Clock, MsecError, type Timer } from '../engine/index.ts';
import { consoleProof } from './console-proof.ts';
import { detectionRoutes } from './detection-routes.ts';
import { EventStream } from './event-stream.ts';
import { Feed } from './feed.ts';
import { type Flow, flowOf, type Sample } from './flow.ts';
import { findRoute, isLoopbackHost, type Route, SECURITY_HEADERS, sendError, sendFailure } from './http.ts';
import { pageRoutes } from './page-files.ts';
import { withoutInternal } from './plan-picture.ts';
import type { ConsolePorts } from './ports.ts';
import { reputationRoutes } from './reputation-routes.ts';
import { type Attached, adminRoutes, apiRoutes } from './routes.ts';

export interface ConsoleOptions {
  /** A loopback address. */
  readonly host: string;
  readonly port: number;
  /** True: the next free port is taken when this one is not free. */
  readonly mayMovePort: boolean;
  /** At least 32 characters. */
  readonly adminToken: string;
  readonly version: string;
  readonly clock: Clock;
  /** Told of what fails inside and reaches no caller. */
  onFailure(where: string, error: unknown): void;
}

export interface Console {
  /** `http://127.0.0.1:8080` */
  readonly address: string;
  readonly port: number;
  /** Shows the engine once it is there; before it the page waits and /readyz says no. */
  attach(ports: ConsolePorts): Promise<void>;
  /** Lets go of the engine before it closes: pages stay open and say that it drains. */
  detach(): Promise<void>;
  close(): Promise<void>;
}

const TICK_MS = 1_000;
const READINGS_MS = 250;
const READINGS_SHOWN = 40;
const PORTS_TRIED = 20;
const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);

/** Fails with PORT_TAKEN where the port is not free, CONFIG_INVALID where the host is not loopback. */
export async function startConsole(options: ConsoleOptions): Promise<Console> {
  if (!LOOPBACK.has(options.host)) {
    throw new MsecError(
      'CONFIG_INVALID',
      `console.host must be a loopback address (${[...LOOPBACK].join(', ')}), is ${options.host}`,
      { field: 'console.host' },
    );
  }
  const server = new ConsoleServer(options);
  await server.listen();
  return server;
}

class ConsoleServer implements Console {
  readonly #options: ConsoleOptions;
  readonly #server: Server;
  readonly #stream = new EventStream();
  readonly #routes: readonly Route[];
  readonly #tokenHash: Buffer;
  #attached: Attached | undefined;
  readonly #timers: Timer[] = [];
  #sample: Sample | null = null;
  #flow: Flow | undefined;
  #readingsSent = 0;
  #lettersSent = 0;
  #windowsSent = 0;
  #trustSent = 0;
  #alertsSent = 0;
  #feedFailure: string | null = null;
  #isClosed = false;
  #isDetached = false;
  readonly #rounds: Promise<void>[] = [];
  address = '';
  port = 0;

  constructor(options: ConsoleOptions) {
    this.#options = options;
    this.#tokenHash = sha256(options.adminToken);
    this.#routes = [
      ...pageRoutes(),
      ...apiRoutes({
        version: options.version,
        now: () => options.clock.now(),
        stream: this.#stream,
        proofFor: (nonce) => consoleProof(options.adminToken, nonce),
        attached: () => this.#attached,
        statusView: () => this.#statusView(),
        snapshot: () => this.#snapshot(),
        notReady: () => this.#notReady(),
      }),
      ...reputationRoutes(() => this.#attached),
      ...detectionRoutes(
        () => this.#attached,
        () => options.clock.now(),
      ),
      ...adminRoutes(() => this.#attached),
    ];
    this.#server = createServer({ maxHeaderSize: 16 * 1024, requestTimeout: 15_000, headersTimeout: 10_000 });
    this.#server.maxConnections = 256;
    this.#server.on('request', (request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        if (!(error instanceof MsecError)) options.onFailure('console', error);
        sendFailure(response, error);
      });
    });
  }

  async listen(): Promise<void> {
    const { host, port, mayMovePort } = this.#options;
    const last = mayMovePort && port !== 0 ? port + PORTS_TRIED : port;
    for (let candidate = port; ; candidate++) {
      const failure = await listenOn(this.#server, host, candidate);
      if (failure === null) break;
      if (failure.code === 'EADDRINUSE' && candidate < last) continue;
      const why = failure.code === 'EADDRINUSE' ? `port ${port} is taken` : (failure.code ?? failure.message);
      throw new MsecError('PORT_TAKEN', `The console cannot listen on ${host}: ${why}. Choose another with --port.`, {
        cause: failure,
      });
    }
    const bound = this.#server.address();
    this.port = typeof bound === 'object' && bound !== null ? bound.port : port;
    this.address = `http://${host.includes(':') ? `[${host}]` : host}:${this.port}`;
  }

  async attach(ports: ConsolePorts): Promise<void> {
    const feed = new Feed(ports);
    const follower = await feed.follow(ports.openReader(), (error) => {
      this.#feedFailure = 'the page no longer reads the topics; msec.log says why';
      this.#options.onFailure('console feed', error);
    });
    if (this.#isDetached) {
      feed.close();
      return follower.close();
    }
    this.#attached = { ports, feed, follower };
    await this.#tick();
    this.#stream.publish('snapshot', this.#snapshot());
    this.#every(TICK_MS, () => this.#tick());
    this.#every(READINGS_MS, () => this.#publishItems());
  }

  async detach(): Promise<void> {
    this.#isDetached = true;
    for (const timer of this.#timers) timer.cancel();
    await Promise.all(this.#rounds);
    if (this.#sample !== null) {
      this.#sample = { ...this.#sample, status: { ...this.#sample.status, state: 'draining' } };
      this.#stream.publish('status', this.#statusView());
    }
    const attached = this.#attached;
    this.#attached = undefined;
    attached?.feed.close();
    await attached?.follower.close();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.detach();
    this.#stream.publish('bye', {});
    this.#stream.close();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeIdleConnections();
      // What is still being answered gets a moment, and then no more.
      this.#timers.push(this.#options.clock.after(500, () => this.#server.closeAllConnections()));
    });
    for (const timer of this.#timers) timer.cancel();
  }

  /** One round after the other: a slow one delays the next and never meets it. */
  #every(ms: number, run: () => void | Promise<void>): void {
    const index = this.#timers.length;
    const again = () => {
      if (this.#isDetached) return;
      this.#timers[index] = this.#options.clock.after(ms, () => {
        this.#rounds[index] = Promise.resolve()
          .then(run)
          .catch((error: unknown) => this.#options.onFailure('console', error))
          .then(again);
      });
    };
    again();
  }

  async #tick(): Promise<void> {
    if (this.#attached === undefined) return;
    const { ports } = this.#attached;
    const status = await ports.status();
    if (this.#isDetached) return;
    const now: Sample = { at: this.#options.clock.monotonic(), status, bridges: ports.bridges() };
    this.#flow = flowOf(withoutInternal(ports.topology), this.#sample, now);
    this.#sample = now;
    this.#stream.publish('status', this.#statusView());
  }

  #publishItems(): void {
    if (this.#attached === undefined) return;
    const { readings, letters, windowsTotal, trust, alerts } = this.#attached.feed;
    alerts.begin();
    const newReadings = readings.newest(Math.min(READINGS_SHOWN, readings.total - this.#readingsSent));
    if (newReadings.length > 0) this.#stream.publish('readings', newReadings);
    const newLetters = letters.newest(Math.min(READINGS_SHOWN, letters.total - this.#lettersSent));
    if (newLetters.length > 0) this.#stream.publish('letters', newLetters);
    if (windowsTotal !== this.#windowsSent) this.#stream.publish('windows', { total: windowsTotal });
    if (trust.total !== this.#trustSent) this.#stream.publish('trust', { total: trust.total });
    if (alerts.total !== this.#alertsSent) this.#stream.publish('alerts', { total: alerts.total });
    this.#alertsSent = alerts.total;
    this.#trustSent = trust.total;
    this.#readingsSent = readings.total;
    this.#lettersSent = letters.total;
    this.#windowsSent = windowsTotal;
  }

  #statusView() {
    if (this.#attached === undefined || this.#sample === null)
      return { state: this.#isDetached ? 'draining' : 'starting', version: this.#options.version };
    const { feed } = this.#attached;
    return {
      version: this.#options.version,
      now: this.#options.clock.now(),
      ...this.#sample.status,
      bridges: this.#sample.bridges,
      flow: this.#flow,
      reasons: Object.fromEntries(feed.reasons),
      undecodable: feed.undecodable,
      feedFailure: this.#feedFailure,
    };
  }

  #snapshot() {
    if (this.#attached === undefined) return { state: 'starting', version: this.#options.version };
    const { ports, feed } = this.#attached;
    return {
      topology: withoutInternal(ports.topology),
      kinds: ports.kinds,
      topics: ports.topics,
      status: this.#statusView(),
      readings: feed.readings.newest(READINGS_SHOWN),
      letters: feed.letters.newest(),
      windows: { total: feed.windowsTotal },
      hasReputation: ports.reputation !== undefined,
      hasDetection: ports.detection !== undefined,
    };
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
    if (!isLoopbackHost(request.headers.host)) {
      return sendError(response, 421, 'REQUEST_INVALID', 'This console answers to localhost only.');
    }
    if ((request.url ?? '').length > 2_048)
      return sendError(response, 414, 'REQUEST_INVALID', 'The address is too long.');
    let url: URL;
    try {
      url = new URL(request.url ?? '/', 'http://localhost');
    } catch {
      return sendError(response, 400, 'REQUEST_INVALID', 'The address cannot be read.');
    }
    const found = findRoute(this.#routes, request.method ?? 'GET', url.pathname);
    if ('allowed' in found) {
      if (found.allowed.length === 0)
        return sendError(response, 404, 'REQUEST_INVALID', `There is nothing at ${url.pathname}.`);
      response.setHeader('allow', found.allowed.join(', '));
      return sendError(response, 405, 'REQUEST_INVALID', `Use ${found.allowed.join(' or ')} here.`);
    }
    if (found.route.needsToken && !this.#isAdmin(request.headers.authorization)) {
      response.setHeader('www-authenticate', 'Bearer');
      const { authorization } = request.headers;
      const says = authorization === undefined ? 'This call needs the admin token' : 'This is not the admin token';
      return sendError(response, 401, 'NOT_AUTHENTICATED', `${says} of the data folder.`);
    }
    await found.route.handle({ request, response, query: url.searchParams, params: found.params });
  }

  #isAdmin(header: string | undefined): boolean {
    const token = /^Bearer ([\x21-\x7e]{1,512})$/.exec(header ?? '')?.[1];
    return token !== undefined && timingSafeEqual(sha256(token), this.#tokenHash);
  }

  /** What /readyz waits for, in words. */
  async #notReady(): Promise<string[]> {
    if (this.#isClosed) return ['the console is closing'];
    if (this.#attached === undefined) return [this.#isDetached ? 'the engine is draining' : 'the engine'];
    const { state, tasks } = await this.#attached.ports.status();
    if (state !== 'running') return [`the engine is ${state}`];
    return tasks
      .filter((task) => task.state !== 'running' && task.state !== 'elsewhere')
      .map(
        ({ task, state, pausedBecause }) =>
          `task ${task} is ${state}${pausedBecause === null ? '' : `: ${pausedBecause}`}`,
      );
  }
}

const sha256 = (text: string) => createHash('sha256').update(text).digest();

function listenOn(server: Server, host: string, port: number): Promise<NodeJS.ErrnoException | null> {
  return new Promise((resolve) => {
    const failed = (error: NodeJS.ErrnoException) => {
      server.off('listening', listening);
      resolve(error);
    };
    const listening = () => {
      server.off('error', failed);
      resolve(null);
    };
    server.once('error', failed);
    server.once('listening', listening);
    server.listen({ host, port, exclusive: true });
  });
}

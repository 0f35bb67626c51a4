/** What the console answers beside the page: the JSON API, events, metrics, health, and the admin calls. */
import { MsecError } from '../engine/index.ts';
import type { EventStream } from './event-stream.ts';
import type { Feed } from './feed.ts';
import type { MapBounds } from './fleet-map.ts';
import { type Call, type Route, readBody, readJson, sendError, sendJson, sendText } from './http.ts';
import { withoutInternal } from './plan-picture.ts';
import type { ConsolePorts, Place, RuleAdmin } from './ports.ts';
import type { TopicFollower } from './topic-follower.ts';

/** What the console holds once it has ports. */
export interface Attached {
  readonly ports: ConsolePorts;
  readonly feed: Feed;
  readonly follower: TopicFollower;
}

/** The server's state as the routes see it. */
export interface Shown {
  readonly version: string;
  now(): number;
  readonly stream: EventStream;
  /** That this console has the admin token, without showing it. */
  proofFor(nonce: string): string;
  attached(): Attached | undefined;
  statusView(): unknown;
  snapshot(): unknown;
  /** What /readyz waits for, in words. */
  notReady(): Promise<readonly string[]>;
}

export function apiRoutes(shown: Shown): Route[] {
  const get = (path: string, handle: (call: Call) => void | Promise<void>): Route => ({
    method: 'GET',
    path,
    handle,
  });
  const withFeed = (handle: (call: Call, attached: Attached) => void | Promise<void>) => (call: Call) => {
    const attached = shown.attached();
    if (attached !== undefined) return handle(call, attached);
    sendError(call.response, 503, 'DEPENDENCY_DOWN', 'The engine is still starting.');
  };
  return [
    get('/healthz', ({ response, query }) => {
      const nonce = query.get('nonce');
      const proof = nonce === null ? {} : { proof: shown.proofFor(nonce) };
      sendJson(response, 200, { status: 'alive', version: shown.version, ...proof });
    }),
    get('/readyz', async ({ response }) => {
      const waiting = await shown.notReady();
      sendJson(response, waiting.length === 0 ? 200 : 503, {
        status: waiting.length === 0 ? 'ready' : 'not ready',
        waiting,
      });
    }),
    get(
      '/metrics',
      withFeed(async ({ response }, { ports, feed }) => {
        const { metricsText } = await import('./metrics.ts');
        const { text, type } = await metricsText({
          status: await ports.status(),
          bridges: ports.bridges(),
          reasons: feed.reasons,
          pages: shown.stream.clients,
        });
        sendText(response, 200, type, text);
      }),
    ),
    get('/events', ({ response, request }) => {
      if (request.method === 'HEAD') return sendText(response, 200, 'text/event-stream', '');
      if (!shown.stream.join(response, [['snapshot', shown.snapshot()]])) {
        sendError(response, 503, 'INTAKE_BUSY', 'Too many pages are open.');
      }
    }),
    get('/api/status', ({ response }) => sendJson(response, 200, shown.statusView())),
    get(
      '/api/topology',
      withFeed(({ response, query }, { ports }) =>
        sendJson(response, 200, query.has('internal') ? ports.topology : withoutInternal(ports.topology)),
      ),
    ),
    get(
      '/api/readings',
      withFeed(({ response, query }, { feed }) => {
        const device = query.get('device');
        const readings = feed.readings.newest().filter((reading) => device === null || reading.device === device);
        sendJson(response, 200, readings.slice(0, limitOf(query)));
      }),
    ),
    get(
      '/api/aggregates',
      withFeed(({ response, query }, { feed }) => {
        const device = query.get('device');
        if (device === null) return sendJson(response, 200, { devices: feed.devices() });
        const windows = feed.windowsOf(device);
        if (windows === undefined) return sendError(response, 404, 'DEVICE_UNKNOWN', `No window of ${device} yet.`);
        sendJson(response, 200, windows);
      }),
    ),
    get(
      '/api/trust',
      withFeed(({ response }, { feed }) => sendJson(response, 200, feed.trust.view(shown.now()))),
    ),
    get(
      '/api/trust-map',
      withFeed(({ response, query }, { feed }) => {
        sendJson(response, 200, feed.trust.map(shown.now(), boundsOf(query.get('within'))));
      }),
    ),
    get(
      '/api/trust/:device',
      withFeed(({ response, params }, { feed }) => {
        const trust = feed.trust.deviceOf(params.device ?? '', shown.now());
        if (trust === undefined)
          return sendError(response, 404, 'DEVICE_UNKNOWN', 'Nothing is known of the trust in this device.');
        sendJson(response, 200, trust);
      }),
    ),
    get(
      '/api/dlq',
      withFeed(({ response, query }, { feed }) => {
        sendJson(response, 200, {
          reasons: Object.fromEntries(feed.reasons),
          letters: feed.letters.newest(limitOf(query)),
        });
      }),
    ),
    get(
      '/api/dlq/:topic/:partition/:offset',
      withFeed(({ response, params }, { feed }) => {
        const letter = feed.letterAt(placeOf(params));
        if (letter === undefined)
          return sendError(
            response,
            404,
            'OFFSET_OUT_OF_RANGE',
            'Not among the latest letters; `msec dlq show` reads all of them.',
          );
        sendJson(response, 200, letter);
      }),
    ),
  ];
}

export function adminRoutes(attached: () => Attached | undefined): Route[] {
  const admin = (
    method: 'GET' | 'POST',
    path: string,
    run: (ports: ConsolePorts, call: Call) => Promise<unknown>,
  ): Route => ({
    method,
    path,
    needsToken: true,
    handle: async (call) => {
      const now = attached();
      if (now === undefined) throw new MsecError('DEPENDENCY_DOWN', 'The engine is still starting.');
      sendJson(call.response, 200, await run(now.ports, call));
    },
  });
  return [
    // Whether a token is the right one, for whoever signs in.
    admin('GET', '/api/operator', async () => ({})),
    admin('GET', '/api/devices', ({ admin }, { query }) => admin.list(query.get('after') ?? '', limitOf(query))),
    admin('POST', '/api/devices', async ({ admin }, { request }) => admin.add(await readJson(request))),
    ...(['revoke', 'reset', 'rotate'] as const).map((action) =>
      admin('POST', `/api/devices/:device/${action}`, ({ admin }, { params }) => admin.change(action, params.device!)),
    ),
    ...(['release', 'drop'] as const).map((decision) =>
      admin('POST', `/api/devices/:device/held/${decision}`, async ({ admin }, { params, request }) =>
        admin.decide(decision, params.device!, await readJson(request)),
      ),
    ),
    admin('POST', '/api/devices/:device/place', async ({ admin }, { params, request }) =>
      admin.place(params.device!, await readJson(request)),
    ),
    admin('POST', '/api/devices/:device/renew', async ({ admin }, { params, request }) =>
      admin.renew(params.device!, await readJson(request)),
    ),
    admin('POST', '/api/dlq/:topic/:partition/:offset/resend', ({ admin }, { params }) =>
      admin.resend(placeOf(params)),
    ),
    admin('POST', '/api/interactions', async ({ interactions }, { request }) => {
      if (interactions === undefined)
        throw new MsecError('REQUEST_INVALID', 'No trust is kept here: see trust.enabled.');
      return interactions.tell(await readJson(request));
    }),
    admin('POST', '/api/reputation/:service/:party/standing', async ({ standing }, { params, request }) => {
      if (standing === undefined) throw new MsecError('REQUEST_INVALID', 'No trust is kept here: see trust.enabled.');
      return standing.order(params.service!, params.party!, await readJson(request));
    }),
    admin('GET', '/api/ids/rules', (ports) => rulesOf(ports).list()),
    admin('POST', '/api/ids/rules', async (ports, { query, request }) => {
      const rules = rulesOf(ports);
      return rules.push(await readBody(request, rules.bytesMax), query.get('by') ?? '');
    }),
    admin('POST', '/api/ids/rules/roll-back', async (ports, { request }) =>
      rulesOf(ports).rollBack(await readJson(request)),
    ),
  ];
}

function rulesOf({ rules }: ConsolePorts): RuleAdmin {
  if (rules !== undefined) return rules;
  throw new MsecError(
    'REQUEST_INVALID',
    'The engine that runs here takes no bundles of rules: it was started without ids.enabled and ids.ruleKeys.',
  );
}

function limitOf(query: URLSearchParams): number {
  const limit = Number(query.get('limit') ?? 100);
  return Number.isInteger(limit) && limit > 0 ? Math.min(limit, 1_000) : 100;
}

/** west,south,east,north; null where that is not asked for. REQUEST_INVALID. */
function boundsOf(text: string | null): MapBounds | null {
  if (text === null) return null;
  const numbers = text.split(',').map(Number);
  const [west = Number.NaN, south = Number.NaN, east = Number.NaN, north = Number.NaN] = numbers;
  if (numbers.length !== 4 || !(west <= east && south <= north && Math.abs(west) <= 540 && Math.abs(east) <= 540))
    throw new MsecError('REQUEST_INVALID', 'within takes west,south,east,north in degrees.', { field: 'within' });
  return { west, south, east, north };
}

function placeOf({ topic, partition, offset }: Readonly<Record<string, string>>): Place {
  const place = { topic: topic ?? '', partition: Number(partition), offset: Number(offset) };
  if (
    !Number.isSafeInteger(place.partition) ||
    !Number.isSafeInteger(place.offset) ||
    place.partition < 0 ||
    place.offset < 0
  ) {
    throw new MsecError('REQUEST_INVALID', 'Partition and offset must be whole numbers.', { field: 'offset' });
  }
  return place;
}

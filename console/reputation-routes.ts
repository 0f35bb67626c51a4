/** What the console answers of trust and reputation: services, rankings, parties, and who should serve whom. */
import { type Call, type Route, sendError, sendJson } from './http.ts';
import type { ReputationPorts } from './ports.ts';
import type { Attached } from './routes.ts';

const ASKED = ['service', 'for', 'near', 'radius', 'limit', 'among', 'without', 'weights'] as const;

export function reputationRoutes(attached: () => Attached | undefined): Route[] {
  const get = (path: string, ask: (ports: ReputationPorts, call: Call) => Promise<unknown>): Route => ({
    method: 'GET',
    path,
    handle: async (call) => {
      const now = attached();
      if (now === undefined) return sendError(call.response, 503, 'DEPENDENCY_DOWN', 'The engine is still starting.');
      const { reputation } = now.ports;
      if (reputation === undefined)
        return sendError(call.response, 404, 'REQUEST_INVALID', 'No trust is kept here: see trust.enabled.');
      sendJson(call.response, 200, await ask(reputation, call));
    },
  });
  return [
    get('/api/reputation', async (ports) => ({ ...(await ports.status()), services: await ports.services() })),
    get('/api/reputation/:service', (ports, { params }) => ports.ranking(params.service!)),
    get('/api/reputation/:service/:party', (ports, { params }) => ports.party(params.service!, params.party!)),
    get('/api/who', (ports, { query }) =>
      ports.who(Object.fromEntries(ASKED.map((name) => [name, query.get(name) ?? undefined]))),
    ),
  ];
}

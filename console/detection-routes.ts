/** What the console answers of intrusion detection: alerts, counts, what the sensors say, and which rules are in force. */
import { type EngineStatus, MsecError } from '../engine/index.ts';
import { type Call, type Route, sendError, sendJson } from './http.ts';
import type { Attached } from './routes.ts';

const ALERTS_SHOWN = 30;

export function detectionRoutes(attached: () => Attached | undefined, now: () => number): Route[] {
  const get = (path: string, needsToken: boolean, ask: (found: Attached, call: Call) => unknown): Route => ({
    method: 'GET',
    path,
    needsToken,
    handle: async (call) => {
      const found = attached();
      if (found === undefined) return sendError(call.response, 503, 'DEPENDENCY_DOWN', 'The engine is still starting.');
      if (found.ports.detection === undefined)
        return sendError(call.response, 404, 'REQUEST_INVALID', 'No packets are examined here: see ids.enabled.');
      sendJson(call.response, 200, await ask(found, call));
    },
  });
  return [
    get('/api/ids', false, async ({ ports, feed }) => ({
      ...feed.alerts.view(now(), ALERTS_SHOWN),
      sensors: sensorCounts(await ports.status()),
      ruleFiles: ports.detection?.ruleFiles ?? [],
      // A topic that does not answer for a moment must not take the alerts away.
      bundles: (await ports.rules?.list().catch(onlyMsecErrors)) ?? null,
      takesBundles: ports.rules !== undefined,
    })),
    // Addresses of people are in it.
    get('/api/ids/alerts', true, ({ feed }) => feed.alerts.latest(ALERTS_SHOWN)),
  ];
}

function onlyMsecErrors(thrown: unknown): null {
  if (thrown instanceof MsecError) return null;
  throw thrown;
}

export interface SensorCounts {
  /** Summed over all sensors of this process. */
  readonly counts: Readonly<Record<string, number>>;
  /** Places where most TCP segments have a wrong checksum. */
  readonly wrongChecksums: readonly string[];
  readonly deadLetters: number;
}

/** Counts that are about one place have it behind a colon. */
export function sensorCounts({ tasks }: EngineStatus): SensorCounts {
  const counts = new Map<string, number>();
  const wrongChecksums = new Set<string>();
  let deadLetters = 0;
  for (const { stages } of tasks)
    for (const stage of stages) {
      if (stage.actor !== 'detect') continue;
      deadLetters += stage.deadLetters;
      for (const [name, count] of Object.entries(stage.counts)) {
        const colon = name.indexOf(':');
        if (colon < 0) counts.set(name, (counts.get(name) ?? 0) + count);
        else wrongChecksums.add(name.slice(colon + 1).replace(/\/\d+$/, ''));
      }
    }
  return { counts: Object.fromEntries(counts), wrongChecksums: [...wrongChecksums].sort(), deadLetters };
}

/**
 * The registry's HTTP face: the part of Confluent's REST interface that clients need to write and read, on loopback
 * only. Bodies of refusals are Confluent's `{error_code, message}`. A page from elsewhere cannot use it: the Host must
 * be loopback's, and a body must be declared as JSON, which browsers do not send across origins unasked.
 */
import type { FastifyError, FastifyInstance } from 'fastify';
import { type ErrorData, errorData, MsecError } from '../base/index.ts';
import type { SchemaCandidate, SchemaRegistry, SubjectVersion } from './schema-registry.ts';
import { isReferences } from './stored-records.ts';

const CONTENT_TYPE = 'application/vnd.schemaregistry.v1+json';
const BODY_BYTES_MAX = 1_048_576;
const LOOPBACK = '127.0.0.1';

export interface RegistryServer {
  /** Such as http://127.0.0.1:8081 */
  readonly url: string;
  readonly port: number;
  /** Answers what has been asked, then closes. */
  close(): Promise<void>;
}

/** Port 0 takes a free one. Fails with DEPENDENCY_DOWN where the port is taken. */
export async function registryServer(registry: SchemaRegistry, port: number): Promise<RegistryServer> {
  // Loaded here, since every worker thread imports this folder and none of them serves it.
  const { fastify } = await import('fastify');
  const app = fastify({
    bodyLimit: BODY_BYTES_MAX,
    routerOptions: { maxParamLength: 1024 },
    forceCloseConnections: 'idle',
  });
  acceptJsonAlone(app);
  answerRefusals(app);
  addRoutes(app, registry);
  try {
    await app.listen({ host: LOOPBACK, port });
  } catch (cause) {
    await app.close();
    throw new MsecError('DEPENDENCY_DOWN', `the schema registry cannot listen on ${LOOPBACK}:${port}`, { cause });
  }
  const address = app.server.address();
  const taken = typeof address === 'object' && address !== null ? address.port : port;
  return { url: `http://${LOOPBACK}:${taken}`, port: taken, close: () => app.close() };
}

function acceptJsonAlone(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  const types = [CONTENT_TYPE, 'application/vnd.schemaregistry+json', 'application/json'];
  app.addContentTypeParser(types, { parseAs: 'string' }, app.getDefaultJsonParser('error', 'error'));
  app.addHook('onRequest', async (request, reply) => {
    const host = request.headers.host?.replace(/:\d+$/, '');
    if (host === LOOPBACK || host === 'localhost' || host === '[::1]') return;
    await reply.code(403).type(CONTENT_TYPE).send({ error_code: 403, message: 'only for callers on this machine' });
  });
  app.addHook('onSend', async (_request, reply) => {
    reply.type(CONTENT_TYPE);
  });
}

function answerRefusals(app: FastifyInstance): void {
  app.setNotFoundHandler(async (_request, reply) => {
    await reply.code(404).send({ error_code: 404, message: 'HTTP 404 Not Found' });
  });
  app.setErrorHandler(async (error: FastifyError | MsecError, _request, reply) => {
    const { status, code, message } = error instanceof MsecError ? confluentError(errorData(error)) : httpError(error);
    await reply.code(status).send({ error_code: code, message });
  });
}

function httpError(error: FastifyError): { status: number; code: number; message: string } {
  const status = error.statusCode ?? 500;
  return status < 500
    ? { status, code: status, message: error.message }
    : { status, code: 50001, message: 'Error in the backend data store' };
}

/** Confluent's codes: the status is their first three digits. */
function confluentError({ code, field, message }: ErrorData): { status: number; code: number; message: string } {
  const byField: Readonly<Record<string, number>> = {
    'SCHEMA_UNKNOWN subject': 40401,
    'SCHEMA_UNKNOWN version': 40402,
    'SCHEMA_UNKNOWN schema': 40403,
    'SCHEMA_UNKNOWN config': 40408,
    'SCHEMA_INVALID schema': 42201,
    'SCHEMA_INVALID version': 42202,
    'SCHEMA_INVALID compatibility': 42203,
    'SCHEMA_INVALID subject': 42208,
  };
  const known = byField[`${code} ${field}`];
  if (known !== undefined) return { status: Math.floor(known / 100), code: known, message };
  if (code === 'SCHEMA_INCOMPATIBLE') return { status: 409, code: 409, message };
  return { status: 500, code: 50001, message: `Error in the backend data store: ${message}` };
}

function addRoutes(app: FastifyInstance, registry: SchemaRegistry): void {
  // An id that another process has given out must be known here, too; clients ask once for each. A log that does not
  // answer leaves what is known.
  app.addHook('preHandler', () => registry.refresh().catch(() => undefined));
  app.get('/', async () => ({}));
  app.get('/subjects', async () => registry.subjects());
  app.get<{ Params: { subject: string } }>('/subjects/:subject/versions', async ({ params }) =>
    registry.versions(params.subject),
  );
  app.get<{ Params: { subject: string; version: string } }>(
    '/subjects/:subject/versions/:version',
    async ({ params }) => withReferences(registry.version(params.subject, versionOf(params.version))),
  );
  app.post<{ Params: { subject: string }; Body: unknown }>('/subjects/:subject/versions', async ({ params, body }) => {
    const { id } = await registry.register(params.subject, candidateOf(body));
    return { id };
  });
  app.post<{ Params: { subject: string }; Body: unknown }>('/subjects/:subject', async ({ params, body }) =>
    withReferences(registry.lookup(params.subject, candidateOf(body))),
  );
  app.get('/schemas/types', async () => ['AVRO']);
  app.get<{ Params: { id: string } }>('/schemas/ids/:id', async ({ params }) => {
    const { schema, references } = registry.byId(/^\d{1,10}$/.test(params.id) ? Number(params.id) : 0);
    return references.length === 0 ? { schema } : { schema, references };
  });
  app.post<{ Params: { subject: string; version: string }; Querystring: { verbose?: string }; Body: unknown }>(
    '/compatibility/subjects/:subject/versions/:version',
    async ({ params, query, body }) => {
      const messages = registry.test(params.subject, versionOf(params.version), candidateOf(body));
      return query.verbose === 'true'
        ? { is_compatible: messages.length === 0, messages }
        : { is_compatible: messages.length === 0 };
    },
  );
  addConfigRoutes(app, registry);
}

function addConfigRoutes(app: FastifyInstance, registry: SchemaRegistry): void {
  app.get('/config', async () => ({ compatibilityLevel: registry.level() }));
  app.put<{ Body: unknown }>('/config', async ({ body }) => ({
    compatibility: await registry.setLevel(null, levelOf(body)),
  }));
  app.get<{ Params: { subject: string }; Querystring: { defaultToGlobal?: string } }>(
    '/config/:subject',
    async ({ params, query }) => {
      const { subject } = params;
      const level = query.defaultToGlobal === 'true' ? registry.effectiveLevel(subject) : registry.level(subject);
      if (level !== null) return { compatibilityLevel: level };
      throw new MsecError('SCHEMA_UNKNOWN', `subject '${subject}' has no compatibility level of its own`, {
        field: 'config',
      });
    },
  );
  app.put<{ Params: { subject: string }; Body: unknown }>('/config/:subject', async ({ params, body }) => ({
    compatibility: await registry.setLevel(params.subject, levelOf(body)),
  }));
}

function withReferences({ references, ...version }: SubjectVersion): object {
  return references.length === 0 ? version : { ...version, references };
}

function versionOf(text: string): number | 'latest' {
  if (text === 'latest' || text === '-1') return 'latest';
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new MsecError('SCHEMA_INVALID', `the version must be a number from 1 or "latest"`, { field: 'version' });
}

function membersOf(body: unknown): { readonly [name: string]: unknown } {
  return typeof body === 'object' && body !== null ? { ...body } : {};
}

function levelOf(body: unknown): string {
  const { compatibility } = membersOf(body);
  return typeof compatibility === 'string' ? compatibility.toUpperCase() : '';
}

function candidateOf(body: unknown): SchemaCandidate {
  const { schema, schemaType, references } = membersOf(body);
  const refuse = (message: string) => new MsecError('SCHEMA_INVALID', message, { field: 'schema' });
  if (typeof schema !== 'string') throw refuse('the body must hold the schema as a text, {"schema": "…"}');
  if (schemaType !== undefined && schemaType !== null && schemaType !== 'AVRO')
    throw refuse('only AVRO schemas are kept here');
  if (references === undefined || references === null) return { schema };
  if (!isReferences(references)) throw refuse('each reference needs name, subject and version');
  return { schema, references };
}

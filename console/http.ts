/**
 * The little HTTP that the console needs: one list of routes, checks that come before every one of them, and answers.
 * Whoever asks must name this machine in the Host header (a page of another site that points its name at 127.0.0.1 does
 * not), and bodies are bounded.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type ErrorCode, errorData, MsecError } from '../engine/index.ts';

export interface Call {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: URLSearchParams;
  /** What stands for `:name` in the path, decoded. */
  readonly params: Readonly<Record<string, string>>;
}

export interface Route {
  readonly method: 'GET' | 'POST';
  /** `/api/dlq/:topic`; a part with a colon takes one segment. */
  readonly path: string;
  readonly needsToken?: boolean;
  handle(call: Call): void | Promise<void>;
}

export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  sendText(response, status, 'application/json; charset=utf-8', `${JSON.stringify(body)}\n`);
}

export function sendText(response: ServerResponse, status: number, type: string, body: string): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
  });
  response.end(body);
}

export function sendError(response: ServerResponse, status: number, code: ErrorCode, message: string): void {
  sendJson(response, status, { error: { code, message } });
}

const LOOPBACK_NAME = /^(localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i;

/** Whether the Host header names this machine itself. */
export function isLoopbackHost(host: string | undefined): boolean {
  return host !== undefined && LOOPBACK_NAME.test(host);
}

const BODY_BYTES_MAX = 64 * 1024;

/** The body; FRAME_TOO_LARGE when it is longer. */
export async function readBody(request: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw new MsecError('FRAME_TOO_LARGE', `The body is larger than ${bytesMax} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The body as JSON; REQUEST_INVALID when it is none, FRAME_TOO_LARGE when it is over 64 KiB. */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const body = await readBody(request, BODY_BYTES_MAX);
  if (body.length === 0) return {};
  try {
    return JSON.parse(body.toString('utf8'));
  } catch (cause) {
    throw new MsecError('REQUEST_INVALID', 'The body is not JSON.', { cause });
  }
}

/** Answers a failed call by its code; what is no MsecError is nobody's business outside. */
export function sendFailure(response: ServerResponse, thrown: unknown): void {
  if (!(thrown instanceof MsecError)) {
    sendError(response, 500, 'ASSERTION_FAILED', 'Something failed that should not have; the log says more.');
    return;
  }
  const { code, message, field } = errorData(thrown);
  const status = code === 'FRAME_TOO_LARGE' ? 413 : thrown.kind === 'input' ? 400 : thrown.retriable ? 503 : 500;
  sendJson(response, status, { error: { code, message, ...(field === undefined ? {} : { field }) } });
}

/** The route of a path with its parameters; `allowed` lists the methods of the path when the method is not one of them. */
export function findRoute(
  routes: readonly Route[],
  method: string,
  path: string,
): { route: Route; params: Record<string, string> } | { allowed: readonly string[] } {
  const allowed: string[] = [];
  for (const route of routes) {
    const params = matchPath(route.path, path);
    if (params === null) continue;
    if (route.method === method || (method === 'HEAD' && route.method === 'GET')) return { route, params };
    allowed.push(route.method);
  }
  return { allowed };
}

function matchPath(pattern: string, path: string): Record<string, string> | null {
  const [wanted, given] = [pattern.split('/'), path.split('/')];
  if (wanted.length !== given.length) return null;
  const params: Record<string, string> = {};
  for (const [i, part] of wanted.entries()) {
    if (!part.startsWith(':')) {
      if (part !== given[i]) return null;
      continue;
    }
    try {
      params[part.slice(1)] = decodeURIComponent(given[i]!);
    } catch {
      return null;
    }
    if (params[part.slice(1)] === '') return null;
  }
  return params;
}

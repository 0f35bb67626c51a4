/** How HTTP is recognised: methods with what separates them, and the beginning of a response. */
import type { Probe } from '../protocol.ts';

const METHODS = [
  'GET',
  'PUT',
  'POST',
  'HEAD',
  'TRACE',
  'OPTIONS',
  'CONNECT',
  'DELETE',
  'PATCH',
  'PROPFIND',
  'PROPPATCH',
  'MKCOL',
  'COPY',
  'MOVE',
  'LOCK',
  'UNLOCK',
  'CHECKOUT',
  'UNCHECKOUT',
  'CHECKIN',
  'UPDATE',
  'LABEL',
  'REPORT',
  'MKWORKSPACE',
  'MKACTIVITY',
  'MERGE',
  'INVALID',
  'VERSION-CONTROL',
  'BASELINE-CONTROL',
] as const;
const SEPARATORS = [' ', '\t'] as const;

function pattern(direction: 0 | 1, text: string): Probe {
  return { kind: 'pattern', transport: 'tcp', direction, text, nocase: true, offset: 0, depth: text.length };
}

/** On this port Suricata looks for HTTP/2, too, and until so many bytes say that it is none nothing is settled. */
const PLAIN_PORT = 80;
const FRAME_HEADER_BYTES = 9;
const PREFACE_BYTES = 24;
const noFrame: Probe = {
  kind: 'port',
  transport: 'tcp',
  ports: [PLAIN_PORT],
  first: 0,
  least: FRAME_HEADER_BYTES,
  most: PREFACE_BYTES,
  toServer: null,
  toClient: () => 'no',
};

export const HTTP_PROBES: readonly Probe[] = [
  noFrame,
  ...METHODS.flatMap((method) => SEPARATORS.map((separator) => pattern(0, method + separator))),
  pattern(1, 'HTTP/0.9'),
  pattern(1, 'HTTP/1.0'),
  pattern(1, 'HTTP/1.1'),
];

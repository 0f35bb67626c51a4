/** First lines of messages. */
import { FAULT, type HttpTransaction, type Method } from './http-transaction.ts';
import { isDigit, isSpace, NO_BYTES, startsWithText, textOf } from './octets.ts';
import { NO_URI, normalUri, parseHost, parseUri } from './uri.ts';

const METHODS = new Set(
  `HEAD GET PUT POST DELETE CONNECT OPTIONS TRACE PATCH PROPFIND PROPPATCH MKCOL COPY MOVE LOCK UNLOCK VERSION-CONTROL
  CHECKOUT UNCHECKOUT CHECKIN UPDATE LABEL REPORT MKWORKSPACE MKACTIVITY BASELINE-CONTROL MERGE INVALID`.split(/\s+/),
);
/** The longest name of a method. */
const METHOD_BYTES_MAX = 16;

function methodOf(bytes: Uint8Array): Method {
  if (bytes.length > METHOD_BYTES_MAX) return 'other';
  const text = textOf(bytes);
  switch (text) {
    case 'GET':
      return 'get';
    case 'POST':
      return 'post';
    case 'HEAD':
      return 'head';
    case 'PUT':
      return 'put';
    case 'CONNECT':
      return 'connect';
    default:
      return METHODS.has(text) ? 'known' : 'other';
  }
}

/** Whether a line begins as a request does: with a method that exists. */
export function beginsWithMethod(line: Uint8Array): boolean {
  let start = 0;
  while (start < line.length && isSpace(line[start]!)) start += 1;
  let end = start;
  while (end < line.length && !isSpace(line[end]!)) end += 1;
  return methodOf(line.subarray(start, end)) !== 'other';
}

/** `line` without its end; what is made of it are views into it. */
export function requestLine(tx: HttpTransaction, line: Uint8Array): void {
  const { length } = line;
  tx.request.line = line;
  let at = 0;
  while (at < length && isSpace(line[at]!)) at += 1;
  if (at > 0) tx.note('request_line_leading_whitespace');
  const methodStart = at;
  while (at < length && !isSpace(line[at]!)) at += 1;
  tx.methodText = line.subarray(methodStart, at);
  tx.method = methodOf(tx.methodText);
  let isOdd = false;
  for (; at < length && isSpace(line[at]!); at += 1) isOdd ||= line[at] !== 0x20;
  if (isOdd) tx.note('method_delim_non_compliant');
  if (at < length) {
    const start = at;
    let end = line.indexOf(0x20, start);
    if (end === -1) {
      end = start;
      while (end < length && !isSpace(line[end]!)) end += 1;
      if (end < length) tx.note('uri_delim_non_compliant');
    }
    tx.rawUri = line.subarray(start, end);
    at = end;
    while (at < length && isSpace(line[at]!)) at += 1;
    if (at < length) tx.request.protocol = line.subarray(at);
  }
  tx.isShort = tx.request.protocol === null;
  address(tx);
}

function address(tx: HttpTransaction): void {
  const raw = tx.rawUri;
  // Without a path there is an address all the same, of no bytes.
  tx.normalUri = NO_BYTES;
  if (raw === null) return;
  if (tx.method === 'connect') {
    const host = parseHost(raw);
    if (host !== null) tx.uri = { ...NO_URI, hostname: host.name, port: host.port, hasInvalidHost: !host.isValid };
    if (tx.uri.hasInvalidHost) tx.fault(FAULT.uriHost);
    return;
  }
  tx.uri = parseUri(raw);
  if (tx.uri.hasInvalidHost) tx.fault(FAULT.uriHost);
  tx.normalUri = normalUri(tx.uri, raw);
}

/** Whether a line that should be a response's first is none: what it begins is a body then. */
export function isNoStatusLine(line: Uint8Array): boolean {
  let at = 0;
  while (at < line.length && isSpace(line[at]!)) at += 1;
  return !startsWithText(line, at, 'http');
}

export function statusLine(tx: HttpTransaction, line: Uint8Array): void {
  const { length } = line;
  const { response } = tx;
  response.line = line;
  response.protocol = null;
  tx.status = null;
  tx.statusNumber = -1;
  tx.statusText = null;
  let at = 0;
  while (at < length && isSpace(line[at]!)) at += 1;
  let start = at;
  while (at < length && !isSpace(line[at]!)) at += 1;
  if (at > start) response.protocol = line.subarray(start, at);
  while (at < length && isSpace(line[at]!)) at += 1;
  start = at;
  while (at < length && !isSpace(line[at]!)) at += 1;
  if (at > start) tx.status = line.subarray(start, at);
  while (at < length && isSpace(line[at]!)) at += 1;
  if (at < length) tx.statusText = line.subarray(at);
  tx.statusNumber = statusOf(tx.status);
  if (tx.statusNumber === -1) tx.note('response_invalid_status');
}

function statusOf(status: Uint8Array | null): number {
  if (status === null || status.length === 0 || status.length > 4) return -1;
  let value = 0;
  for (const byte of status) {
    if (!isDigit(byte)) return -1;
    value = value * 10 + byte - 0x30;
  }
  return value >= 100 && value <= 999 ? value : -1;
}

/** HTTP/1.0 and before it: 0; 1.1: 1; no protocol: -1. */
export function protocolOf(protocol: Uint8Array | null): number {
  if (protocol === null || protocol.length !== 8 || !startsWithText(protocol, 0, 'http/')) return -1;
  return protocol[5] === 0x31 && protocol[7] === 0x31 ? 1 : 0;
}

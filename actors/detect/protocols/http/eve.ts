/** What EVE tells of a transaction, with Suricata 7's names. Texts are made here and nowhere before. */
import { type JsonWriter, key } from '../../json/index.ts';
import { isAscii, textOf } from '../text.ts';
import { rangeOf } from './content-range.ts';
import type { HttpTransaction, Message } from './http-transaction.ts';

const HOSTNAME = key('hostname');
const HTTP_PORT = key('http_port');
const URL = key('url');
const USER_AGENT = key('http_user_agent');
const XFF = key('xff');
const CONTENT_TYPE = key('http_content_type');
const CONTENT_RANGE = key('content_range');
const REFERRER = key('http_refer');
const METHOD = key('http_method');
const PROTOCOL = key('protocol');
const STATUS = key('status');
const REDIRECT = key('redirect');
const LENGTH = key('length');
const SEMICOLON = 0x3b;

export function addHttp(tx: HttpTransaction, into: JsonWriter): void {
  const { request, response } = tx;
  addSaid(into, HOSTNAME, tx.host);
  if (tx.hostPort >= 0) into.number(HTTP_PORT, tx.hostPort);
  addSaid(into, URL, tx.rawUri);
  addSaid(into, USER_AGENT, headerOf(request, 'user-agent'));
  addSaid(into, XFF, headerOf(request, 'x-forwarded-for'));
  addType(into, headerOf(response, 'content-type'));
  const range = headerOf(response, 'content-range');
  if (range !== null) into.value(CONTENT_RANGE, rangeFields(textOf(range)));
  addSaid(into, REFERRER, headerOf(request, 'referer'));
  addSaid(into, METHOD, tx.methodText);
  addSaid(into, PROTOCOL, request.protocol);
  if (tx.status !== null) {
    into.number(STATUS, statusOf(tx.status));
    addSaid(into, REDIRECT, headerOf(response, 'location'));
  }
  into.number(LENGTH, response.bodyBytes);
}

function addSaid(into: JsonWriter, name: Uint8Array, bytes: Uint8Array | null): void {
  if (bytes !== null && bytes.length > 0) into.text(name, bytes, textOf);
}

/** Up to its parameters. */
function addType(into: JsonWriter, type: Uint8Array | null): void {
  if (type === null) return;
  const end = type.indexOf(SEMICOLON);
  if (end === -1) into.text(CONTENT_TYPE, type, textOf);
  // What they are decides how the whole is read.
  else if (isAscii(type)) into.text(CONTENT_TYPE, type.subarray(0, end), textOf);
  else into.string(CONTENT_TYPE, textOf(type).split(';', 1)[0]!);
}

/** Whatever the text begins with; none is 0. */
const statusOf = (status: Uint8Array): number => Number.parseInt(textOf(status), 10) || 0;

const headerOf = ({ headers }: Message, name: string): Uint8Array | null => headers.find(name)?.value ?? null;

function rangeFields(raw: string): Record<string, unknown> {
  return { raw, ...rangeOf(raw) };
}

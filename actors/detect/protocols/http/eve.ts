/** What EVE tells of a transaction, with Suricata 7's names. Strings are made here and nowhere before. */

import { textOf } from '../text.ts';
import { rangeOf } from './content-range.ts';
import type { HttpTransaction, Message } from './http-transaction.ts';

export function httpEve(tx: HttpTransaction): Record<string, unknown> {
  const eve: Record<string, unknown> = {};
  const put = (name: string, bytes: Uint8Array | null | undefined): void => {
    if (bytes !== null && bytes !== undefined && bytes.length > 0) eve[name] = textOf(bytes);
  };
  const header = (name: string, message: Message, header: string): void =>
    put(name, message.headers.find(header)?.value);
  put('hostname', tx.host);
  if (tx.hostPort >= 0) eve.http_port = tx.hostPort;
  put('url', tx.rawUri);
  header('http_user_agent', tx.request, 'user-agent');
  header('xff', tx.request, 'x-forwarded-for');
  const type = tx.response.headers.find('content-type');
  if (type !== null) eve.http_content_type = textOf(type.value).split(';')[0]!;
  const range = tx.response.headers.find('content-range');
  if (range !== null) eve.content_range = rangeFields(textOf(range.value));
  header('http_refer', tx.request, 'referer');
  put('http_method', tx.methodText);
  put('protocol', tx.request.protocol);
  if (tx.status !== null) {
    // Whatever the text begins with; none is 0.
    const status = Number.parseInt(textOf(tx.status), 10) || 0;
    eve.status = status;
    if (status >= 300 && status < 400) header('redirect', tx.response, 'location');
  }
  eve.length = tx.response.bodyBytes;
  return eve;
}

function rangeFields(raw: string): Record<string, unknown> {
  return { raw, ...rangeOf(raw) };
}

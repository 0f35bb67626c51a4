/** What EVE tells of a transaction, with Suricata 7's names. Strings are made here and nowhere before. */
import type { HttpTransaction, Message } from './http-transaction.ts';
import { textOf } from './octets.ts';

export function httpEve(tx: HttpTransaction): Record<string, unknown> {
  const eve: Record<string, unknown> = {};
  const put = (name: string, bytes: Uint8Array | null | undefined): void => {
    if (bytes !== null && bytes !== undefined) eve[name] = textOf(bytes);
  };
  const put_ = (name: string, message: Message, header: string): void => put(name, message.headers.find(header)?.value);
  put('hostname', tx.host);
  if (tx.hostPort >= 0) eve.http_port = tx.hostPort;
  put('url', tx.rawUri);
  put_('http_user_agent', tx.request, 'user-agent');
  put_('xff', tx.request, 'x-forwarded-for');
  const type = tx.response.headers.find('content-type');
  if (type !== null) eve.http_content_type = textOf(type.value).split(';')[0]!;
  put_('http_refer', tx.request, 'referer');
  put('http_method', tx.methodText);
  put('protocol', tx.request.protocol);
  if (tx.statusNumber > 0) eve.status = tx.statusNumber;
  if (tx.statusNumber > 300 && tx.statusNumber < 303) put_('redirect', tx.response, 'location');
  eve.length = tx.response.bodyBytes;
  return eve;
}

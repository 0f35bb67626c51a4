/** What EVE tells of a transaction, with Suricata 7's names. Strings are made here and nowhere before. */

import { textOf } from '../text.ts';
import { rangeOf } from './content-range.ts';
import type { HttpTransaction, Message } from './http-transaction.ts';

export function httpEve(tx: HttpTransaction): Record<string, unknown> {
  const eve: Record<string, unknown> = {};
  const { request, response } = tx;
  // Each field by its name: an object that grows by names in variables costs several times as much.
  if (isSaid(tx.host)) eve.hostname = textOf(tx.host);
  if (tx.hostPort >= 0) eve.http_port = tx.hostPort;
  if (isSaid(tx.rawUri)) eve.url = textOf(tx.rawUri);
  const agent = headerOf(request, 'user-agent');
  if (isSaid(agent)) eve.http_user_agent = textOf(agent);
  const forwarded = headerOf(request, 'x-forwarded-for');
  if (isSaid(forwarded)) eve.xff = textOf(forwarded);
  const type = headerOf(response, 'content-type');
  if (type !== null) eve.http_content_type = textOf(type).split(';', 1)[0]!;
  const range = headerOf(response, 'content-range');
  if (range !== null) eve.content_range = rangeFields(textOf(range));
  const referrer = headerOf(request, 'referer');
  if (isSaid(referrer)) eve.http_refer = textOf(referrer);
  if (isSaid(tx.methodText)) eve.http_method = textOf(tx.methodText);
  if (isSaid(request.protocol)) eve.protocol = textOf(request.protocol);
  if (tx.status !== null) {
    // Whatever the text begins with; none is 0.
    const status = Number.parseInt(textOf(tx.status), 10) || 0;
    eve.status = status;
    const location = headerOf(response, 'location');
    if (isSaid(location)) eve.redirect = textOf(location);
  }
  eve.length = response.bodyBytes;
  return eve;
}

const headerOf = ({ headers }: Message, name: string): Uint8Array | null => headers.find(name)?.value ?? null;
const isSaid = (bytes: Uint8Array | null): bytes is Uint8Array => bytes !== null && bytes.length > 0;

function rangeFields(raw: string): Record<string, unknown> {
  return { raw, ...rangeOf(raw) };
}

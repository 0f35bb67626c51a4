/** Content-Encoding: what has to be undone, in that order. */
import type { Coding } from './decompress.ts';
import type { HttpTransaction } from './http-transaction.ts';
import { includesText, isText } from './octets.ts';

/** As many codings of one body are undone. */
const LAYERS_MAX = 2;

const NONE: readonly Coding[] = [];
const GZIP: readonly Coding[] = ['gzip'];
const DEFLATE: readonly Coding[] = ['deflate'];

export function codingsOf(value: Uint8Array | null, tx: HttpTransaction): readonly Coding[] {
  if (value === null) return NONE;
  if (isText(value, 'gzip') || isText(value, 'x-gzip')) return GZIP;
  if (isText(value, 'deflate') || isText(value, 'x-deflate')) return DEFLATE;
  if (isText(value, 'lzma')) return noLzma(tx);
  const codings: Coding[] = [];
  let layers = 0;
  for (const token of tokens(value)) {
    layers += 1;
    if (layers > LAYERS_MAX) {
      tx.note('too_many_encoding_layers');
      break;
    }
    if (includesText(token, 'gzip')) codings.push('gzip');
    else if (includesText(token, 'deflate')) codings.push('deflate');
    else if (isText(token, 'lzma')) noLzma(tx);
    else if (!isText(token, 'inflate')) tx.note('abnormal_ce_header');
  }
  return codings;
}

/** Suricata's own configuration undoes none, which is noted without a name. */
function noLzma(tx: HttpTransaction): readonly Coding[] {
  tx.note(null);
  return NONE;
}

/** Between commas and blanks. */
function* tokens(value: Uint8Array): Generator<Uint8Array> {
  let start = 0;
  for (let at = 0; at <= value.length; at += 1) {
    const isEnd = at === value.length || value[at] === 0x2c || value[at] === 0x20;
    if (!isEnd) continue;
    if (at > start) yield value.subarray(start, at);
    start = at + 1;
  }
}

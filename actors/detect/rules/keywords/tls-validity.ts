/** tls_cert_notbefore, tls_cert_notafter, tls_cert_expired, tls_cert_valid. */
import type { ConditionValue } from '../rule.ts';
import { shown, wrong } from '../rule-mistake.ts';
import { fields } from './readers.ts';
import type { KeywordRow } from './row.ts';

/** A day of a year, with or without an hour, a minute, a second; or seconds since 1970. */
const MOMENT = /^(\d{4})-(\d{1,2})(?:-(\d{1,2})(?:[ T](\d{1,2})(?::(\d{1,2})(?::(\d{1,2}))?)?)?)?$/;
const SECONDS_CHARS_MAX = 19;

function moment(keyword: string, text: string): number {
  const clean = text.trim();
  if (clean.length > SECONDS_CHARS_MAX) return wrong(keyword, `"${shown(clean)}" is too long for a moment`);
  if (/^\d+$/.test(clean)) return Number(clean);
  const parts = MOMENT.exec(clean);
  if (parts === null) return wrong(keyword, `"${shown(clean)}" is no moment`);
  const [, year, month, day = '1', hour = '0', minute = '0', second = '0'] = parts;
  const time = [year, month, day, hour, minute, second].map(Number) as [number, number, number, number, number, number];
  const [y, m, d, h, min, s] = time;
  if (m < 1 || m > 12 || d < 1 || d > 31 || h > 23 || min > 59 || s > 60)
    return wrong(keyword, `"${shown(clean)}" is no moment`);
  return Date.UTC(y, m - 1, d, h, min, s) / 1000;
}

/** `<T`, `>T`, `T`, `T<>T`; both ends belong to it. */
function span(keyword: string, text: string): ConditionValue {
  const [, sign, first, range, second] = /^\s*(<|>)?\s*([ -:TW0-9]+?)\s*(?:(<>)\s*([ -:TW0-9]+))?\s*$/.exec(text) ?? [];
  if (first === undefined || (sign !== undefined && range !== undefined))
    return wrong(keyword, `"${shown(text)}" is no span of time`);
  const from = moment(keyword, first);
  if (range === undefined) return fields({ is: sign ?? '=', from });
  const to = moment(keyword, second!);
  if (to <= from) return wrong(keyword, `the span ${shown(text)} is empty`);
  return fields({ is: '<>', from, to });
}

const row = (name: string): KeywordRow => ({
  name,
  subject: 'tls',
  only: 'to_client',
  value: 'needed',
  read: (draft, { text }) => draft.condition({ keyword: name, value: span(name, text) }),
});
const plain = (name: string): KeywordRow => ({
  name,
  subject: 'tls',
  only: 'to_client',
  value: 'none',
  read: (draft) => draft.condition({ keyword: name, value: { type: 'none' } }),
});

export const TLS_VALIDITY: readonly KeywordRow[] = [
  row('tls_cert_notbefore'),
  row('tls_cert_notafter'),
  plain('tls_cert_expired'),
  plain('tls_cert_valid'),
];

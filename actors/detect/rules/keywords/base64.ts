/** base64_decode and base64_data: what a text stands for, and what is asked of that. */
import type { Draft } from '../draft.ts';
import { whole } from '../numbers.ts';
import { shown, wrong } from '../rule-mistake.ts';
import type { KeywordRow } from './row.ts';

const BYTES_MAX = 65_535;
const OFFSET_MAX = 0xffff_ffff;

function decode(draft: Draft, text: string): void {
  const [, bytes, offset, word] = /^\s*(?:bytes\s+(\d+),?)?\s*(?:offset\s+(\d+),?)?\s*(\w+)?/.exec(text)!;
  const isEmpty = bytes === undefined && offset === undefined && word === undefined;
  if ((isEmpty && text !== '') || (word !== undefined && word !== 'relative'))
    wrong('base64_decode', `"${shown(text)}" is not bytes, offset or relative`);
  draft.decode({
    bytes: bytes === undefined ? 0 : whole('base64_decode', bytes, 0, BYTES_MAX),
    offset: offset === undefined ? 0 : whole('base64_decode', offset, 0, OFFSET_MAX),
    isRelative: word === 'relative',
  });
}

export const BASE64: readonly KeywordRow[] = [
  { name: 'base64_decode', subject: 'payload', value: 'optional', read: (draft, { text }) => decode(draft, text) },
  { name: 'base64_data', subject: 'payload', value: 'none', read: (draft) => draft.stickDecoded() },
];

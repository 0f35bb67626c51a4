/**
 * Texts that expressions leave behind: which groups of a pcre are remembered, by the list behind its modifiers and by names of
 * groups, and flowvar and pktvar, which ask of them.
 */
import type { Draft } from '../draft.ts';
import type { TextCapture } from '../rule.ts';
import { shown, unsupported, wrong } from '../rule-mistake.ts';
import { contentBytes } from './content-bytes.ts';
import type { KeywordRow } from './row.ts';

const CAPTURES_MAX = 8;
const NAMES_CHARS_MAX = 1023;
const FLOW_NAME_CHARS_MAX = 63;

/** The list begins where a capture is named behind a comma or a blank; else all is the expression's. */
export function splitNames(text: string): { readonly expression: string; readonly names: string } {
  const at = text.search(/flow:|pkt:/);
  const whole = { expression: text, names: '' };
  if (at <= 1) return whole;
  let end = at;
  while (end > 1 && (text[end - 1] === ',' || text[end - 1] === ' ')) end -= 1;
  if (end === at) return whole;
  return { expression: text.slice(0, end), names: text.slice(at, at + NAMES_CHARS_MAX).replace(/"$/, '') };
}

/**
 * In the order in which they take the groups: first those of the list, then those that name their groups, whichever groups these are.
 * `text`: the whole value. `groups`: how many the expression has.
 */
export function capturesOf(draft: Draft, text: string, names: string, groups: number): readonly TextCapture[] {
  const captures: TextCapture[] = [];
  const add = (of: TextCapture['of'], name: string): void => {
    captures.push({ of, name, place: draft.nextCapture() });
  };
  let isKey = false;
  // Where nothing is in groups Suricata does not read the list.
  const listed = groups === 0 ? [] : names.split(/[ ,]+/).filter((name) => name !== '');
  for (const [i, name] of listed.slice(0, CAPTURES_MAX).entries()) {
    if (i >= groups) wrong('pcre', 'more captures are named than the expression has groups');
    const [, of, own] = /^(flow|pkt):(.*)$/s.exec(name) ?? wrong('pcre', `"${shown(name)}" is neither pkt: nor flow:`);
    if (name === 'pkt:key') isKey = true;
    if (name === 'pkt:key') add('pair', '');
    else if (isKey !== (name === 'pkt:value')) wrong('pcre', 'pkt:value stands behind pkt:key, and nowhere else');
    else if (isKey) isKey = false;
    else add(of === 'flow' ? 'flow' : 'packet', own!);
  }
  for (const [, kind, name] of text.matchAll(/\(\?P<([A-z]+?)_([A-z0-9_]+?)>/g)) {
    if (kind!.length > 15) wrong('pcre', `the name of a group begins with "${shown(kind!)}"`);
    if (captures.length >= CAPTURES_MAX) wrong('pcre', `at most ${CAPTURES_MAX} captures can be named`);
    if (kind === 'pkt') add('packet', name!);
    else if (kind === 'flow') add('flow', name!);
  }
  return captures;
}

/** A name and what the text must have in it, between them the last comma. */
function asked(keyword: 'flowvar' | 'pktvar', text: string): { readonly name: string; readonly content: string } {
  const [, name, value] = /^(.*),(.*)$/.exec(text) ?? wrong(keyword, `"${shown(text)}" is not a name and a content`);
  let content = value!;
  if (keyword === 'flowvar') {
    if (name!.length > FLOW_NAME_CHARS_MAX || content.length > FLOW_NAME_CHARS_MAX)
      wrong(keyword, `the name and the content have at most ${FLOW_NAME_CHARS_MAX} characters`);
    if (content.length >= 2) content = content.replace(/^"/, '').replace(/"$/, '');
  } else content = content.replace(/^"(.*)"$/, '$1');
  if (content === '') wrong(keyword, 'it asks for nothing');
  const bytes = contentBytes(keyword, content);
  if (bytes.length === 0) unsupported(keyword, 'a content without bytes');
  return { name: name!, content: Buffer.from(bytes).toString('latin1') };
}

const row = (name: 'flowvar' | 'pktvar', subject: KeywordRow['subject']): KeywordRow => ({
  name,
  subject,
  value: 'needed',
  quotes: 'no',
  read: (draft, { text }) => draft.condition({ keyword: name, value: { type: 'fields', fields: asked(name, text) } }),
});

export const CAPTURED_TEXTS: readonly KeywordRow[] = [row('flowvar', 'flow'), row('pktvar', 'packet')];

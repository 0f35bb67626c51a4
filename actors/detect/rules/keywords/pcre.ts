/** pcre: the expression and its modifiers, some of which name a buffer. */
import { checkRegex } from '../regex-syntax.ts';
import { shown, wrong } from '../rule-mistake.ts';
import { capturesOf, splitNames } from './captured-texts.ts';
import type { KeywordRow } from './row.ts';

const BUFFERS: Readonly<Record<string, string>> = {
  U: 'http.uri',
  I: 'http.uri.raw',
  P: 'http.request_body',
  Q: 'http.response_body',
  H: 'http.header',
  D: 'http.header.raw',
  M: 'http.method',
  C: 'http.cookie',
  S: 'http.stat_code',
  Y: 'http.stat_msg',
  V: 'http.user_agent',
  W: 'http.host',
  Z: 'http.host.raw',
};
const FLAGS = 'imsxAEGO';

export const PCRE: readonly KeywordRow[] = [
  {
    name: 'pcre',
    subject: 'payload',
    value: 'needed',
    quotes: 'optional',
    negation: true,
    read: (draft, value) => {
      // What stands before the first slash is passed over, a negation within the quotes, too; and what follows a quote.
      const from = value.text.search(/(?<!\\)\//);
      const { expression, names } = splitNames(value.text.slice(Math.max(0, from)));
      const text = expression.replace(/"[^/]*$/, '');
      const { isNegated } = value;
      const end = text.lastIndexOf('/');
      if (!text.startsWith('/') || end === 0) return wrong('pcre', 'the expression must stand between slashes');
      const pattern = text.slice(1, end);
      const modifiers = text.slice(end + 1);
      let buffer: string | null = null;
      let flags = '';
      let isRelative = false;
      let isRaw = false;
      for (const modifier of modifiers) {
        if (modifier === 'R') isRelative = true;
        else if (modifier === 'B') isRaw = true;
        else if (FLAGS.includes(modifier)) flags += flags.includes(modifier) ? '' : modifier;
        else if (BUFFERS[modifier] === undefined) wrong('pcre', `the modifier "${shown(modifier)}" does not exist`);
        else if (buffer !== null) wrong('pcre', 'two modifiers name a buffer');
        else buffer = BUFFERS[modifier]!;
      }
      if (buffer !== null) draft.subject = 'http';
      if (isRaw && buffer !== null) wrong('pcre', 'the modifier B cannot go with a buffer');
      if (buffer === 'http.host' && /(?:^|[^\\])[A-Z]/.test(pattern))
        wrong('pcre', 'the host is in lower case, and the expression is not');
      const groups = checkRegex('pcre', pattern, flags).captures;
      const captures = capturesOf(draft, value.text, names, groups);
      const term = { kind: 'pcre', pattern, isNegated, flags, isRelative, captures } as const;
      // Suricata asks for an anchor in the rule's payload; in a buffer it counts from the buffer's start.
      if (isRelative && (buffer ?? draft.buffer) === 'payload' && !draft.hasAnchor())
        wrong('pcre', 'relative to what? Nothing stands before it in the buffer');
      if (isRelative && buffer !== null && !draft.buffers().some((one) => one.buffer === buffer))
        wrong('pcre', 'relative to what? Nothing stands before it in the buffer');
      if (buffer === null) draft.add(term);
      else draft.addTo(buffer, term);
    },
  },
];

/**
 * The rules of a file: a rule is a line, a backslash at the end joins it with the next one, `#` begins a comment line.
 * Characters are bytes (latin1), so that a rule means the same whatever encoding its author used.
 */

export const RULE_FILE_BYTES_MAX = 256 * 1024 * 1024;
/** What Suricata reads at once of a line, continuations included. */
export const RULE_CHARS_MAX = 8191;

export interface RuleText {
  readonly text: string;
  /** Where the rule begins; the first line is 1. */
  readonly line: number;
  /** For each line of a joined rule: the first character of it in `text`, and how many columns stand before that. */
  readonly parts: readonly { readonly start: number; readonly line: number; readonly indent: number }[];
}

export interface Place {
  readonly line: number;
  readonly column: number;
}

export function placeIn(rule: RuleText, at: number): Place {
  const part = rule.parts.findLast(({ start }) => start <= at) ?? rule.parts[0]!;
  return { line: part.line, column: at - part.start + part.indent + 1 };
}

export function* ruleTexts(file: string): Generator<RuleText> {
  let text = '';
  let parts: { start: number; line: number; indent: number }[] = [];
  let number = 0;
  for (let from = 0; from < file.length; ) {
    const newline = file.indexOf('\n', from);
    const to = newline === -1 ? file.length : newline;
    number += 1;
    const raw = file.slice(from, to);
    from = to + 1;
    const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
    const body = line.trimStart();
    // Only a rule's first line can be a comment or empty.
    if (parts.length === 0 && (body === '' || body.startsWith('#'))) continue;
    const isContinued = line.endsWith('\\');
    const part = isContinued ? line.slice(0, -1) : line;
    const kept = parts.length === 0 ? part.trimStart() : part;
    parts.push({ start: text.length, line: number, indent: part.length - kept.length });
    text += kept;
    if (isContinued && from < file.length) continue;
    yield { text: text.trimEnd(), line: parts[0]!.line, parts };
    text = '';
    parts = [];
  }
}

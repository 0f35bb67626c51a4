/** Whether an expression can be run exactly as PCRE would: if not, its rule is refused where it is read. */
import type { Expression } from './regex/nodes.ts';
import { parseRegex } from './regex/parse-regex.ts';
import { RegexRefusal } from './regex/pattern-reader.ts';
import { unsupported, wrong } from './rule-mistake.ts';

const PATTERN_CHARS_MAX = 4096;

export function checkRegex(keyword: string, pattern: string, flags: string): Expression {
  if (pattern.length > PATTERN_CHARS_MAX)
    unsupported(keyword, `the expression cannot be run exactly: it has more than ${PATTERN_CHARS_MAX} characters`);
  try {
    return parseRegex(pattern, flags);
  } catch (thrown) {
    if (!(thrown instanceof RegexRefusal)) throw thrown;
    if (thrown.isWrong) return wrong(keyword, `the expression does not compile: ${thrown.message}`);
    return unsupported(keyword, `the expression cannot be run exactly: ${thrown.message}`);
  }
}

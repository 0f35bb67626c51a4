/**
 * Which expressions can be run here as PCRE would: those of constructs that mean the same. Everything else is refused
 * where the rule is read, so that no expression matches something else than its author meant.
 */
import { unsupported } from './rule-mistake.ts';

const PATTERN_CHARS_MAX = 4096;
const ESCAPES = /^(?:[dDwWsSbB]|[nrtf]|x[0-9a-fA-F]{2}|[^\w\s])/;
const GROUPS = /^\?(?::|=|!|<=|<!|<[A-Za-z]\w*>)/;

export function checkRegex(pattern: string, flags: string): void {
  if (pattern.length > PATTERN_CHARS_MAX) refuse(`it has more than ${PATTERN_CHARS_MAX} characters`);
  if (flags.includes('x')) refuse('the modifier x');
  if (flags.includes('G')) refuse('the modifier G');
  let isClass = false;
  for (let at = 0; at < pattern.length; at += 1) {
    const char = pattern[at]!;
    const rest = pattern.slice(at + 1, at + 64);
    if (char === '\\') {
      const found = ESCAPES.exec(rest);
      if (found === null || (isClass && /^[bB]/.test(rest))) refuse(`the escape \\${rest.slice(0, 1)}`);
      at += found[0].length;
    } else if (isClass) {
      if (char === '[') refuse('a bracket inside of a class');
      isClass = char !== ']';
    } else if (char === '[') {
      isClass = true;
      if (/^\^?\]/.test(rest)) refuse('a class that begins with its bracket');
    } else if (char === '(' && /^[?*]/.test(rest) && !GROUPS.test(rest)) refuse(`the group (${rest.slice(0, 2)}`);
    else if (/[*+?}]/.test(char) && rest.startsWith('+')) refuse('a possessive quantifier');
  }
  try {
    // Without the Unicode flag a lone brace is itself, as in PCRE.
    new RegExp(pattern, `${flags.includes('i') ? 'i' : ''}s`);
  } catch {
    refuse('it does not compile');
  }
}

function refuse(what: string): never {
  return unsupported('pcre', `the expression cannot be run exactly: ${what}`);
}

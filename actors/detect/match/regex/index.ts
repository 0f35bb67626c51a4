import { parseRegex } from '../../rules/regex/parse-regex.ts';
import { Machine } from './machine.ts';
import { programOf } from './program.ts';

export type Regex = Machine;

/** Throws a RegexRefusal where the rule's reader would have refused the expression. */
export function compileRegex(pattern: string, flags: string): Regex {
  return new Machine(programOf(parseRegex(pattern, flags)));
}

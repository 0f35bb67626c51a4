/** Why a rule is refused, and where. A rule with a mistake is refused whole: a half-honoured rule would stay silent. */

/** wrong: Suricata refuses it, too. unsupported: correct, but it cannot be honoured exactly here. */
export type MistakeKind = 'wrong' | 'unsupported';

export class RuleMistake extends Error {
  readonly kind: MistakeKind;
  /** The keyword that is at fault; a part of the header has its name: action, protocol, address, port, direction. */
  readonly keyword: string;
  /** Characters from the start of the rule's text; null: where the option begins that is being read. */
  readonly at: number | null;

  constructor(kind: MistakeKind, keyword: string, says: string, at: number | null = null) {
    super(says);
    this.kind = kind;
    this.keyword = keyword;
    this.at = at;
  }
}

export function wrong(keyword: string, says: string, at: number | null = null): never {
  throw new RuleMistake('wrong', keyword, says, at);
}

export function unsupported(keyword: string, says: string, at: number | null = null): never {
  throw new RuleMistake('unsupported', keyword, says, at);
}

const SHOWN_CHARS_MAX = 60;

/** A text of a rule as it may stand in a message: printable, short. */
export function shown(text: string): string {
  const clean = text.replace(/[^\x20-\x7e]/g, '?');
  return clean.length > SHOWN_CHARS_MAX ? `${clean.slice(0, SHOWN_CHARS_MAX)}…` : clean;
}

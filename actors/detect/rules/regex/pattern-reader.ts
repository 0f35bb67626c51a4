/** Reads the pattern of an expression character by character; whatever it cannot take ends in a RegexRefusal. */

/** wrong: PCRE refuses it, too. */
export class RegexRefusal extends Error {
  readonly isWrong: boolean;

  constructor(says: string, isWrong: boolean) {
    super(says);
    this.isWrong = isWrong;
  }
}

export const refuse = (says: string): never => {
  throw new RegexRefusal(says, false);
};
export const mistake = (says: string): never => {
  throw new RegexRefusal(says, true);
};

export class PatternReader {
  readonly text: string;
  at = 0;

  constructor(text: string) {
    this.text = text;
  }

  get isAtEnd(): boolean {
    return this.at >= this.text.length;
  }

  peek(): string {
    return this.text[this.at] ?? '';
  }

  next(): string {
    const char = this.text[this.at] ?? mistake('it ends too early');
    this.at += 1;
    return char;
  }

  /** Takes exactly this, if it is there. */
  take(text: string): boolean {
    if (!this.text.startsWith(text, this.at)) return false;
    this.at += text.length;
    return true;
  }

  /** Takes what the sticky expression matches here. */
  match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found !== null) this.at = pattern.lastIndex;
    return found;
  }
}

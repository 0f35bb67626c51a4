/**
 * TypeScript with what is no code blanked out, every character at its place. Not a parser: comments, strings, templates
 * and regular expressions are told apart, which is all that the text rules need.
 */

export interface Blanked {
  /** Comments blanked. */
  readonly withoutComments: string;
  /** Comments, the contents of strings and templates, and regular expressions blanked. */
  readonly code: string;
}

/** A slash after one of these begins a regular expression, elsewhere it divides. */
const BEFORE_EXPRESSION =
  /(?:^|[=(,:;!&|?{}[+\-*%<>~^]|\b(?:return|typeof|case|in|of|void|delete|do|else|await|yield))\s*$/;

export function blank(text: string): Blanked {
  const code = text.split('');
  const withoutComments = text.split('');
  /** Depth of braces at which a template's `${` closes again. */
  const templateDepths: number[] = [];
  let depth = 0;
  let at = 0;

  const erase = (from: number, to: number, isComment: boolean): void => {
    for (let index = from; index < Math.min(to, text.length); index += 1) {
      if (text[index] === '\n') continue;
      code[index] = ' ';
      if (isComment) withoutComments[index] = ' ';
    }
  };
  const templateFrom = (start: number): number => {
    let end = start;
    while (end < text.length && text[end] !== '`' && !text.startsWith('${', end)) end += text[end] === '\\' ? 2 : 1;
    erase(start, end, false);
    if (!text.startsWith('${', end)) return end + 1;
    templateDepths.push(depth);
    depth += 1;
    return end + 2;
  };

  while (at < text.length) {
    const character = text[at];
    if (text.startsWith('//', at)) {
      const end = lineEnd(text, at);
      erase(at, end, true);
      at = end;
    } else if (text.startsWith('/*', at)) {
      const close = text.indexOf('*/', at + 2);
      const end = close === -1 ? text.length : close + 2;
      erase(at, end, true);
      at = end;
    } else if (character === "'" || character === '"') {
      const end = stringEnd(text, at);
      erase(at + 1, end - 1, false);
      at = end;
    } else if (character === '`') {
      at = templateFrom(at + 1);
    } else if (character === '/' && BEFORE_EXPRESSION.test(code.slice(Math.max(0, at - 60), at).join(''))) {
      const end = expressionEnd(text, at);
      erase(at, end, false);
      at = end;
    } else {
      if (character === '{') depth += 1;
      if (character === '}') depth -= 1;
      at += 1;
      if (character === '}' && templateDepths.at(-1) === depth) {
        templateDepths.pop();
        at = templateFrom(at);
      }
    }
  }
  return { code: code.join(''), withoutComments: withoutComments.join('') };
}

function lineEnd(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end === -1 ? text.length : end;
}

function stringEnd(text: string, start: number): number {
  let end = start + 1;
  while (end < text.length && text[end] !== text[start] && text[end] !== '\n') end += text[end] === '\\' ? 2 : 1;
  return end + 1;
}

function expressionEnd(text: string, start: number): number {
  let end = start + 1;
  let isInClass = false;
  while (end < text.length && text[end] !== '\n' && (isInClass || text[end] !== '/')) {
    if (text[end] === '[') isInClass = true;
    if (text[end] === ']') isInClass = false;
    end += text[end] === '\\' ? 2 : 1;
  }
  return end + 1;
}

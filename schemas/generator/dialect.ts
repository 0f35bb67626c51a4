/**
 * The two forms of a generated codec: TypeScript for the file that is committed, JavaScript for a description that a
 * running engine loads. One generator writes both, so that they cannot differ in what they do.
 */
export interface Dialect {
  /** A type annotation, or nothing. */
  t(annotation: string): string;
  readonly isTypeScript: boolean;
}

export const TYPESCRIPT: Dialect = { t: (annotation) => annotation, isTypeScript: true };
export const JAVASCRIPT: Dialect = { t: () => '', isTypeScript: false };

/** A JavaScript string literal in single quotes. */
export function quote(text: string): string {
  return `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}

/** Text that must not end the comment it stands in. */
export function comment(text: string): string {
  return text.replaceAll('*/', '* /').replaceAll(/\s+/g, ' ');
}

export function indent(lines: readonly string[], depth: number): string {
  return lines.map((line) => (line === '' ? '' : `${'  '.repeat(depth)}${line}`)).join('\n');
}

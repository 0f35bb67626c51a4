/**
 * Writes docs/reference/errors.md from the one table of error codes in engine/base/errors.ts; with --check it only
 * compares and ends with 1 where the document is old.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ERROR_TABLE, type ErrorRow } from '../engine/base/errors.ts';

const KINDS = {
  input: "the record's or the caller's own fault",
  operating: "the world's; it may pass",
  bug: "ours or the actor's",
} as const;

const cell = (text: string): string => text.replaceAll('|', '\\|');

export function errorsDocument(table: Readonly<Record<string, ErrorRow>> = ERROR_TABLE): string {
  const rows = Object.entries(table)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([code, { kind, retriable, meaning, remedy }]) =>
      [
        '',
        ` \`${code}\` `,
        ` ${kind} `,
        ` ${retriable ? 'yes' : 'no'} `,
        ` ${cell(meaning)} `,
        ` ${cell(remedy)} `,
        '',
      ].join('|'),
    );
  return [
    '# Error codes',
    '',
    'Generated from `engine/base/errors.ts` by `npm run generate`; not edited by hand.',
    '',
    'Match the code, never the sentence: an error that crossed a thread is plain data. Kinds:',
    ...Object.entries(KINDS).map(([kind, meaning]) => `- ${kind}: ${meaning}`),
    '',
    'A retriable error pauses the reader and is tried again by itself; it never sends a record to the dead letters.',
    '',
    '| code | kind | retriable | meaning | remedy |',
    '|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

if (import.meta.main) {
  const path = join(import.meta.dirname, '..', 'docs', 'reference', 'errors.md');
  const wanted = errorsDocument();
  if (!process.argv.includes('--check')) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, wanted);
  } else if (readIfThere(path) !== wanted) {
    console.error('docs/reference/errors.md is not what engine/base/errors.ts says: npm run generate');
    process.exitCode = 1;
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

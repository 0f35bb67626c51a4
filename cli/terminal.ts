/**
 * What a command writes: results to standard output, everything else to standard error; colour only where a person
 * looks (NO_COLOR and FORCE_COLOR are heeded); errors as sentences, without stack traces unless --debug asks for them.
 */
import { styleText } from 'node:util';
import { ERROR_TABLE, type ErrorCode, MsecError } from '../engine/base/index.ts';
import { EXIT, exitFor } from './exit-codes.ts';

/** Ends the command with that code; what is to be said was said. */
export class Exit extends Error {
  readonly exitCode: number;

  constructor(exitCode: number) {
    super(`exit ${exitCode}`);
    this.exitCode = exitCode;
  }
}

/** What the command line names does not exist. */
export class NoInputError extends Error {}

/** A file that the command line names cannot be written. */
export class OutputError extends Error {}

/** What is needed does not answer, or refuses; the message says all. */
export class UnavailableError extends Error {}

/** A mistake in the command line itself. */
export class UsageError extends Error {}

type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan' | 'underline';

function hasColor(stream: NodeJS.WriteStream): boolean {
  if ((process.env.NO_COLOR ?? '') !== '') return false;
  if ((process.env.FORCE_COLOR ?? '') !== '') return process.env.FORCE_COLOR !== '0';
  return stream.isTTY === true && process.env.TERM !== 'dumb';
}

export const paint = (style: Style, text: string, stream: NodeJS.WriteStream = process.stdout): string =>
  hasColor(stream) ? styleText(style, text, { validateStream: false }) : text;

export function print(line = ''): void {
  process.stdout.write(`${line}\n`);
}

/** One JSON value a line. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

export function note(line: string): void {
  process.stderr.write(`${line}\n`);
}

interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

/** Cells padded to their column; the last one is never cut. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  const widths = columns.map(({ title }, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => (columns[i]?.align === 'right' ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd();
  return [paint('dim', line(columns.map(({ title }) => title))), ...rows.map(line)];
}

interface Failure {
  readonly message: string;
  readonly field?: string | undefined;
  readonly byteOffset?: number | undefined;
  readonly code?: ErrorCode;
  readonly hint?: string;
  readonly exitCode: number;
}

/** What is sent to an address has its remedy in docs/bridges.md, which helps nobody at a command line. */
function failureOf(thrown: unknown): Failure {
  if (thrown instanceof MsecError) {
    const { code, message, field, byteOffset } = thrown;
    const hint = code === 'REQUEST_INVALID' ? {} : { hint: ERROR_TABLE[code].remedy };
    return { code, message, field, byteOffset, ...hint, exitCode: exitFor(code, thrown.kind) };
  }
  if (thrown instanceof UsageError) return { message: thrown.message, exitCode: EXIT.usage.code };
  if (thrown instanceof UnavailableError) return { message: thrown.message, exitCode: EXIT.unavailable.code };
  if (thrown instanceof OutputError) return { message: thrown.message, exitCode: EXIT.cannotCreate.code };
  if (thrown instanceof NoInputError) return { message: thrown.message, exitCode: EXIT.noInput.code };
  const error = thrown as { code?: string; message?: string; name?: string; isMissing?: boolean };
  // A flag's value is checked as the file's is, but it is the command line that is wrong.
  if (error.name === 'ConfigError' && error.message?.startsWith('--'))
    return { message: error.message, exitCode: EXIT.usage.code };
  if (error.name === 'ConfigError') {
    const exitCode = error.isMissing === true ? EXIT.noInput.code : EXIT.config.code;
    return { message: error.message ?? '', code: 'CONFIG_INVALID', exitCode };
  }
  return { message: error.message ?? String(thrown), exitCode: EXIT.software.code };
}

/** Says what went wrong, in JSON where the command speaks JSON, and gives the exit code. */
export function report(thrown: unknown, options: { readonly json: boolean; readonly debug: boolean }): number {
  if (thrown instanceof Exit) return thrown.exitCode;
  const { exitCode, hint, ...failure } = failureOf(thrown);
  if (options.json) note(JSON.stringify({ error: failure }));
  else {
    const place = [
      failure.field === undefined ? '' : `field ${failure.field}`,
      failure.byteOffset === undefined ? '' : `byte ${failure.byteOffset}`,
    ].filter((part) => part !== '' && !failure.message.includes(part));
    const where = place.length === 0 ? '' : ` (${place.join(', ')})`;
    const code = failure.code === undefined ? '' : ` ${paint('dim', `[${failure.code}]`, process.stderr)}`;
    for (const [i, line] of failure.message.split('\n').entries()) {
      note(`${paint('red', 'error', process.stderr)} ${line}${i === 0 ? `${where}${code}` : ''}`);
    }
    if (hint !== undefined) note(paint('dim', `      ${hint}`, process.stderr));
    if (exitCode === EXIT.software.code && !options.debug)
      note('      This is a bug. The same command with --debug says more.');
  }
  if (options.debug && thrown instanceof Error) {
    for (let error: unknown = thrown; error instanceof Error; error = error.cause) note(error.stack ?? error.message);
  }
  return exitCode;
}

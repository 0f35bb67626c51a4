/**
 * The entry of `msec`. It loads what the named command needs and nothing else, so that `msec decode` answers at once;
 * whatever goes wrong ends as one sentence and an exit code.
 */
import { CommanderError } from 'commander';
import { EXIT } from './exit-codes.ts';
import { buildProgram } from './program.ts';
import { report } from './terminal.ts';

// A pipe that closes early (| head) is no failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) =>
  process.exit(error.code === 'EPIPE' ? 0 : EXIT.software.code),
);

const has = (flag: string) => process.argv.includes(flag);

try {
  const outcome = { exitCode: 0 };
  await buildProgram(outcome).parseAsync(process.argv);
  process.exitCode = outcome.exitCode;
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : EXIT.usage.code;
  else process.exitCode = report(error, { json: has('--json'), debug: has('--debug') });
}

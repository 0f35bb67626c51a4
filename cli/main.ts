/**
 * The entry of `msec`. It loads what the named command needs and nothing else, so that `msec decode` answers at once;
 * whatever goes wrong ends as one sentence and an exit code.
 */
import { CommanderError } from 'commander';
import { EXIT } from './exit-codes.ts';
import { buildProgram } from './program.ts';
import { report, UsageError } from './terminal.ts';

// A pipe that closes early (| head) is no failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) =>
  process.exit(error.code === 'EPIPE' ? 0 : EXIT.software.code),
);

const has = (flag: string) => process.argv.includes(flag);
const said = { json: has('--json'), debug: has('--debug') };

try {
  const outcome = { exitCode: 0 };
  await buildProgram(outcome, said.json).parseAsync(process.argv);
  process.exitCode = outcome.exitCode;
} catch (error) {
  if (!(error instanceof CommanderError)) process.exitCode = report(error, said);
  else if (error.exitCode === 0) process.exitCode = 0;
  // Otherwise it has been said already.
  else process.exitCode = said.json ? report(new UsageError(sentence(error)), said) : EXIT.usage.code;
}

function sentence({ code, message }: CommanderError): string {
  return code === 'commander.help' ? 'a command is missing' : message.replace(/^error: /, '');
}

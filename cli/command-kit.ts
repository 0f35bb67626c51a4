/** What the commands are made with: flags that all of them take, values, examples, and how one is run. */
import { type Command, InvalidArgumentError } from 'commander';
import type { CommonFlags } from './common-flags.ts';

export interface Outcome {
  exitCode: number;
}

export function whole(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

export function decimal(text: string): number {
  if (!/^\d{1,12}(\.\d{1,9})?$/.test(text)) throw new InvalidArgumentError('It must be a number.');
  return Number(text);
}

export const collect = (value: string, before: readonly string[] = []): string[] => [...before, value];

/** Options without which a command does nothing say so in its help. For a program and all of its commands, once they are made. */
export function markRequired(command: Command): void {
  for (const option of command.options) if (option.mandatory) option.description += ' (required)';
  for (const child of command.commands) markRequired(child);
}

/** Every command takes these, behind its name. */
export function common(command: Command): Command {
  return command
    .option('-c, --config <file>', 'configuration file (default: msec.yaml, where there is one)')
    .option('-d, --data <folder>', 'data folder (default: ./data)')
    .option('--json', 'answer in JSON, one value a line')
    .option('--debug', 'say more when something fails');
}

/** Commands that read or change the log. */
export const withLog = (command: Command): Command =>
  common(command).option(
    '--kafka <brokers>',
    'the log is on Kafka: host:port, several with commas (default: embedded)',
  );

export const examples = (command: Command, lines: readonly (readonly [string, string])[]): Command =>
  command.addHelpText('after', `\nExamples:\n${lines.map(([line, says]) => `  $ ${line}\n      ${says}`).join('\n')}`);

/** Runs a command's module and keeps its exit code. Flags of the program and of the command are one. */
export function running<Flags extends CommonFlags>(
  outcome: Outcome,
  run: (flags: Flags, args: readonly string[]) => Promise<number>,
): (this: Command) => Promise<void> {
  return async function (this: Command) {
    outcome.exitCode = await run(this.optsWithGlobals() as Flags, this.args);
  };
}

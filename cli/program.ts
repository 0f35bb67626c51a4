/** The commands with their options, examples and help; each loads its own module when it is called. */
import { Command, Option } from 'commander';
import { addAttest } from './attest-program.ts';
import {
  collect,
  common,
  decimal,
  examples,
  markRequired,
  type Outcome,
  running,
  whole,
  withLog,
} from './command-kit.ts';
import type { LetterFlags } from './commands/dlq.ts';
import type { TailFlags } from './commands/topics.ts';
import { addDevice } from './device-program.ts';
import { EXIT } from './exit-codes.ts';
import { addIds } from './ids-program.ts';
import { addLoadCommands } from './load-program.ts';
import { addProofCommands } from './proof-program.ts';
import { addTrust } from './trust-program.ts';
import { VERSION } from './version.ts';

/** With `isJson` mistakes in the command line are thrown and not printed. */
export function buildProgram(outcome: Outcome, isJson = false): Command {
  const program = new Command('msec');
  if (isJson) program.configureOutput({ writeErr: () => undefined });
  program
    .description('A stream engine that secures a city’s data from the sensor to whoever may use it.')
    .version(VERSION, '-V, --version', 'print the version')
    // Behind a command --version is its own: a bundle of rules has one, too.
    .enablePositionalOptions()
    .helpOption('-h, --help', 'show this help')
    .exitOverride()
    .showHelpAfterError('(msec --help shows the commands)')
    .showSuggestionAfterError(true)
    .addHelpText('after', exitCodesText());
  examples(program, [
    ['msec up', 'start everything with a simulated fleet of devices'],
    ['msec decode 01001c…', 'read a frame'],
    ['msec topics tail device.readings --follow', 'watch readings as JSON'],
  ]);
  addUp(program, outcome);
  addDecode(program, outcome);
  addDevice(program, outcome);
  addAttest(program, outcome);
  addTrust(program, outcome);
  addIds(program, outcome);
  addTopics(program, outcome);
  addTopology(program, outcome);
  addDlq(program, outcome);
  addProofCommands(program, outcome);
  addLoadCommands(program, outcome);
  markRequired(program);
  return program;
}

export function exitCodesText(): string {
  const lines = Object.values(EXIT).map(({ code, says }) => `  ${String(code).padStart(3)}  ${says}`);
  return `\nExit codes:\n${lines.join('\n')}`;
}

function addUp(program: Command, outcome: Outcome): void {
  const command = withLog(program.command('up'))
    .description('Start the engine, its bridges, a simulated fleet and the console, until Ctrl-C.')
    .option('--port <port>', 'port of the console (default: 8080)', whole)
    .option('--mqtt-port <port>', 'port of the MQTT bridge (default: 1883)', whole)
    .option('--http-port <port>', 'port of the HTTP bridge (default: 8081)', whole)
    .option('--workers <number>', 'worker threads (default: one for each core, at most 8)', whole)
    .option('--devices <number>', 'simulated devices (default: 200)', whole)
    .option('--rate <number>', 'frames a second of the whole fleet (default: 200)', decimal)
    .option('--faults <share>', 'share of the fleet’s frames that are wrong on purpose (default: 0.002)', decimal)
    .addOption(
      new Option('--signing <how>', 'how the fleet signs (default: frame)').choices(['frame', 'batch', 'session']),
    )
    .option('--fleet', 'start simulated devices, with Kafka too (default: only without)')
    .option('--no-fleet', 'start no simulated devices')
    .option('--unsigned-from <cidr>', 'take unsigned frames from this network; may be repeated', collect)
    .action(running(outcome, async (flags, _args) => (await import('./commands/up.ts')).runUp(flags)));
  examples(command, [
    ['msec up', 'everything on loopback, data in ./data'],
    ['msec up --devices 20 --rate 5 --faults 0.2', 'a small fleet, some of it misbehaving'],
    ['msec up --kafka 127.0.0.1:9092', 'one of any number of processes that share the work of a Kafka cluster'],
    ['msec up --no-fleet --unsigned-from 10.4.0.0/16', 'real devices only, old ones without signatures too'],
  ]);
}

function addDecode(program: Command, outcome: Outcome): void {
  const command = common(program.command('decode'))
    .argument('[frame]', 'hexadecimal digits, a file, or - for standard input (the default)')
    .description('Read device frames and print one JSON object for each, with units.')
    .option(
      '-t, --type <type>',
      'frame type: enmon, crowd, nucleo or one of the configuration (default: told by the bytes)',
    )
    .action(running(outcome, async (flags, args) => (await import('./commands/decode.ts')).runDecode(flags, args[0])));
  examples(command, [
    ['msec decode 01001c00000000383637373233303330303430333330000dd00040007c0235', 'one EnMon frame'],
    ['msec decode --type crowd capture.txt', 'a crowd counter’s frame; addresses become pseudonyms of this run'],
    ['cat frames.bin | msec decode -', 'frames one behind the other'],
  ]);
}

function addTopics(program: Command, outcome: Outcome): void {
  const topics = program
    .command('topics')
    .description('List topics and read their records; the engine may run or not.');
  const list = withLog(topics.command('list'))
    .description('List the topics with their sizes.')
    .option('--internal', 'also changelogs, resends and other topics of the engine itself')
    .action(running(outcome, async (flags) => (await import('./commands/topics.ts')).listTopics(flags)));
  examples(list, [['msec topics list', 'what is in the log']]);
  const tail = withLog(topics.command('tail'))
    .argument('<topic>', 'name of the topic')
    .description('Print records as JSON, one a line, with decoded values.')
    .option('--from <place>', 'earliest, latest, an offset, or a time (ISO 8601)', 'latest')
    .option('-f, --follow', 'go on as records come, until Ctrl-C')
    .option('-n, --limit <number>', 'stop after so many records (default: 10 without --follow)', whole)
    .option('-p, --partition <number>', 'this partition alone', whole)
    .option('--raw', 'key and value as they are, in base64, instead of decoded')
    .action(
      running<TailFlags>(outcome, async (flags, args) =>
        (await import('./commands/topics.ts')).tailTopic(flags, args[0]!),
      ),
    );
  examples(tail, [
    ['msec topics tail device.readings', 'the last ten readings'],
    ['msec topics tail device.readings --follow | jq .value.temperature', 'temperatures as they come'],
    ['msec topics tail device.aggregates --from 2026-11-23T08:00:00Z --limit 100', 'from a time on'],
  ]);
}

function addTopology(program: Command, outcome: Outcome): void {
  const command = withLog(program.command('topology'))
    .description('Print which actors there are, and the topics between them.')
    .addOption(new Option('--mermaid', 'as a Mermaid flow chart').conflicts('json'))
    .option('--internal', 'also changelogs, resends and other topics of the engine itself')
    .action(running(outcome, async (flags) => (await import('./commands/topology.ts')).showTopology(flags)));
  examples(command, [['msec topology --mermaid > topology.mmd', 'a chart for a document']]);
}

function addDlq(program: Command, outcome: Outcome): void {
  const dlq = program
    .command('dlq')
    .description('Look at dead letters: records that could not be handled; send them again.');
  const list = withLog(dlq.command('list'))
    .description('List dead letters, the newest first.')
    .option('-n, --limit <number>', 'so many at most', whole, 20)
    .option('--topic <topic>', 'of this dead-letter topic alone')
    .option('--reason <code>', 'with this reason alone, e.g. SIGNATURE_INVALID')
    .action(running<LetterFlags>(outcome, async (flags) => (await import('./commands/dlq.ts')).listLetters(flags)));
  examples(list, [['msec dlq list --reason FRAME_INVALID', 'broken frames']]);
  const place = (command: Command) =>
    withLog(command)
      .argument('<topic>', 'dead-letter topic, e.g. device.frames.dlq')
      .argument('<partition>', 'partition of the letter')
      .argument('<offset>', 'offset of the letter');
  const show = place(dlq.command('show'))
    .description('Show one letter in full: reason, place, bytes.')
    .action(running(outcome, async (flags, args) => (await import('./commands/dlq.ts')).showLetter(flags, args)));
  examples(show, [['msec dlq show device.frames.dlq 2 17', 'with the byte that was wrong marked']]);
  const resend = place(dlq.command('resend'))
    .description('Send a letter again, to the actor that failed on it; each goes once.')
    .action(running(outcome, async (flags, args) => (await import('./commands/dlq.ts')).resendOne(flags, args)));
  examples(resend, [['msec dlq resend device.frames.dlq 2 17', 'after what was wrong is mended']]);
}

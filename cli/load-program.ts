/** The commands that put a load on the operator's own topology, and the one that plans from what was measured. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { collect, common, decimal, examples, type Outcome, running, whole, withLog } from './command-kit.ts';
import type { BenchFlags } from './commands/bench.ts';
import type { FleetFlags } from './commands/fleet.ts';
import type { PlanFlags } from './commands/plan.ts';
import type { ProfileFlags } from './commands/profile.ts';

const SIGNED = ['each', 'batch', 'none'] as const;
const DEVICES = 1_000;

/** A whole number, also as 1e6. */
export function count(text: string): number {
  const value = /^\d{1,15}(?:e\d{1,2})?$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value))
    throw new InvalidArgumentError('It must be a whole number, such as 1000000 or 1e6.');
  return value;
}

export function addLoadCommands(program: Command, outcome: Outcome): void {
  addBench(program, outcome);
  addProfile(program, outcome);
  addPlan(program, outcome);
  addFleet(program, outcome);
}

const underLoad = (command: Command): Command =>
  withLog(command)
    .option('--devices <number>', 'synthetic devices', count, DEVICES)
    .addOption(
      new Option('--signed <how>', 'a signature on each frame, on each batch of 64, or none')
        .choices(SIGNED)
        .default('each'),
    )
    .option(
      '--types <names>',
      'frame types, with commas (default: those under frames: in the configuration, else enmon 80 %, crowd 20 %)',
    )
    .option('--workers <number>', 'worker threads (default: as configured)', whole)
    .option('--scratch <folder>', 'where the scratch folder is made (default: beside the data folder)');

function addFleet(program: Command, outcome: Outcome): void {
  const command = withLog(program.command('fleet'))
    .description(
      'Let virtual devices send to a running engine, faulty on demand, and tell each second what became of it.',
    )
    .option('--devices <number>', 'virtual devices, each with a key of its own', count, 200)
    .option('--rate <number>', 'frames a second of all together (default: a tenth of the devices)', decimal)
    .option(
      '--fault <name[:share]>',
      'clock-drift, duplicate, late, replay, truncation, stolen-key, cloned or lost-link; the share is of frames, or of devices where it happens to those; may be repeated',
      collect,
    )
    .addOption(new Option('--signing <how>', 'how they sign').choices(['frame', 'batch', 'session']).default('frame'))
    .option(
      '--firmware <number>',
      'beside them so many processes of the real firmware, each with a software TPM of its own',
      whole,
    )
    .option('--firmware-program <file>', 'that firmware (default: firmware/device/build/linux/msec-device)')
    .option('--seed <number>', 'of values and faults (default: another one each time)', whole)
    .option('--seconds <number>', 'end after so long (default: at Ctrl-C)', whole)
    .option('--mqtt <address>', 'host:port of the MQTT bridge (default: this machine, the port of the configuration)')
    .option('--http <address>', 'host:port of the HTTP bridge: a third of the devices use it, all where it is alone')
    .action(
      running<FleetFlags>(outcome, async (flags, _args) => (await import('./commands/fleet.ts')).runFleet(flags)),
    );
  examples(command, [
    ['msec fleet --devices 2000 --rate 500', 'two thousand devices, beside a running msec up'],
    [
      'msec fleet --fault replay:0.1 --fault cloned --json',
      'what is replayed is refused, who is cloned is put in quarantine',
    ],
    ['msec fleet --devices 0 --firmware 10', 'ten devices that are the real firmware, with keys in their TPMs'],
    ['msec fleet --signing batch --fault lost-link:0.5 --seconds 60 --seed 7', 'the same again with the same seed'],
  ]);
}

function addBench(program: Command, outcome: Outcome): void {
  const command = underLoad(program.command('bench'))
    .description('Find the highest rate that your configured job holds with bounded lag. Your data is not touched.')
    .option('--minutes <number>', 'how long to search, about', decimal, 3)
    .action(
      running<BenchFlags>(outcome, async (flags, _args) => (await import('./commands/bench.ts')).runBench(flags)),
    );
  examples(command, [
    ['msec bench --config msec.yaml', 'the job as configured, on an embedded log of its own'],
    ['msec bench --signed none --devices 1e5 --minutes 5', 'legacy devices, a hundred thousand of them'],
    ['msec bench --kafka 127.0.0.1:9092', 'on a cluster, in topics of its own that are removed afterwards'],
  ]);
}

function addProfile(program: Command, outcome: Outcome): void {
  const command = underLoad(program.command('profile'))
    .description('Draw a flame graph of your configured job under load: worker threads and the main one.')
    .option('--seconds <number>', 'how long', decimal, 20)
    .option('--rate <number>', 'frames a second (default: 5000 with a signature on each, else 50000)', decimal)
    .option('-o, --out <file>', 'the picture, an SVG that needs nothing else', 'profile.svg')
    .option('--raw <folder>', "also each thread's .cpuprofile, for a browser's developer tools")
    .action(
      running<ProfileFlags>(outcome, async (flags, _args) => (await import('./commands/profile.ts')).runProfile(flags)),
    );
  examples(command, [
    ['msec profile --seconds 20 --out profile.svg', 'where the time goes, to be opened in a browser'],
    ['msec profile --signed none --rate 200000', 'without signatures, which otherwise are most of it'],
  ]);
}

function addPlan(program: Command, outcome: Outcome): void {
  const command = common(program.command('plan'))
    .description('Plan machines and brokers for so many devices, from what was measured of this version.')
    .option('--devices <number>', 'devices, e.g. 1e6 (default: a city, a country and a continent)', count)
    .option('--every <duration>', 'how often each of them sends', '10s')
    .addOption(
      new Option('--signed <how>', 'a signature on each frame, on each batch of 64, or none')
        .choices(SIGNED)
        .default('each'),
    )
    .option('--replication <number>', 'copies of each record on the brokers', whole, 3)
    .option('--headroom <share>', 'of processors, brokers and networks, kept free in normal times', decimal, 0.5)
    .option('--cores <number>', 'of a machine for msec', whole, 8)
    .option('--broker-write <size>', 'what a broker can write each second, copies included', '100MB')
    .option('--broker-disk <size>', 'disk of a broker', '4TiB')
    .option('--broker-network <size>', 'network of a broker, each second and way', '1250MB')
    .option('--keep-frames <duration>', 'retention of frames (default: as configured)')
    .option('--keep-readings <duration>', 'retention of readings (default: as configured)')
    .option('--keep-aggregates <duration>', 'retention of aggregates (default: as configured)')
    .action(running<PlanFlags>(outcome, async (flags, _args) => (await import('./commands/plan.ts')).runPlan(flags)));
  examples(command, [
    ['msec plan', 'a city, a country, a continent beside each other'],
    ['msec plan --devices 1e6 --every 10s --signed batch', 'a million devices, 64 frames under each signature'],
    ['msec plan --devices 5e5 --cores 32 --keep-frames 6h --json', 'other machines, for scripts'],
  ]);
}

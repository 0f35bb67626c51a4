/** `msec device`: its commands with their options, examples and help. */
import type { Command } from 'commander';
import { common, decimal, examples, type Outcome, running, whole, withLog } from './command-kit.ts';
import type { AddFlags, DecideFlags, ListFlags, PlaceFlags, ReceiverFlags } from './commands/device.ts';
import type { AttestFlags } from './commands/device-attest.ts';
import type { DemoFlags } from './commands/device-demo.ts';
import type { EnrolFlags, RenewFlags } from './commands/device-enrol.ts';
import { AT_FLAG } from './place-flag.ts';
import { addSealing } from './seal-program.ts';
import { TPM_FLAG } from './tpm-flag.ts';

const BATCH_FLAG = [
  '--batch <name>',
  'what it was delivered with: devices of one batch count once among newcomers',
] as const;
const IDENTITY_FLAG = [
  '-i, --identity <text>',
  'the IMEI or serial number in its frames (enmon: 15 digits, nucleo: 12, crowd: up to 32 letters and digits)',
] as const;
const PCRS_FLAG = ['--pcrs <numbers>', 'bind the keys to the present values of these PCRs, e.g. 0,7'] as const;

export function addDevice(program: Command, outcome: Outcome): void {
  const device = program.command('device').description('Enrol, list and change devices; the engine may run or not.');
  const add = withLog(device.command('add'))
    .argument('<id>', 'name of the device: it authenticates with it')
    .description('Enrol a device. Its token and private key are shown once and stored nowhere.')
    .requiredOption('-t, --type <type>', 'frame type: enmon, crowd, nucleo or one of the configuration')
    .requiredOption(...IDENTITY_FLAG)
    .option('-z, --zone <name>', 'time zone of its clock, e.g. Europe/Madrid (default: UTC)')
    .option(...AT_FLAG)
    .option(...BATCH_FLAG)
    .option('-k, --public-key <file>', 'its P-256 or Ed25519 public key (PEM or DER); otherwise a key pair is made')
    .option('-m, --modes <names>', 'what the key may be used for, of frame, batch, session (default: frame,batch)')
    .option('--not-before <time>', 'its key holds for what is received from then on (ISO 8601)')
    .option('--not-after <time>', 'its key has ended for what is received from then on (ISO 8601)')
    .option('--no-credential', 'a legacy device: no token, no signature; see --unsigned-from')
    .action(
      running<AddFlags>(outcome, async (flags, args) =>
        (await import('./commands/device.ts')).addDevice(flags, args[0]!),
      ),
    );
  examples(add, [
    ['msec device add roof-7 --type enmon --identity 867723030040330', 'enrol an EnMon monitor'],
    ['msec device add hall-2 --type crowd --identity 00000006956C35F --zone Europe/Madrid', 'a crowd counter'],
  ]);
  addEnrol(device, outcome);
  addRenew(device, outcome);
  addDemo(device, outcome);
  addAttest(device, outcome);
  addSealing(device, outcome);
  const list = withLog(device.command('list'))
    .description('List the devices by their ids.')
    .option('--after <id>', 'only those behind this id')
    .option('--limit <number>', 'at most so many (default: all)', whole)
    .action(running<ListFlags>(outcome, async (flags) => (await import('./commands/device.ts')).listDevices(flags)));
  examples(list, [
    ['msec device list --json', 'one device a line, for scripts'],
    ['msec device list --after roof- --limit 20', 'those whose names begin with roof-, and what follows'],
  ]);
  const why = withLog(device.command('why'))
    .argument('<id>', 'name of the device')
    .description(
      'Say whether a device is trusted, since when and why: which evidence, which entry of a log; and its history.',
    )
    .action(
      running(outcome, async (flags, args) => (await import('./commands/device-why.ts')).tellWhy(flags, args[0]!)),
    );
  examples(why, [['msec device why gateway-7', 'after its frames stopped coming']]);
  const receiver = common(device.command('receiver'))
    .description('Print the public key that devices agree on session keys with; made at the first call.')
    .option('--new', 'make another one; sessions under the earlier ones are still taken')
    .action(
      running<ReceiverFlags>(outcome, async (flags) => (await import('./commands/device.ts')).showReceiver(flags)),
    );
  examples(receiver, [['msec device receiver > receiver.pem', 'for the devices that have session among their modes']]);
  const actions = [
    ['revoke', 'Refuse everything that the device sends from now on.', 'a stolen device'],
    ['reset', 'Forget the device’s sequence numbers, after it lost its own.', 'after its memory was replaced'],
    ['rotate', 'Give the device a new key and token; the earlier ones end.', 'a key that may be known to others'],
  ] as const;
  for (const [action, description, why] of actions) {
    const command = withLog(device.command(action))
      .argument('<id>', 'name of the device')
      .description(description)
      .action(
        running(outcome, async (flags, args) =>
          (await import('./commands/device.ts')).changeDevice(flags, action, args[0]!),
        ),
      );
    examples(command, [[`msec device ${action} roof-7`, why]]);
  }
  const place = withLog(device.command('place'))
    .argument('<id>', 'name of the device')
    .description('Say where a device stands, for the map of the status page.')
    .option(...AT_FLAG)
    .option('--nowhere', 'take its place away')
    .action(
      running<PlaceFlags>(outcome, async (flags, args) =>
        (await import('./commands/device.ts')).placeDevice(flags, args[0]!),
      ),
    );
  examples(place, [
    ['msec device place roof-7 --at 40.4168,-3.7038', 'in Madrid'],
    ['msec device place roof-7 --nowhere', 'after it was taken down'],
  ]);
  addDecisions(device, outcome);
}

function addDecisions(device: Command, outcome: Outcome): void {
  const decisions = [
    [
      'release',
      'Hand on the frames that were held of a device which has proved its state again.',
      'the cable was loose',
    ],
    ['drop', 'Give up the frames that are held of a device.', 'a file was changed'],
  ] as const;
  for (const [decision, description, why] of decisions) {
    const command = withLog(device.command(decision))
      .argument('<id>', 'name of the device')
      .description(description)
      .requiredOption('--why <text>', 'the reason, for the record')
      .option('--by <name>', 'who decides (default: the user that runs the command)')
      .action(
        running<DecideFlags>(outcome, async (flags, args) =>
          (await import('./commands/device.ts')).decideFrames(flags, decision, args[0]!),
        ),
      );
    examples(command, [[`msec device ${decision} gate-1 --why '${why}'`, 'recorded in device.decisions']]);
  }
}

const proving = (command: Command): Command =>
  withLog(command)
    .option(...TPM_FLAG)
    .option(
      '--ek-ca <file>',
      'certificates of TPM makers that are trusted, in PEM (default: that of the swtpm in the data folder)',
    )
    .option(...PCRS_FLAG)
    .option('--days <number>', 'how long the certificate and the key are valid', whole, 365)
    .option('-o, --out <file>', 'where the certificate is written (default: enrolment/ID.pem in the data folder)');

function addEnrol(device: Command, outcome: Outcome): void {
  const command = proving(device.command('enrol'))
    .argument('<id>', 'name of the device: it authenticates with it')
    .description('Enrol a device whose keys live in a TPM: it proves that first, then gets a certificate and a token.')
    .requiredOption('-t, --type <type>', 'frame type: enmon, crowd, nucleo or one of the configuration')
    .requiredOption(...IDENTITY_FLAG)
    .option('-z, --zone <name>', 'time zone of its clock, e.g. Europe/Madrid (default: UTC)')
    .option(...AT_FLAG)
    .option(...BATCH_FLAG)
    .action(
      running<EnrolFlags>(outcome, async (flags, args) =>
        (await import('./commands/device-enrol.ts')).enrolDevice(flags, args[0]!),
      ),
    );
  examples(command, [
    ['msec device enrol roof-7 --type enmon --identity 867723030040330', 'with the machine’s TPM, or a software one'],
    [
      'msec device enrol roof-7 -t enmon -i 867723030040330 --tpm device:/dev/tpmrm0 --ek-ca makers.pem --pcrs 0,2,7',
      'a real TPM, keys for this firmware alone',
    ],
  ]);
}

function addDemo(device: Command, outcome: Outcome): void {
  const command = common(device.command('demo'))
    .description('Show what a device does: provision a TPM, then read a potentiometer, hash, sign and verify.')
    .option(...TPM_FLAG)
    .option(...PCRS_FLAG)
    .option('-n, --readings <number>', 'stop after so many readings', whole, 5)
    .option('--every <seconds>', 'between two readings', decimal, 1)
    .action(running<DemoFlags>(outcome, async (flags) => (await import('./commands/device-demo.ts')).runDemo(flags)));
  examples(command, [
    ['msec device demo', 'five readings'],
    ['msec device demo --json --every 0 -n 1000 | jq .signature', 'signatures for a script'],
  ]);
}

function addAttest(device: Command, outcome: Outcome): void {
  const command = common(device.command('attest'))
    .argument('<id>', 'name of the device')
    .description(
      'Prove a device’s state to the engine: answer its challenges with the TPM and the kernel’s logs, for as long as it runs.',
    )
    .option('-b, --bridge <address>', 'mqtt://HOST:PORT, mqtts://, http:// or https://', 'mqtt://127.0.0.1:1883')
    .option('--token-file <file>', 'file with the device’s token (default: the environment variable MSEC_DEVICE_TOKEN)')
    .option(...TPM_FLAG)
    .option('--pcrs <numbers>', 'the PCRs that the keys are bound to, as at the enrolment')
    .option('--boot-log <file>', 'TCG event log (default: binary_bios_measurements of the kernel, where it is)')
    .option('--ima <file>', 'IMA list (default: binary_runtime_measurements of the kernel, where it is)')
    .option('--no-logs', 'show no log that is not named')
    .option('--watch <seconds>', 'how often the IMA list is looked at for new entries; 0: never', decimal, 1)
    .option('-n, --answers <number>', 'end after so many answers (default: with Ctrl-C)', whole)
    .action(
      running<AttestFlags>(outcome, async (flags, args) =>
        (await import('./commands/device-attest.ts')).attestDevice(flags, args[0]!),
      ),
    );
  examples(command, [
    [
      'msec device attest roof-7 --token-file roof-7.token',
      'beside the engine, as root, so that the kernel shows its logs',
    ],
    [
      'msec device attest roof-7 --bridge https://city.example --token-file roof-7.token --tpm device:/dev/tpmrm0',
      'on a gateway far away',
    ],
  ]);
}

function addRenew(device: Command, outcome: Outcome): void {
  const command = proving(device.command('renew'))
    .argument('<id>', 'name of the device')
    .description('Give a device with a TPM a new signing key: proved as at its enrolment. The earlier one ends.')
    .action(
      running<RenewFlags>(outcome, async (flags, args) =>
        (await import('./commands/device-enrol.ts')).renewDevice(flags, args[0]!),
      ),
    );
  examples(command, [['msec device renew roof-7', 'before the certificate expires']]);
}

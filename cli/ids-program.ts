/** The commands of intrusion detection. */
import { type Command, Option } from 'commander';
import { collect, common, examples, type Outcome, running, whole } from './command-kit.ts';
import type { IdsCheckFlags } from './commands/ids-check.ts';
import type { IdsExplainFlags } from './commands/ids-explain.ts';
import type { IdsCaptureFlags } from './commands/ids-publish.ts';
import type { IdsRunFlags } from './commands/ids-run.ts';
import { addBundle } from './ids-bundle-program.ts';

export function addIds(program: Command, outcome: Outcome): void {
  const ids = program.command('ids').description('Intrusion detection by rules of Suricata’s language.');
  addRun(ids, outcome);
  addCapture(ids, outcome);
  examples(ids, [
    ['msec ids --pcap traffic.pcap --rules local.rules', 'examine a capture; msec ids run --help has the options'],
  ]);
  const explain = ids
    .command('explain')
    .description(
      'Say which bytes of which packet met what a rule asks, or what was not met first. Exit code 0: it alerts, also where the capture is damaged behind that; 65: it does not alert in what could be read.',
    )
    .requiredOption('--pcap <file>', 'capture: pcap or pcapng; - is standard input')
    .requiredOption('--rules <file>', 'rules; may be repeated', collect)
    .requiredOption('--sid <number>', 'the rule', whole)
    .addOption(new Option('--checksum <how>', 'as for msec ids').choices(['none', 'validate']))
    .option('--midstream', 'follow TCP sessions of which no handshake was seen')
    .option('--home-net <cidr>', 'the group HOME_NET')
    .option('-c, --config <file>', 'a suricata.yaml')
    .option('--data-dir <folder>', 'as for msec ids')
    .option('--set <key=value>', 'one setting by its key in suricata.yaml; may be repeated', collect)
    .option('--json', 'the attempt in JSON')
    .option('--debug', 'say more when something fails')
    .action(
      running<IdsExplainFlags>(outcome, async (flags) =>
        (await import('./commands/ids-explain.ts')).explainRule(flags),
      ),
    );
  examples(explain, [['msec ids explain --pcap traffic.pcap --rules local.rules --sid 1000001', 'one rule']]);
  const check = common(ids.command('check'))
    .argument('<rules...>', 'rule files')
    .description(
      'Read rules, and say of each that is refused where and why; a sid counts once in all files. Exit code 65: a rule is refused.',
    )
    .option('--vars <file>', 'a suricata.yaml, of which vars, datasets and the reputation files are taken')
    .option('--home-net <cidr>', 'the group HOME_NET')
    .option('--set <key=value>', 'one group, as vars.port-groups.SSH_PORTS=2222; may be repeated', collect)
    .action(
      running<IdsCheckFlags>(outcome, async (flags, args) =>
        (await import('./commands/ids-check.ts')).checkRules(flags, args),
      ),
    );
  examples(check, [
    ['msec ids check local.rules', 'one file, with Suricata’s own groups'],
    ['msec ids check *.rules --home-net 10.4.0.0/16 --json', 'a line for each refused rule, and one for all'],
  ]);
  addBundle(ids, outcome);
}

function addCapture(ids: Command, outcome: Outcome): void {
  const capture = ids
    .command('capture')
    .description(
      'Publish captured packets to an engine, as a gateway that its setting ids.gateways names. Batches that were not answered are sent again; packets without room are lost, and counted.',
    )
    .requiredOption('--publish <url>', 'address of the engine’s HTTP bridge')
    .requiredOption('--device <id>', 'the gateway’s device id')
    .option(
      '--token-file <file>',
      'file with the gateway’s token (default: the environment variable MSEC_DEVICE_TOKEN)',
    )
    .option('--pcap <file>', 'capture: pcap or pcapng; - is standard input')
    .option('--interface <name>', 'network interface, captured through tcpdump or dumpcap')
    .option('--filter <text>', 'capture filter of --interface, as not port 8081')
    .option('--lanes <number>', 'over how many keys flows are spread, so that several threads share them', whole, 1)
    .option('--json', 'the counts in JSON')
    .option('--debug', 'say more when something fails')
    .action(
      running<IdsCaptureFlags>(outcome, async (flags) => (await import('./commands/ids-publish.ts')).captureIds(flags)),
    );
  examples(capture, [
    [
      'msec ids capture --pcap - --publish http://city:8081 --device gw-1 --token-file gw-1.token',
      'a capture as it comes, with tcpdump -i eth0 -w - -U before it',
    ],
    [
      'msec ids capture --interface eth0 --filter "not port 8081" --publish http://city:8081 --device gw-1 --token-file gw-1.token',
      'through tcpdump',
    ],
  ]);
}

function addRun(ids: Command, outcome: Outcome): void {
  const run = ids
    .command('run', { isDefault: true })
    .description('Examine a capture, and print EVE records, one a line. The word run may be left out.')
    .requiredOption('--pcap <file>', 'capture: pcap or pcapng; - is standard input')
    .option('--rules <file>', 'rules; may be repeated', collect)
    .addOption(
      new Option(
        '--checksum <how>',
        'TCP segments with a wrong checksum are in no stream, or nobody looks (default: validate)',
      ).choices(['none', 'validate']),
    )
    .option('--midstream', 'follow TCP sessions of which no handshake was seen')
    .option('--home-net <cidr>', 'the group HOME_NET')
    .option('--threshold-config <file>', 'suppress, event_filter and rate_filter, as in threshold.config')
    .option(
      '-c, --config <file>',
      'a suricata.yaml: its vars, stream, packet-alert-max, eve-log, datasets, reputation, classification and threshold files',
    )
    .option(
      '--data-dir <folder>',
      'where sets are kept that rules write (default: default-data-dir, or beside the rules)',
    )
    .option('--set <key=value>', 'one setting by its key in suricata.yaml; may be repeated', collect)
    .option('--alerts-only', 'alerts alone; else also flows, transactions, files and anomalies')
    .option('--verdicts', 'also drop records: which packets and flows the rules would block, and why')
    .option('--json', 'errors in JSON, too')
    .option('--debug', 'say more when something fails')
    .action(running<IdsRunFlags>(outcome, async (flags) => (await import('./commands/ids-run.ts')).runIds(flags)));
  examples(run, [
    ['msec ids --pcap traffic.pcap --rules local.rules', 'alerts, flows and transactions'],
    ['msec ids --pcap traffic.pcap --rules local.rules --alerts-only | jq .alert.signature', 'what was found'],
    ['tcpdump -w - | msec ids --pcap - --rules local.rules --alerts-only', 'a capture as it comes'],
    ['msec ids --pcap half.pcap --rules local.rules --midstream --checksum none', 'a capture that began late'],
  ]);
}

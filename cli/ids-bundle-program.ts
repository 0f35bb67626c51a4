/** The commands that make bundles of detection rules, and put them in force. */
import type { Command } from 'commander';
import { collect, examples, type Outcome, running, whole, withLog } from './command-kit.ts';
import type { BundleMakeFlags, BundleSignFlags, BundleVerifyFlags } from './commands/ids-bundle.ts';
import type { BundleListFlags, BundlePushFlags, BundleRollBackFlags } from './commands/ids-bundle-turns.ts';

export function addBundle(ids: Command, outcome: Outcome): void {
  const bundle = ids.command('bundle').description('Signed bundles of rules: made, signed, put in force, taken back.');
  addMaking(bundle, outcome);
  addTurns(bundle, outcome);
}

function addMaking(bundle: Command, outcome: Outcome): void {
  const make = bundle
    .command('make')
    .argument('<rules...>', 'rule files')
    .description('Put rule files, groups, thresholds and classes into one file, which is to be signed.')
    .requiredOption('-n, --name <name>', 'of the set of rules')
    .requiredOption('-v, --version <number>', 'higher than that of every bundle before', whole)
    .requiredOption('-o, --out <file>', 'the bundle')
    .option('--thresholds <file>', 'suppress, event_filter and rate_filter, as in threshold.config')
    .option('--classes <file>', 'a classification.config (default: Suricata’s own classes)')
    .option('--vars <file>', 'a suricata.yaml, of which the address and port groups under vars are taken')
    .option('--home-net <cidr>', 'the group HOME_NET')
    .option('--set <key=value>', 'one group, as vars.port-groups.SSH_PORTS=2222; may be repeated', collect)
    .option('--leave-out', 'make it although some rules are refused: they are not loaded')
    .option('-k, --key <file>', 'sign it, too: private key (PEM)')
    .option('--json', 'answer in JSON')
    .option('--debug', 'say more when something fails')
    .action(
      running<BundleMakeFlags>(outcome, async (flags, args) =>
        (await import('./commands/ids-bundle.ts')).makeBundle(flags, args),
      ),
    );
  examples(make, [
    ['msec ids bundle make city.rules --name city --version 12 --out city-12.bundle', 'to be signed elsewhere'],
    ['msec ids bundle make *.rules -n city -v 13 -o city-13.bundle --home-net 10.4.0.0/16 --key rules.pem', 'signed'],
  ]);
  const sign = bundle
    .command('sign')
    .argument('<bundle>', 'it gets one more signature')
    .description('Sign a bundle: Ed25519, or ECDSA or RSA with SHA-256.')
    .requiredOption('-k, --key <file>', 'private key (PEM)')
    .option('-o, --out <file>', 'the signed bundle (default: in place)')
    .option('--debug', 'say more when something fails')
    .action(
      running<BundleSignFlags>(outcome, async (flags, args) =>
        (await import('./commands/ids-bundle.ts')).signBundleFile(flags, args[0]!),
      ),
    );
  examples(sign, [
    ['msec ids bundle sign city-12.bundle --key rules.pem', 'a key: openssl genpkey -algorithm ed25519 -out rules.pem'],
  ]);
  const verify = bundle
    .command('verify')
    .argument('<bundle>', 'the bundle')
    .description('Check the signature of a bundle, and that its rules compile. Exit code 65: it would be refused.')
    .requiredOption('-k, --key <file>', 'public key (PEM); may be repeated', collect)
    .option('--json', 'answer in JSON')
    .option('--debug', 'say more when something fails')
    .action(
      running<BundleVerifyFlags>(outcome, async (flags, args) =>
        (await import('./commands/ids-bundle.ts')).verifyBundleFile(flags, args[0]!),
      ),
    );
  examples(verify, [['msec ids bundle verify city-12.bundle --key rules.pub', 'without an engine']]);
}

function addTurns(bundle: Command, outcome: Outcome): void {
  const push = withLog(bundle.command('push'))
    .argument('<bundle>', 'the signed bundle')
    .description('Put a bundle in force, on all workers, between two packets. Exit code 65: it was refused.')
    .option('--by <name>', 'who does it (default: the user)')
    .action(
      running<BundlePushFlags>(outcome, async (flags, args) =>
        (await import('./commands/ids-bundle-turns.ts')).pushBundle(flags, args[0]!),
      ),
    );
  examples(push, [['msec ids bundle push city-13.bundle', 'the keys of ids.ruleKeys decide']]);
  const list = withLog(bundle.command('list'))
    .description('Bundles that are kept, which one is in force, and what was refused.')
    .action(
      running<BundleListFlags>(outcome, async (flags) =>
        (await import('./commands/ids-bundle-turns.ts')).listBundles(flags),
      ),
    );
  examples(list, [['msec ids bundle list', 'the latest first']]);
  const back = withLog(bundle.command('roll-back'))
    .argument('[version]', 'of a bundle that is kept (default: the one that was in force before)')
    .description('Put an earlier bundle in force again.')
    .requiredOption('--why <text>', 'the reason, for the record')
    .option('--by <name>', 'who does it (default: the user)')
    .option('-k, --key <file>', 'private key (PEM) that signs the order: one of those that sign bundles')
    .action(
      running<BundleRollBackFlags>(outcome, async (flags, args) =>
        (await import('./commands/ids-bundle-turns.ts')).rollBackBundle(flags, args[0]),
      ),
    );
  examples(back, [['msec ids bundle roll-back 12 --why "13 alerts on every ping"', 'the next push needs version 14']]);
}

/** The commands of intrusion detection. */
import type { Command } from 'commander';
import { collect, common, examples, type Outcome, running } from './command-kit.ts';
import type { IdsCheckFlags } from './commands/ids.ts';

export function addIds(program: Command, outcome: Outcome): void {
  const ids = program.command('ids').description('Intrusion detection by rules of Suricata’s language.');
  const check = common(ids.command('check'))
    .argument('<rules...>', 'rule files')
    .description(
      'Read rules, and say of each that is refused where and why. Exit code 65: a rule is refused. No traffic is examined yet.',
    )
    .option('--vars <file>', 'a suricata.yaml, of which the address and port groups under vars are taken')
    .option('--home-net <cidr>', 'the group HOME_NET')
    .option('--set <key=value>', 'one group, as vars.port-groups.SSH_PORTS=2222; may be repeated', collect)
    .action(
      running<IdsCheckFlags>(outcome, async (flags, args) =>
        (await import('./commands/ids.ts')).checkRules(flags, args),
      ),
    );
  examples(check, [
    ['msec ids check local.rules', 'one file, with Suricata’s own groups'],
    ['msec ids check *.rules --home-net 10.4.0.0/16 --json', 'a line for each refused rule, and one for all'],
  ]);
}

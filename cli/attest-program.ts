/** The commands that judge what a device shows of its state. */
import type { Command } from 'commander';
import { common, decimal, examples, type Outcome, running } from './command-kit.ts';
import type { CheckFlags } from './commands/attest.ts';

export function addAttest(program: Command, outcome: Outcome): void {
  const attest = program.command('attest').description('Judge whether a device is what it should be.');
  const check = common(attest.command('check'))
    .argument('<quote>', 'what the TPM signed (TPMS_ATTEST), as tpm2_quote --message writes it')
    .argument('[log]', 'its boot log, as in /sys/kernel/security/tpm0/binary_bios_measurements')
    .description(
      'Check a quote and logs from files against a policy, and name what broke it. Exit code 65: not trusted.',
    )
    .requiredOption('-p, --policy <file>', 'the policy')
    .requiredOption('-k, --key <file>', "public area of the device's attestation key (TPMT_PUBLIC or TPM2B_PUBLIC)")
    .requiredOption('-n, --nonce <hex>', 'of the challenge that the quote answers')
    .option('-s, --signature <file>', 'signature of the quote (TPMT_SIGNATURE; default: the quote’s name and .sig)')
    .option('--pcrs <file>', 'values of the PCRs, as tpm2_quote --pcrs_format values (default: what the logs come to)')
    .option('--ima <file>', 'IMA measurement list, binary or ASCII')
    .option('--age <seconds>', 'from the challenge to the arrival of the quote', decimal)
    .option('--references <file>', 'reference values')
    .option('--references-signature <file>', 'their signature (default: the name of --references and .sig)')
    .option('--references-key <file>', 'public key (PEM) of whoever signs reference values')
    .action(
      running<CheckFlags>(outcome, async (flags, args) =>
        (await import('./commands/attest.ts')).checkFiles(flags, args),
      ),
    );
  examples(check, [
    [
      'msec attest check quote.msg boot.log --key ak.pub --nonce 5e1f --age 2 --policy gateway.policy --ima ima.bin',
      'one gateway, in words',
    ],
  ]);
}

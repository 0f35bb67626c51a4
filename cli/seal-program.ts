/** The commands of `msec device` for a disk's key that is sealed to PCRs. */
import type { Command } from 'commander';
import { collect, common, examples, type Outcome, running } from './command-kit.ts';
import type { ResealFlags, SealFlags, UnsealFlags } from './commands/device-seal.ts';
import { TPM_FLAG } from './tpm-flag.ts';

const RECOVERY_FLAG = [
  '--recovery-key <file>',
  'open it with the recovery key in this file, or - to be asked, and not with the TPM',
] as const;

export function addSealing(device: Command, outcome: Outcome): void {
  const seal = common(device.command('seal'))
    .argument('<file>', 'where the sealed key is written; it needs no protection')
    .description(
      'Seal a disk’s key to PCRs: the TPM gives it out in the present state alone. Prints a recovery key, once.',
    )
    .requiredOption('--pcrs <numbers>', 'PCRs from 0 to 15 whose present values are the trusted state, e.g. 0,2,4,7')
    .option('-k, --key <file>', 'the key, 16 to 128 bytes (default: a new one of 32 random bytes)')
    .option(...TPM_FLAG)
    .action(
      running<SealFlags>(outcome, async (flags, args) =>
        (await import('./commands/device-seal.ts')).sealDisk(flags, args[0]!),
      ),
    );
  examples(seal, [
    ['msec device seal /boot/disk.sealed --pcrs 0,2,4,7 --tpm device:/dev/tpmrm0', 'a new key for a gateway’s disk'],
  ]);
  const unseal = common(device.command('unseal'))
    .argument('<file>', 'the sealed key')
    .description('Give out a sealed key, to a pipe or a new file. Exit code 65: the machine is in another state.')
    .option(
      '-o, --out <file>',
      'a new file of mode 600, best in /run (default: standard output, where it is no terminal)',
    )
    .option(...RECOVERY_FLAG)
    .option(...TPM_FLAG)
    .action(
      running<UnsealFlags>(outcome, async (flags, args) =>
        (await import('./commands/device-seal.ts')).unsealDisk(flags, args[0]!),
      ),
    );
  examples(unseal, [
    [
      'msec device unseal /boot/disk.sealed | cryptsetup open --key-file - /dev/sda3 data',
      'open a LUKS disk while the machine is trusted',
    ],
    ['msec device unseal disk.sealed --recovery-key - | cryptsetup open --key-file - /dev/sda3 data', 'when it is not'],
  ]);
  const reseal = common(device.command('reseal'))
    .argument('<file>', 'the sealed key')
    .description('Seal the same key anew: to the present state, and to those of firmware that is to be installed.')
    .option('--pcrs <numbers>', 'other PCRs than before')
    .option('--firmware <version>', 'also to the reference values of this version; may be repeated', collect)
    .option('--references <file>', 'reference values')
    .option('--references-signature <file>', 'their signature (default: the name of --references and .sig)')
    .option('--references-key <file>', 'public key (PEM) of whoever signs reference values')
    .option(...RECOVERY_FLAG)
    .option(...TPM_FLAG)
    .action(
      running<ResealFlags>(outcome, async (flags, args) =>
        (await import('./commands/device-seal.ts')).resealDisk(flags, args[0]!),
      ),
    );
  examples(reseal, [
    [
      'msec device reseal disk.sealed --firmware 2.2 --references firmware.references --references-key builder.pem',
      'before an update: opens with the old and the new firmware',
    ],
    ['msec device reseal disk.sealed', 'after it: with the new one alone'],
  ]);
}

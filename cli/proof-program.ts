/** The commands that show one frame to somebody who has nothing but the device's public key. */
import type { Command } from 'commander';
import { common, examples, type Outcome, running, whole, withLog } from './command-kit.ts';
import type { MakeFlags, VerifyFlags } from './commands/proof.ts';

export function addProofCommands(program: Command, outcome: Outcome): void {
  const proof = program.command('proof').description('Prove to others, offline, what a device signed.');
  const make = withLog(proof.command('make'))
    .argument('[partition]', 'partition of device.frames')
    .argument('[offset]', 'offset of the record')
    .description('Print the proof of one frame: of a record in the log, or of an envelope from a file.')
    .option('-s, --sequence <number>', 'of the frame (default: the first of the envelope)', whole)
    .option('-e, --envelope <file>', 'the envelope, as bytes or hexadecimal digits, in place of a record')
    .action(
      running<MakeFlags>(outcome, async (flags, args) =>
        (await import('./commands/proof.ts')).makeProofOf(flags, args),
      ),
    );
  examples(make, [
    ['msec proof make 2 1017 --sequence 4711 > frame.proof', 'one frame of a batch in the log'],
    ['msec proof make --envelope envelope.bin', 'without a log'],
  ]);
  const verify = common(proof.command('verify'))
    .argument('<file>', 'the proof, or - for standard input')
    .description('Check a proof with nothing but the device’s public key, and print what it proves.')
    .requiredOption('-k, --public-key <file>', 'the public key of the device (PEM or DER), from a source you trust')
    .action(
      running<VerifyFlags>(outcome, async (flags, args) =>
        (await import('./commands/proof.ts')).verifyProofOf(flags, args[0]!),
      ),
    );
  examples(verify, [['msec proof verify frame.proof --public-key roof-7.pem', 'one signature and at most 13 hashes']]);
}

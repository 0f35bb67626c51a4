/** The commands that tell interactions, ask for scores of trust, and hold them against the log of interactions. */
import type { Command } from 'commander';
import { collect, common, decimal, examples, type Outcome, running, whole, withLog } from './command-kit.ts';
import type { AppealFlags, BanFlags } from './commands/trust-appeal.ts';
import type { ProofMakeFlags, ProofVerifyFlags } from './commands/trust-proof.ts';
import type { TellFlags } from './commands/trust-tell.ts';
import type { CheckpointFlags, VerifyFlags } from './commands/trust-verify.ts';
import type { WhoFlags } from './commands/trust-who.ts';
import type { WhyFlags } from './commands/trust-why.ts';
import { AT_FLAG } from './place-flag.ts';

export function addTrust(program: Command, outcome: Outcome): void {
  const trust = program
    .command('trust')
    .description('Tell how a service went; ask who can be trusted, why, and whether the scores are right.');
  addWho(trust, outcome);
  addTell(trust, outcome);
  const verify = withLog(trust.command('verify'))
    .argument('[trustor]', 'who judges (default: everybody); alone: all of its scores')
    .argument('[trustee]', 'who is judged (default: everybody)')
    .description(
      'Make scores anew from the log of interactions, and show that they, the log and its checkpoints agree.',
    )
    .option('-s, --service <service>', 'of this service alone')
    .option('--checkpoint <file>', 'notes of checkpoints that were kept; may be repeated', collect)
    .option('-k, --public-key <file>', 'key that signs checkpoints (default: the public half of the one in the folder)')
    .action(
      running<VerifyFlags>(outcome, async (flags, args) =>
        (await import('./commands/trust-verify.ts')).verifyScores(flags, args),
      ),
    );
  examples(verify, [
    ['msec trust verify', 'every score, every entry, every checkpoint'],
    ['msec trust verify roof-7 weather-2 --checkpoint kept.note', 'one score, beside a checkpoint of last week'],
  ]);
  const why = withLog(trust.command('why'))
    .argument('<trustor>', 'who judges')
    .argument('<trustee>', 'who is judged')
    .description('Tell which interactions moved a score most.')
    .option('-s, --service <service>', 'of this service alone')
    .option('-n, --limit <number>', 'so many interactions at most', whole, 10)
    .action(
      running<WhyFlags>(outcome, async (flags, args) =>
        (await import('./commands/trust-why.ts')).tellWhyTrusted(flags, args),
      ),
    );
  examples(why, [['msec trust why roof-7 weather-2', 'the ten that moved it most']]);
  const checkpoint = withLog(trust.command('checkpoint'))
    .description('Print the newest signed checkpoint of each partition as a note: keep it elsewhere.')
    .action(
      running<CheckpointFlags>(outcome, async (flags) =>
        (await import('./commands/trust-verify.ts')).printCheckpoints(flags),
      ),
    );
  examples(checkpoint, [
    ['msec trust checkpoint > kept.note', 'whoever has it can tell later whether the log was changed'],
  ]);
  addProof(trust, outcome);
  addStanding(trust, outcome);
}

function addProof(trust: Command, outcome: Outcome): void {
  const proof = trust.command('proof').description('Prove to others, offline, that one interaction is in the log.');
  const make = withLog(proof.command('make'))
    .argument('<trustor>', 'who judged')
    .argument('<trustee>', 'who was judged')
    .argument('<id>', 'of the interaction; of one that was corrected the newest word')
    .description('Print the proof: the interaction, its place, the hashes beside it, and a signed checkpoint.')
    .option('-s, --service <service>', 'of this service alone')
    .action(
      running<ProofMakeFlags>(outcome, async (flags, args) =>
        (await import('./commands/trust-proof.ts')).proveInteraction(flags, args),
      ),
    );
  examples(make, [['msec trust proof make roof-7 weather-2 reading-17 > reading-17.tlog-proof', 'a C2SP tlog-proof']]);
  const verify = common(proof.command('verify'))
    .argument('<file>', 'the proof, or - for standard input')
    .description(
      'Check a proof with nothing but the log’s public key, and print the interaction. Exit code 65: it does not hold.',
    )
    .requiredOption('-k, --public-key <file>', 'the key that signs checkpoints (PEM or DER), from a source you trust')
    .action(
      running<ProofVerifyFlags>(outcome, async (flags, args) =>
        (await import('./commands/trust-proof.ts')).verifyInteraction(flags, args[0]!),
      ),
    );
  examples(verify, [
    ['msec trust proof verify reading-17.tlog-proof --public-key log.pem', 'one signature and a few hashes'],
  ]);
}

function addStanding(trust: Command, outcome: Outcome): void {
  const word = (name: string) =>
    withLog(trust.command(name))
      .argument('<trustee>', 'whose standing')
      .requiredOption('-s, --service <service>', 'for which service')
      .requiredOption('--because <text>', 'the reason, for the record')
      .option('--by <name>', 'who decides (default: the user that runs the command)');
  const appeal = word('appeal')
    .description('Answer the appeal of a provider that is blacklisted, for good or for a while.')
    .option('--grant', 'lift the blacklisting: it is reintegrated')
    .option('--refuse', 'leave it as it is')
    .action(
      running<AppealFlags>(outcome, async (flags, args) =>
        (await import('./commands/trust-appeal.ts')).decideAppeal(flags, args[0]!),
      ),
    );
  examples(appeal, [
    ["msec trust appeal weather-2 -s temperature --grant --because 'new sensor'", 'recorded in trust.decisions'],
  ]);
  const ban = word('ban')
    .description('Blacklist a provider for good, by hand.')
    .action(
      running<BanFlags>(outcome, async (flags, args) =>
        (await import('./commands/trust-appeal.ts')).banTrustee(flags, args[0]!),
      ),
    );
  examples(ban, [
    ["msec trust ban weather-2 -s temperature --because 'it was tampered with'", 'until an appeal is granted'],
  ]);
}

function addWho(trust: Command, outcome: Outcome): void {
  const who = withLog(trust.command('who'))
    .argument('<service>', 'what is to be served')
    .description('Say who should serve a service for somebody, the most dependable first, and why.')
    .requiredOption('--for <name>', 'who is to be served')
    .option(...AT_FLAG)
    .option('--radius <metres>', 'how far from there a provider may be (default: 1000)', decimal)
    .option('-n, --limit <number>', 'at most so many (default: 5)', whole)
    .option('--among <names>', 'only these, with commas between; who has no history is a newcomer')
    .option('--without <names>', 'none of these, with commas between')
    .option('--weights <numbers>', 'a,b,c,d of D = a·T + b·R + c·R′ + d·P (default: by evidence)')
    .action(
      running<WhoFlags>(outcome, async (flags, args) =>
        (await import('./commands/trust-who.ts')).tellWho(flags, args[0]!),
      ),
    );
  examples(who, [
    ['msec trust who air-quality --for bus-17', 'by experience and reputation'],
    ['msec trust who air-quality --for bus-17 --at 40.4168,-3.7038 --radius 500', 'near a place'],
  ]);
}

function addTell(trust: Command, outcome: Outcome): void {
  const tell = withLog(trust.command('tell'))
    .argument('<trustor>', 'who was served, and judges')
    .argument('<trustee>', 'who has served')
    .argument('<service>', 'what was served')
    .argument('<satisfaction>', 'how well it went, 0 to 1')
    .description('Tell how well somebody has served somebody else: an interaction, from which scores follow.')
    .option('-w, --weight <number>', 'how much it mattered, 0 to 1,000,000 (default: 1)', decimal)
    .option(
      '--id <id>',
      'a name of its own: the same again is ignored, with another satisfaction corrected (default: random)',
    )
    .option('--time <time>', 'when it happened, e.g. 2027-01-31T12:00:00Z (default: now)')
    .option('--reason <text>', 'why, in words, for msec trust why')
    .action(
      running<TellFlags>(outcome, async (flags, args) =>
        (await import('./commands/trust-tell.ts')).tellInteraction(flags, args),
      ),
    );
  examples(tell, [
    ['msec trust tell bus-17 weather-2 air-quality 0.9', 'it went well'],
    [
      'msec trust tell bus-17 weather-2 air-quality 0 --weight 5 --reason "no answer for an hour"',
      'it did not, and it mattered',
    ],
  ]);
}

/** `msec trust verify` and `msec trust checkpoint`: scores, log and checkpoints held against each other. */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type LogReader, type ReadOnlyLog, systemClock } from '../../engine/index.ts';
import { TRUST_CHECKPOINTS, TRUST_LOG } from '../../schemas/topics/index.ts';
import { formatNote, type Note, parseNotes } from '../../schemas/trust-log/index.ts';
import { auditPartition, checkpointsOf, type PartitionAudit, publicLogKey } from '../../services/trust-audit/index.ts';
import { dataFolder, forgetMs, standingRules } from '../city/index.ts';
import type { CommonFlags } from '../common-flags.ts';
import type { Config } from '../config/index.ts';
import { EXIT } from '../exit-codes.ts';
import { NoInputError, note, paint, print, printJson, UsageError } from '../terminal.ts';
import { publicKeyOf, readLog } from './log-access.ts';
import { settingsOf } from './settings.ts';

export type CheckpointFlags = CommonFlags;

export interface VerifyFlags extends CommonFlags {
  readonly service?: string;
  readonly checkpoint?: readonly string[];
  readonly publicKey?: string;
}

const SHOWN_MAX = 20;

export async function verifyScores(flags: VerifyFlags, [trustor, trustee]: readonly string[]): Promise<number> {
  const { config } = settingsOf(flags);
  const wanted = { trustor: trustor ?? null, trustee: trustee ?? null, service: flags.service ?? null };
  const key = flags.publicKey === undefined ? folderKey(config) : keyOf(flags.publicKey);
  const kept = (flags.checkpoint ?? []).flatMap(notesIn);
  const audits = await readLog(config, async (log) => {
    const partitions = await partitionsOf(log);
    const reader = log.openReader();
    try {
      const audits: PartitionAudit[] = [];
      for (let partition = 0; partition < partitions; partition++)
        audits.push(
          await auditPartition(reader, partition, {
            ...{ wanted, key, kept, nowMs: systemClock.now() },
            ...{ standing: standingRules(config), forgetMs: forgetMs(config) },
            halfLives: {
              smallHalfLifeMs: config['trust.halfLifeSmall'],
              bigHalfLifeMs: config['trust.halfLifeBig'],
            },
          }),
        );
      return audits;
    } finally {
      await reader.close();
    }
  });
  const isGood = audits.every(({ chain, faults }) => chain.faults.length + faults.length === 0);
  const isFound = audits.some(({ agreed, partial, faults }) => agreed + partial + faults.length > 0);
  if (!isFound && isGood && (trustor !== undefined || flags.service !== undefined))
    throw new NoInputError('Neither the log nor the scores know of what was asked for.');
  if (flags.json === true) printJson({ holds: isGood, isSigned: key !== null, partitions: audits });
  else tell(audits, isGood, key !== null, flags.publicKey === undefined, kept.length);
  return isGood ? EXIT.ok.code : EXIT.data.code;
}

function tell(
  audits: readonly PartitionAudit[],
  isGood: boolean,
  isSigned: boolean,
  isFolderKey: boolean,
  kept: number,
): void {
  const sum = (of: (audit: PartitionAudit) => number): number => audits.reduce((total, audit) => total + of(audit), 0);
  const faults = audits.flatMap(({ chain, faults }) => [
    ...chain.faults.map(({ partition, offset, says }) =>
      offset < 0 ? `trust.log ${partition}: ${says}` : `trust.log ${partition}, offset ${offset}: ${says}`,
    ),
    ...faults.map(({ trustor, trustee, service, says }) => {
      const whose = trustor === null ? 'all together give' : `${trustor} gives`;
      return `the score that ${whose} ${trustee} for ${service}: ${says}`;
    }),
  ]);
  for (const line of faults.slice(0, SHOWN_MAX)) print(paint('red', line));
  const more = faults.length - SHOWN_MAX + sum(({ chain }) => chain.more);
  if (more > 0) print(`and ${more} more`);
  if (audits.some(({ pairs }) => pairs.length > 0) && sum(({ agreed, partial }) => agreed + partial) <= SHOWN_MAX)
    for (const { pairs } of audits)
      for (const { trustor, trustee, service, published, exact, gone } of pairs)
        print(
          `${trustor} trusts ${trustee} for ${service}: ${published.trust.toFixed(4)} published, ${exact.trust.toFixed(4)} from the log` +
            (gone > 0 ? `, which has ${exact.interactions} of its ${published.interactions} interactions` : ''),
        );
  print(`entries: ${sum(({ chain }) => chain.size - chain.first)}, each linked to the one before it`);
  print(
    `checkpoints: ${sum(({ chain }) => chain.checkpoints)}${isSigned ? ', all signed' : ', signatures not looked at'}`,
  );
  print(`entries behind the newest checkpoints: ${sum(({ chain }) => chain.uncovered)}`);
  print(`scores that the log gives: ${sum(({ agreed }) => agreed)}`);
  print(`of providers whose standing follows from log and decisions: ${sum(({ standings }) => standings)}`);
  const partial = sum(({ partial }) => partial);
  if (partial > 0) print(`scores of whose interactions retention has deleted some: ${partial}`);
  if (kept === 0)
    note(
      'No checkpoint that was kept elsewhere: that nobody rewrote log, scores and checkpoints together is not shown.',
    );
  if (isSigned && isFolderKey)
    note('The key is the folder’s own: take its public half from a source you trust (--public-key) to show more.');
  note(
    isGood ? paint('green', 'All of it agrees.', process.stderr) : paint('red', 'It does not agree.', process.stderr),
  );
}

export async function printCheckpoints(flags: CheckpointFlags): Promise<number> {
  const { config } = settingsOf(flags);
  const key = folderKey(config);
  if (key === null) throw new NoInputError('The folder has no key that signs checkpoints (trust-log.pem).');
  await readLog(config, async (log) => {
    const partitions = await partitionsOf(log);
    const reader = log.openReader();
    try {
      for (let partition = 0; partition < partitions; partition++) await printNewest(reader, partition, key);
    } finally {
      await reader.close();
    }
  });
  return EXIT.ok.code;
}

async function printNewest(reader: LogReader, partition: number, key: KeyObject): Promise<void> {
  const newest = (await checkpointsOf(reader, partition)).at(-1);
  if (newest !== undefined && newest.signature.length > 0) process.stdout.write(formatNote(newest, key));
}

/** How many the log of interactions has. */
export async function partitionsOf(log: ReadOnlyLog): Promise<number> {
  const topics = await log.describe([TRUST_LOG, TRUST_CHECKPOINTS]);
  const [topic] = topics;
  if (topics.length < 2 || topic === undefined)
    throw new NoInputError(
      `There is no topic ${TRUST_LOG}: interactions are logged where trust.enabled and trust.log say so.`,
    );
  return topic.partitions;
}

export const folderKey = (config: Config): KeyObject | null =>
  publicLogKey(dataFolder(config.data, config['keys.folder']).keys);

/** The public key in a file. */
export function keyOf(file: string): KeyObject {
  const der = Buffer.from(publicKeyOf(file), 'base64');
  try {
    return createPublicKey({ key: der, format: 'der', type: 'spki' });
  } catch {
    throw new UsageError(`${file} is no public key, in PEM or DER`);
  }
}

function notesIn(file: string): Note[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    throw new NoInputError(`${file} cannot be read`);
  }
  return parseNotes(text);
}

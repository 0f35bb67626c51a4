/** `msec trust why`: the interactions that moved a score most, in words. */
import { partitionForKey } from '../../engine/index.ts';
import { type Influence, influences, type Logged, pairOf } from '../../services/trust-audit/index.ts';
import type { CommonFlags } from '../common-flags.ts';
import { EXIT } from '../exit-codes.ts';
import { NoInputError, note, paint, print, printJson } from '../terminal.ts';
import { readLog } from './log-access.ts';
import { settingsOf } from './settings.ts';
import { partitionsOf } from './trust-verify.ts';

export interface WhyFlags extends CommonFlags {
  readonly service?: string;
  readonly limit: number;
}

export async function tellWhyTrusted(flags: WhyFlags, [trustor, trustee]: readonly string[]): Promise<number> {
  const { config } = settingsOf(flags);
  const wanted = { trustor: trustor!, trustee: trustee!, service: flags.service ?? null };
  const { chain, books } = await readLog(config, async (log) => {
    const partitions = await partitionsOf(log);
    const key = Buffer.from(trustee!);
    const reader = log.openReader();
    try {
      return await pairOf(reader, partitionForKey(key, 0, key.length, partitions), wanted);
    } finally {
      await reader.close();
    }
  });
  if (books.length === 0)
    throw new NoInputError(`${trustor} has had no interaction with ${trustee} that the log knows of.`);
  const halfLives = { smallHalfLifeMs: config['trust.halfLifeSmall'], bigHalfLifeMs: config['trust.halfLifeBig'] };
  for (const [i, book] of books.entries()) {
    const { score, influences: all } = influences(book.interactions, halfLives);
    const shown = all.slice(0, flags.limit);
    if (flags.json === true) {
      printJson({ ...wanted, service: book.service, score, influences: shown, more: all.length - shown.length });
      continue;
    }
    if (i > 0) print('');
    print(`${trustor} trusts ${trustee} for ${book.service}: ${paint('bold', score.trust.toFixed(3))}`);
    const window = score.small.mean - score.small.deviation < score.big.mean - score.big.deviation ? 'small' : 'big';
    const { mean, deviation } = score[window];
    print(
      `from ${count(all.length, 'interaction')}: the ${window} window decides, with a mean of ${mean.toFixed(3)} less a deviation of ${deviation.toFixed(3)}`,
    );
    print('');
    for (const influence of shown) print(`  ${lineOf(influence)}`);
    if (all.length > shown.length) print(`  and ${all.length - shown.length} that moved it less`);
  }
  const [fault] = chain.faults;
  if (fault !== undefined)
    note(paint('red', `The log does not hold (msec trust verify tells more): ${fault.says}.`, process.stderr));
  return fault === undefined ? EXIT.ok.code : EXIT.data.code;
}

function lineOf({ interaction, moved, smallShare, bigShare }: Influence<Logged>): string {
  const { timeMs, satisfaction, reason, corrects, id } = interaction;
  const effect = Number.isNaN(moved)
    ? 'is all there is'
    : Math.abs(moved) < 0.0005
      ? 'hardly moves it'
      : `${moved < 0 ? 'lowers' : 'raises'} it by ${Math.abs(moved).toFixed(3)}`;
  const what = `${paint(satisfaction < 0.5 ? 'red' : 'green', `${percent(satisfaction)} satisfied`)}, ${effect}`;
  const why = reason === '' ? '' : `: ${reason}`;
  const corrected = corrects < 0 ? '' : `, corrected (before: entry ${corrects})`;
  const shares = `${percent(smallShare)} of the small window, ${percent(bigShare)} of the big one`;
  return `${time(timeMs)}  ${what}${why}  (${id}${corrected}; ${shares})`;
}

const percent = (share: number): string => `${(100 * share).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %`;
const count = (number: number, name: string): string => `${number} ${name}${number === 1 ? '' : 's'}`;
const time = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

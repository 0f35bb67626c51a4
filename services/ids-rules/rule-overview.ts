/** What ids.rules says at this moment, for who looks: also beside an engine that has the log, without changing anything. */
import type { KeyObject } from 'node:crypto';
import { openBundle } from '../../actors/detect/index.ts';
import { errorData, type ReadOnlyLog } from '../../engine/index.ts';
import { IDS_RULES } from '../../schemas/topics/index.ts';
import { isOrderSigned } from './roll-back-order.ts';
import { RuleBook, type TurnCheck } from './rule-book.ts';
import type { BundleRecord, RefusalRecord, TurnRecord } from './rule-records.ts';

export interface RuleOverview {
  readonly inForce: TurnRecord | null;
  /** The highest version first. */
  readonly bundles: readonly (BundleRecord & { readonly refused: string | null })[];
  /** The latest first. */
  readonly turns: readonly TurnRecord[];
  readonly refusals: readonly RefusalRecord[];
}

/** `refused`: by digest, why bundles that came through the topic are not taken here. */
export function overviewOf(
  { bundles, turns, refusals, turn }: RuleBook,
  refused: ReadonlyMap<string, string>,
): RuleOverview {
  return {
    inForce: turn,
    bundles: [...bundles.values()]
      .sort((a, b) => b.version - a.version)
      .map((bundle) => ({ ...bundle, refused: refused.get(bundle.digest) ?? null })),
    turns: [...turns.values()].sort((a, b) => b.sequence - a.sequence),
    refusals: [...refusals.values()].sort((a, b) => b.number - a.number),
  };
}

/** Of a log that others may write to meanwhile. */
export async function readOverview(
  log: ReadOnlyLog,
  keys: readonly KeyObject[],
  signsRollBacks = false,
): Promise<RuleOverview> {
  const refused = new Map<string, string>();
  const book = new RuleBook(log.openReader(), turnCheck(keys, signsRollBacks));
  try {
    if ((await log.describe([IDS_RULES])).length > 0)
      await book.read({
        whole: (bundle, bytes) => {
          const why = whyNotTaken(bundle, bytes, keys);
          if (why === null) refused.delete(bundle.digest);
          else refused.set(bundle.digest, why);
        },
        gone: (digest) => refused.delete(digest),
        // The engine tells of it.
        unreadable: () => undefined,
      });
    return overviewOf(book, refused);
  } finally {
    await book.close();
  }
}

/** Where roll-backs are signed, one without a signature of a trusted key is none. */
export function turnCheck(keys: readonly KeyObject[], signsRollBacks: boolean): TurnCheck {
  if (!signsRollBacks) return () => null;
  return ({ kind, sequence, digest, by, why, signature }) => {
    if (kind !== 'roll-back') return null;
    const order = { after: sequence - 1, digest, by, why };
    return signature !== undefined && isOrderSigned(order, signature, keys)
      ? null
      : 'no key that is trusted has signed it';
  };
}

/** Whoever can write to the topic need not have a key. */
export function whyNotTaken(
  { digest, version }: BundleRecord,
  bytes: Uint8Array | null,
  keys: readonly KeyObject[],
): string | null {
  if (bytes === null) return 'not all of its parts are in ids.rules';
  try {
    const opened = openBundle(bytes, keys);
    return opened.digest === digest && opened.version === version ? null : 'it is not the bundle of its record';
  } catch (thrown) {
    return errorData(thrown).message;
  }
}

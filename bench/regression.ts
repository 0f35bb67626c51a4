/**
 * Whether a run is worse than an earlier one of the same workload and form. Ratios are compared, since peers were
 * measured beside them on the same machine; of figures without a peer only amounts (bytes, differences), which do not
 * depend on how fast the machine is. Worse means: by more than the margin, and outside of the spread of both.
 */
import { numberText } from './numbers.ts';
import type { Result } from './result.ts';
import type { Figure, Spread } from './workload.ts';

/** A share of the earlier median. */
const MARGIN = 0.1;
/** Where a side has so few runs that its spread says nothing. */
const MARGIN_FEW_RUNS = 0.3;
const FEW_RUNS = 3;
const AMOUNT = /^(?:bytes|KB|MB|GB|differences|wrong)\b/;

/** A sentence for each; none: as good as before. */
export function regressions(now: Result, before: Result): string[] {
  const found: string[] = [];
  for (const was of before.figures) {
    const is = now.figures.find(({ name }) => name === was.name);
    if (is === undefined) {
      found.push(`${was.name} is not measured any more; ${since(before)} it was`);
      continue;
    }
    for (const [what, spreads] of Object.entries(compared(is, was))) {
      const [isNow, wasThen] = spreads;
      if (isNow === undefined) found.push(`${was.name} is not compared with ${what} any more; ${since(before)} it was`);
      else if (isWorse(isNow, wasThen, was.isLessBetter)) {
        const unit = what === was.unit ? ` ${what}` : ` × ${what}`;
        const percent = Math.round(Math.abs(isNow.median / wasThen.median - 1) * 100);
        found.push(
          `${was.name}: ${withSpread(isNow)}${unit}, and ${since(before)} ${withSpread(wasThen)}: ` +
            `${Number.isFinite(percent) ? `${percent} % ` : ''}${was.isLessBetter ? 'more' : 'less'}`,
        );
      }
    }
  }
  return found;
}

function compared(is: Figure, was: Figure): Record<string, readonly [Spread | undefined, Spread]> {
  const pairs: Record<string, readonly [Spread | undefined, Spread]> = {};
  for (const [peer, ratio] of Object.entries(was.ratios)) pairs[peer] = [is.ratios[peer], ratio];
  if (was.judged === 'ours' && AMOUNT.test(was.unit)) pairs[was.unit] = [is.ours, was.ours];
  return pairs;
}

function isWorse(is: Spread, was: Spread, isLessBetter: boolean): boolean {
  const margin = Math.min(is.runs, was.runs) < FEW_RUNS ? MARGIN_FEW_RUNS : MARGIN;
  return isLessBetter
    ? is.min > was.max && is.median > was.median * (1 + margin)
    : is.max < was.min && is.median < was.median * (1 - margin);
}

function since({ environment }: Result): string {
  return `at ${environment.commit.slice(0, 12)}`;
}

function withSpread({ min, median, max, runs }: Spread): string {
  return runs === 1 ? numberText(median) : `${numberText(median)} (${numberText(min)} to ${numberText(max)})`;
}

/**
 * What is told of one workload: a line of text for each figure, or one JSON object (bench/report.schema.json), in which
 * the first figure stands for the workload and `figures` holds all of them. A workload has failed when a part of it has.
 */
import type { Environment } from './environment.ts';
import { numberText } from './numbers.ts';
import type { Result } from './result.ts';
import type { AnyWorkload, Curve, Figure, Spread } from './workload.ts';

export interface Report {
  readonly name: string;
  readonly says: string;
  readonly form: 'full' | 'quick';
  readonly state: 'measured' | 'pending' | 'failed';
  /** Why there is no figure, or what failed beside those that there are. */
  readonly reason: string | null;
  readonly unit: string | null;
  readonly ours: Spread | null;
  readonly peers: Readonly<Record<string, Spread>>;
  readonly ratios: Readonly<Record<string, Spread>>;
  readonly judged: string | null;
  readonly isLessBetter: boolean | null;
  readonly floor: number | null;
  readonly aim: number | null;
  /** Every floor is reached; null where nothing was measured because it cannot be yet. */
  readonly pass: boolean | null;
  readonly figures: readonly Figure[];
  readonly curves: readonly Curve[];
  /** Against the committed result, a sentence for each; null where that was not asked for or there is none. */
  readonly regressions: readonly string[] | null;
  /** Measured by an earlier run that this one goes on from. */
  readonly isKept: boolean;
  readonly tookSeconds: number | null;
  readonly environment: Environment | null;
}

const NOTHING = {
  unit: null,
  ours: null,
  peers: {},
  ratios: {},
  judged: null,
  isLessBetter: null,
  floor: null,
  aim: null,
  figures: [],
  curves: [],
  regressions: null,
  isKept: false,
  tookSeconds: null,
  environment: null,
} as const;

export function reportWithout(
  { name, says }: AnyWorkload,
  isQuick: boolean,
  state: 'pending' | 'failed',
  reason: string,
): Report {
  const pass = state === 'pending' ? null : false;
  return { name, says, form: formOf(isQuick), state, reason, ...NOTHING, pass };
}

export function reportOf(result: Result, regressions: readonly string[] | null, isKept: boolean): Report {
  const { figures, curves = [], failures = [], tookSeconds, environment } = result;
  const first = figures[0];
  return {
    name: result.workload,
    says: result.says,
    form: formOf(result.isQuick),
    state: failures.length > 0 ? 'failed' : 'measured',
    reason: failures.length > 0 ? failures.join('; ') : null,
    ...NOTHING,
    ...(first === undefined ? {} : headline(first)),
    pass: failures.length === 0 && figures.every(({ pass }) => pass),
    figures,
    curves,
    regressions,
    isKept,
    tookSeconds,
    environment,
  };
}

function headline({ unit, ours, peers, ratios, judged, isLessBetter, floor, aim }: Figure): Partial<Report> {
  return { unit, ours, peers, ratios, judged, isLessBetter, floor, aim };
}

const formOf = (isQuick: boolean) => (isQuick ? 'quick' : 'full');

export function isGood({ pass, regressions }: Report): boolean {
  return pass !== false && (regressions ?? []).length === 0;
}

export function textLines({ name, state, reason, figures, regressions, isKept }: Report): string[] {
  if (state === 'pending') return [`pending  ${name}: ${reason}`];
  return [
    ...figures.map((one) => `${textOf(one)}${isKept ? ' [kept]' : ''}`),
    ...(state === 'failed' ? [`FAILED   ${name}: ${reason}`] : []),
    ...(regressions ?? []).map((sentence) => `WORSE    ${sentence}`),
  ];
}

function textOf({ name, unit, ours, ratios, floor, aim, judged, pass }: Figure): string {
  const times = Object.entries(ratios).map(([peer, { median }]) => `, ${numberText(median)} × ${peer}`);
  const bar = floor === null ? '' : ` (floor ${floor}, aim ${aim}${judged === 'ours' ? '' : ` × ${judged}`})`;
  const verdict = floor === null ? 'told   ' : pass ? 'reached' : 'MISSED ';
  return `${verdict}  ${name}: ${numberText(ours.median)} ${unit}${times.join('')}${bar}`;
}

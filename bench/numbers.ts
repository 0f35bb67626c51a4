/** Numbers as a reader wants them: three digits behind the point at most, groups in thousands. */
import type { Spread } from './workload.ts';

export function numberText(value: number): string {
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en-US');
  if (Math.abs(value) >= 100) return String(Math.round(value * 10) / 10);
  return String(Math.round(value * 1000) / 1000);
}

/** In Markdown. */
export function spreadText({ min, median, max, runs }: Spread): string {
  if (runs === 1) return `**${numberText(median)}**`;
  return `${numberText(min)} · **${numberText(median)}** · ${numberText(max)}`;
}

/** 1,234,567 → 1.23 M: where there is little room. */
export function shortText(value: number): string {
  const magnitude = Math.abs(value);
  const [unit, name] = ([[1e9, ' G'] as const, [1e6, ' M'] as const, [1e4, ' k'] as const] as const).find(
    ([least]) => magnitude >= least,
  ) ?? [1, ''];
  const scaled = value / (unit === 1e4 ? 1e3 : unit);
  return `${Number(scaled.toPrecision(3))}${name}`;
}

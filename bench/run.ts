/**
 * The benchmarks: without names lists them, else runs those named, one after another.
 *   npm run bench -- [NAME… | all] [--quick] [--json] [--minutes N] [--folder PATH]
 * Exit code 1 where a floor is missed, 64 for a wrong call. Each result is kept in results/ and in RESULTS.md.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { environment } from './environment.ts';
import { saveResult } from './results.ts';
import type { Figure } from './workload.ts';
import { WORKLOADS } from './workloads.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    minutes: { type: 'string' },
    folder: { type: 'string', default: tmpdir() },
  },
});

process.exitCode = await main();

async function main(): Promise<number> {
  if (positionals.length === 0) {
    const width = Math.max(...WORKLOADS.map(({ name }) => name.length));
    for (const { name, says } of WORKLOADS) console.log(`${name.padEnd(width)}  ${says}`);
    return 0;
  }
  const names = positionals.includes('all') ? WORKLOADS.map(({ name }) => name) : positionals;
  const unknown = names.filter((name) => WORKLOADS.every((workload) => workload.name !== name));
  const minutes = values.minutes === undefined ? null : Number(values.minutes);
  if (unknown.length > 0 || (minutes !== null && !(minutes > 0))) {
    console.error(unknown.length > 0 ? `no workload is called ${unknown.join(', ')}` : '--minutes takes a number');
    return 64;
  }
  mkdirSync(values.folder, { recursive: true });
  let isGood = true;
  for (const name of names) for (const one of await runWorkload(name, minutes)) isGood &&= one.pass;
  return isGood ? 0 : 1;
}

async function runWorkload(name: string, minutes: number | null): Promise<readonly Figure[]> {
  const workload = WORKLOADS.find((other) => other.name === name)!;
  const folder = mkdtempSync(join(values.folder, `msec-bench-${name}-`));
  const startedAt = performance.now();
  const where = environment();
  const progress = (text: string) => console.error(`${name}: ${text}`);
  try {
    const figures = await workload.run({ isQuick: values.quick, minutes, folder, progress });
    const tookSeconds = (performance.now() - startedAt) / 1000;
    const { says } = workload;
    saveResult({ workload: name, says, isQuick: values.quick, tookSeconds, environment: where, figures });
    for (const one of figures) console.log(values.json ? JSON.stringify(one) : textOf(one));
    return figures;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function textOf({ name, unit, ours, ratios, floor, aim, judged, pass }: Figure): string {
  const round = (value: number) => (value >= 100 ? Math.round(value) : Math.round(value * 1000) / 1000);
  const times = Object.entries(ratios).map(([peer, { median }]) => `, ${round(median)} × ${peer}`);
  const bar = `floor ${floor}, aim ${aim}${judged === 'ours' ? '' : ` × ${judged}`}`;
  return `${pass ? 'reached' : 'MISSED '}  ${name}: ${round(ours.median)} ${unit}${times.join('')} (${bar})`;
}

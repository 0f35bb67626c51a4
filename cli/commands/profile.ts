/** `msec profile`: a flame graph of the configured job under load, its worker threads and the main one. */

import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { MsecError, systemClock } from '../../engine/index.ts';
import { profileThreads, type StepResult, type ThreadProfile, type ThreadProfiles } from '../load/index.ts';
import { type CallTree, callTree, flameGraph, groupTimes } from '../profile/index.ts';
import { note, paint, print, printJson, UsageError } from '../terminal.ts';
import { describeLoad, type LoadFlags, loadOf, withLoad } from './load-settings.ts';

export interface ProfileFlags extends LoadFlags {
  readonly seconds: number;
  readonly out: string;
  readonly rate?: number;
  readonly raw?: string;
}

const SECONDS_MAX = 600;
const RATE = { each: 5_000, batch: 50_000, none: 50_000 } as const;
const INTERVAL_US = 1_000;
const WARM_UP_MS = 2_000;
const ROOT = new URL('../../', import.meta.url).href;

export async function runProfile(flags: ProfileFlags): Promise<number> {
  const { seconds, out, raw } = flags;
  if (seconds < 1 || seconds > SECONDS_MAX)
    throw new UsageError(`--seconds must be 1 to ${SECONDS_MAX}, is ${seconds}`);
  const load = loadOf(flags);
  const rate = flags.rate ?? RATE[load.signed];
  if (rate < 1) throw new UsageError(`--rate must be at least 1, is ${rate}`);
  const isJson = flags.json === true;
  const description = describeLoad(load);
  if (!isJson) print(description);
  const profile: ThreadProfile = { channel: `msec-profile-${randomBytes(8).toString('hex')}`, intervalUs: INTERVAL_US };
  const [profiles, step] = await withLoad(load, flags.scratch ?? null, profile, async ({ job, fleet, steps }) => {
    if (!isJson)
      print(
        paint(
          'dim',
          `${rate.toLocaleString('en')} frames per second for ${seconds} s, after ${WARM_UP_MS / 1000} s to warm up…`,
        ),
      );
    await steps.run({ rate, warmUpMs: 0, measureMs: WARM_UP_MS });
    const options = { rate, warmUpMs: 0, measureMs: seconds * 1_000 };
    // Signing is the devices' work: done before, it is in no profile.
    fleet.prepare(steps.framesOf(options));
    let step: StepResult | null = null;
    const profiles = await profileThreads(profile, job.workers, systemClock, async () => {
      step = await steps.run(options);
    });
    return [profiles, step as StepResult | null] as const;
  });
  const trees = treesOf(profiles);
  write(out, flameGraph({ title: 'msec profile', subtitle: subtitleOf(description, rate), trees }));
  if (raw !== undefined) writeRaw(raw, profiles);
  if (isJson) printJson(asJson(out, rate, trees, step));
  else for (const line of asText(out, raw, trees)) print(line);
  if (step?.isHeld === false)
    note(
      paint(
        'yellow',
        `The job did not keep up with ${rate.toLocaleString('en')} frames per second (${step.because}).`,
        process.stderr,
      ),
    );
  return 0;
}

function treesOf({ main, workers }: ThreadProfiles): CallTree[] {
  return [callTree('Workers', [...workers.values()], ROOT), callTree('Main thread', [main], ROOT)];
}

const subtitleOf = (description: string, rate: number): string =>
  `${description}; ${rate.toLocaleString('en')} frames per second; a sample every ${INTERVAL_US / 1000} ms`;

function asText(out: string, raw: string | undefined, trees: readonly CallTree[]): string[] {
  const lines: string[] = [];
  for (const { root, busyUs, wallUs } of trees) {
    lines.push('', paint('bold', `${root.name}, ${((busyUs * 100) / Math.max(1, wallUs)).toFixed(0)} % busy`));
    for (const { group, selfUs } of groupTimes(root).slice(0, 8))
      lines.push(`  ${((selfUs * 100) / Math.max(1, busyUs)).toFixed(1).padStart(5)} %  ${group}`);
  }
  lines.push('', `Flame graph: ${out}${raw === undefined ? '' : `; profiles for a browser's developer tools: ${raw}`}`);
  return lines;
}

function asJson(out: string, rate: number, trees: readonly CallTree[], step: StepResult | null) {
  return {
    out: resolve(out),
    rate,
    isHeld: step?.isHeld ?? null,
    threads: trees.map(({ root, threads, busyUs, wallUs }) => ({
      name: root.name,
      threads,
      busy: busyUs / Math.max(1, wallUs),
      groups: Object.fromEntries(groupTimes(root).map(({ group, selfUs }) => [group, selfUs / Math.max(1, busyUs)])),
    })),
  };
}

function writeRaw(folder: string, { main, workers }: ThreadProfiles): void {
  for (const [thread, profile] of [['main', main] as const, ...workers])
    write(join(folder, `${thread}.cpuprofile`), JSON.stringify(profile));
}

function write(file: string, text: string): void {
  try {
    mkdirSync(dirname(resolve(file)), { recursive: true });
    writeFileSync(file, text);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new MsecError('DATA_UNUSABLE', `${file} cannot be written (${code})`, { cause });
  }
}

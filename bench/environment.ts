/** Where and with what a result was measured. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';

/** All but what the benchmarks write themselves. */
const SOURCES = ['--', ':(top)', ':(top,exclude)bench/results', ':(top,exclude)bench/RESULTS.md'];

const MEMORY = '/proc/meminfo';
/** In KiB. */
const HALF_GIBIBYTE = 2 ** 19;
/** Of all memory: what the topics of W1 and W8, a broker and the kernel's own take, and no file has to make room first. */
const FREE_SHARE_MIN = 0.25;
const OUTPUT_BYTES_MAX = 256 * 1024 * 1024;

export interface Environment {
  readonly machine: string;
  readonly cores: number;
  readonly memoryGigabytes: number;
  /** What nothing holds, and what the kernel holds of files, at the start; absent in results from before they were asked. */
  readonly freeGigabytes?: number;
  readonly pageCacheGigabytes?: number;
  readonly kernel: string;
  readonly node: string;
  /** Node's own, which verifies signatures. */
  readonly nodeOpenssl: string;
  /** The command line's, which is measured against. */
  readonly openssl: string;
  readonly commit: string;
  readonly hasLocalChanges: boolean;
  /** Of the minute before the run: what else the machine was doing. */
  readonly loadAverage: number;
  readonly startedAt: string;
}

export function environment(): Environment {
  return {
    machine: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGigabytes: Math.round(totalmem() / 2 ** 30),
    ...memoryAtStart(),
    kernel: release(),
    node: process.version,
    nodeOpenssl: process.versions.openssl,
    openssl: output('openssl', 'version') || 'none',
    commit: output('git', 'rev-parse', 'HEAD') || 'unknown',
    hasLocalChanges: output('git', 'status', '--porcelain', '--untracked-files=no', ...SOURCES) !== '',
    loadAverage: Math.round(loadavg()[0]! * 100) / 100,
    startedAt: new Date().toISOString(),
  };
}

/** By Linux's /proc/meminfo; nothing where there is none. */
export function memoryAtStart(
  meminfo: string = existsSync(MEMORY) ? readFileSync(MEMORY, 'latin1') : '',
): Pick<Environment, 'freeGigabytes' | 'pageCacheGigabytes'> {
  const gigabytes = (name: string) => {
    const [, kibibytes] = new RegExp(`^${name}: +(\\d+) kB`, 'm').exec(meminfo) ?? [];
    return kibibytes === undefined ? null : Math.round(Number(kibibytes) / HALF_GIBIBYTE) / 2;
  };
  const [free, cached] = [gigabytes('MemFree'), gigabytes('Cached')];
  return free === null || cached === null ? {} : { freeGigabytes: free, pageCacheGigabytes: cached };
}

/** What spoils figures before they are measured, each a sentence. */
export function warnings({ memoryGigabytes, freeGigabytes = Infinity, pageCacheGigabytes }: Environment): string[] {
  if (freeGigabytes >= memoryGigabytes * FREE_SHARE_MIN) return [];
  return [
    `only ${freeGigabytes} of ${memoryGigabytes} GiB of memory are free, and the page cache holds ${pageCacheGigabytes}: who writes files ` +
      'is slower for it, a broker by half; as root, `sync; echo 1 > /proc/sys/vm/drop_caches` empties it',
  ];
}

/** The sources that are measured, down to what is not committed: equal states are equal texts. */
export function stateOfSources(): string {
  const changes = output('git', 'diff', 'HEAD', ...SOURCES) + output('git', 'status', '--porcelain', ...SOURCES);
  const digest = createHash('sha256').update(changes).digest('hex');
  return `${output('git', 'rev-parse', 'HEAD')} ${digest}`;
}

/** The text of a file as it is committed, null where it is not. */
export function committedText(revision: string, path: string): string | null {
  return output('git', 'show', `${revision}:./${path}`) || null;
}

function output(program: string, ...args: readonly string[]): string {
  try {
    return execFileSync(program, args, {
      cwd: import.meta.dirname,
      encoding: 'utf8',
      stdio: 'pipe',
      maxBuffer: OUTPUT_BYTES_MAX,
    }).trim();
  } catch {
    return '';
  }
}

/**
 * Results as files: results/NAME.json of the full form, results/quick/NAME.json of the quick one, each with its plot
 * beside it, and RESULTS.md, the page made from all of the full ones.
 */
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { resultPlot } from './plots/result-plot.ts';
import type { Result } from './result.ts';
import { resultsPage } from './results-page.ts';
import type { AnyWorkload } from './workload.ts';

/** Below the folder of the benchmarks. */
export function resultPath(workload: string, isQuick: boolean): string {
  return join('results', ...(isQuick ? ['quick'] : []), `${workload}.json`);
}

export class ResultFiles {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  /** Null where that form was never measured. */
  read(workload: string, isQuick: boolean): Result | null {
    const path = join(this.#root, resultPath(workload, isQuick));
    return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Result) : null;
  }

  /** `workloads` are all that there are, so that the page shows those without a result too. */
  save(result: Result, workloads: readonly AnyWorkload[]): void {
    const path = join(this.#root, resultPath(result.workload, result.isQuick));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `${JSON.stringify(result, null, 2)}\n`);
    writeFileSync(path.replace(/json$/, 'svg'), resultPlot(result));
    if (!result.isQuick) this.writePage(workloads);
  }

  writePage(workloads: readonly AnyWorkload[]): void {
    const results = globSync('results/*.json', { cwd: this.#root })
      .map((file) => JSON.parse(readFileSync(join(this.#root, file), 'utf8')) as Result)
      .toSorted((a, b) => (a.workload < b.workload ? -1 : 1));
    const hasPlot = ({ workload }: Result) => existsSync(join(this.#root, 'results', `${workload}.svg`));
    writeFileSync(join(this.#root, 'RESULTS.md'), resultsPage(results, workloads, hasPlot));
  }

  /** Draws every plot anew and writes the page. */
  redraw(workloads: readonly AnyWorkload[]): void {
    for (const file of globSync('results/{,quick/}*.json', { cwd: this.#root })) {
      const path = join(this.#root, file);
      writeFileSync(path.replace(/json$/, 'svg'), resultPlot(JSON.parse(readFileSync(path, 'utf8')) as Result));
    }
    this.writePage(workloads);
  }
}

/**
 * What a frame costs one thread, from samples of its processor time at each fetch. The least of many short stretches is what a
 * busy machine cannot blur.
 */
export class Stretches {
  readonly #samples: (readonly [frames: number, microseconds: number])[] = [];

  /** So many frames are through. */
  mark(frames: number): void {
    const { user, system } = process.threadCpuUsage();
    this.#samples.push([frames, user + system]);
  }

  /** ns a frame, of stretches of so many fetches; the first third warms up. A kernel may count processor time in ticks of some milliseconds. */
  report(fetches: number, decimals = 0): string {
    const total = this.#samples.at(-1)?.[0] ?? 0;
    const warm = this.#samples.filter(([frames]) => frames > total / 3);
    const costs = warm.slice(fetches).map(([frames, microseconds], i) => {
      return ((microseconds - warm[i]![1]) * 1000) / (frames - warm[i]![0]);
    });
    const sorted = costs.filter(Number.isFinite).toSorted((a, b) => a - b);
    const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)]?.toFixed(decimals);
    return `ns a frame: least ${at(0)}, a tenth ${at(0.1)}, median ${at(0.5)}, of ${sorted.length} stretches`;
  }
}

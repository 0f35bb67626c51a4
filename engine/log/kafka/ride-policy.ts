/** When a task shares the transactions of its process (producer/carrying.ts). */
export interface RidePolicy {
  /** Who has committed so often in a row, each so soon after the last and so little, rides from then on. */
  readonly commits: number;
  readonly withinMs: number;
  readonly bytesMax: number;
  /** Fewer than so many riders share nothing. */
  readonly ridersMin: number;
  /** After a failure everyone goes by itself for so long: what was refused is then refused alone. */
  readonly aloneMs: number;
}

export const RIDE_POLICY: RidePolicy = {
  commits: 8,
  withinMs: 60,
  bytesMax: 256 * 1024,
  ridersMin: 2,
  aloneMs: 5_000,
};

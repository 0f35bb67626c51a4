/** Event time moves on in steps of this; a topic between two tasks carries one record for each step. */
export const WATERMARK_STEP_MS = 1000;

export function nextStep(watermark: number): number {
  if (watermark === Number.NEGATIVE_INFINITY) return watermark;
  return Math.floor(watermark / WATERMARK_STEP_MS) * WATERMARK_STEP_MS + WATERMARK_STEP_MS;
}

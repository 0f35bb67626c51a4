/**
 * Whether a bundle can be put in force: opened and compiled as the workers will, in a thread of its own, so that nothing
 * waits for it and a bundle that takes too much memory takes nothing else with it.
 */
import type { KeyObject } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { MsecError } from '../../engine/index.ts';
import type { BundleToCheck, BundleVerdict, CheckedBundle } from './check-messages.ts';

/** SIGNATURE_INVALID, RULES_INVALID. */
export type CheckBundle = (bundle: Uint8Array, keys: readonly KeyObject[]) => Promise<CheckedBundle>;

/** Less than a worker has: two sets are there while one takes the place of the other. */
const HEAP_MEGABYTES_MAX = 256;
const TIME_MS_MAX = 120_000;
const THREAD = import.meta.url.endsWith('.js')
  ? new URL('./bundle-check-thread.js', import.meta.url)
  : new URL('./bundle-check-thread.ts', import.meta.url);

export const checkInThread: CheckBundle = async (bundle, keys) => {
  const toCheck: BundleToCheck = {
    bundle,
    keys: keys.map((key) => key.export({ format: 'pem', type: 'spki' }) as string),
  };
  const worker = new Worker(THREAD, {
    name: 'bundle-check',
    workerData: toCheck,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MEGABYTES_MAX },
  });
  const timer = setTimeout(() => void worker.terminate(), TIME_MS_MAX);
  try {
    const verdict = await new Promise<BundleVerdict>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', (error: NodeJS.ErrnoException) => {
        const isTooMuch = error.code === 'ERR_WORKER_OUT_OF_MEMORY';
        const says = isTooMuch ? `its rules take more than ${HEAP_MEGABYTES_MAX} MB` : error.message;
        reject(new MsecError('RULES_INVALID', `bundle of rules: ${says}`, { cause: error }));
      });
      worker.once('exit', () =>
        reject(new MsecError('RULES_INVALID', `bundle of rules: it is not compiled in ${TIME_MS_MAX / 1000} s`)),
      );
    });
    if ('checked' in verdict) return verdict.checked;
    const { code, message, field } = verdict.error;
    throw new MsecError(code, message, field === undefined ? {} : { field });
  } finally {
    clearTimeout(timer);
    await worker.terminate();
  }
};

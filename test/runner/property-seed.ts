/** Loaded before each test file: what properties draw follows from the run's seed, so that `--seed=N` repeats a failure. */
import fc from 'fast-check';

const seed = process.env.MSEC_TEST_SEED;
if (seed !== undefined) fc.configureGlobal({ seed: Number(seed) });

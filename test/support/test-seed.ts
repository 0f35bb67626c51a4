/** The seed of this run of the tests (`npm test -- --seed=N`, the runner prints it): it repeats what a test drew. */
export function testSeed(): number {
  return Number(process.env.MSEC_TEST_SEED ?? Date.now() % 1_000_000_000);
}

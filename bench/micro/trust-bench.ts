/**
 * The trust actor in one task of one partition, over batches that lie in memory, commits answered at once: what an
 * interaction costs by itself, and what a pair takes. First every pair is made, then interactions of random pairs follow.
 *   bin/node24 bench/micro/trust-bench.ts [--pairs 1000000] [--interactions 2000000] [--told]
 */
import { parseArgs } from 'node:util';
import { runTrustTask } from '../load/trust-task-run.ts';

const { values } = parseArgs({
  options: {
    pairs: { type: 'string', default: '1000000' },
    interactions: { type: 'string', default: '2000000' },
    told: { type: 'boolean', default: false },
  },
});

const { pairs, stateBytesPerPair, stretches, perSecond, perProcessorSecond } = await runTrustTask({
  pairs: Number(values.pairs),
  interactions: Number(values.interactions),
  isTold: values.told,
});
const costs = stretches.toSorted((a, b) => a - b);
const at = (share: number) => Math.round(costs[Math.floor((costs.length - 1) * share)]!);
console.log(
  `${Math.round(perSecond)} interactions/s, ${Math.round(perProcessorSecond)} a second of the processor; ns each: least ${at(0)}, a tenth ${at(0.1)}, median ${at(0.5)}`,
);
console.log(`${pairs} pairs of ${stateBytesPerPair.toFixed(1)} bytes`);
process.exit(0);

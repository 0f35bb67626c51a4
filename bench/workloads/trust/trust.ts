/**
 * Trust and reputation beside four published models: mean satisfaction in random sensor networks under four behaviours, what
 * attackers gain, and the next rating of the Bitcoin-OTC network. Ours are told by the trust actor itself: what happens in a network
 * goes through the engine's task, and a choice knows what `trust.scores` says. Nothing here is a timing: a seed gives the same
 * figures on every machine. Tuning seeds and judging seeds are apart, and parameters were laid down before judging (decision 0041).
 */
import type { Workload } from '../../workload.ts';
import { underAttack } from './attacks.ts';
import { inNetworks } from './networks.ts';
import { asPublished } from './published.ts';
import { onRatings } from './ratings.ts';

const SEEDS = 30;
const SEEDS_QUICK = 4;

export const trust: Workload = {
  name: 'trust',
  says: 'trust and reputation beside EigenTrust, PeerTrust, PowerTrust and BTRM-WSN, in networks and on real ratings',
  async run({ isQuick, progress }) {
    const seeds = isQuick ? SEEDS_QUICK : SEEDS;
    const { figures, curves } = await inNetworks(seeds, progress);
    figures.push(...(await underAttack(seeds, progress)));
    const rated = onRatings(progress);
    if (rated !== null) figures.push(rated);
    figures.push(asPublished(progress));
    return { figures, curves };
  },
};

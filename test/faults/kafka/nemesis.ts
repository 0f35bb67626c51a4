/** What befalls the whole line between clients and broker, now and then: nothing passes, one kind of request does not, all is cut. */
import { pause, type Random, randomBelow, systemClock } from '../../../engine/index.ts';
import type { FaultProxy } from './proxy/fault-proxy.ts';
import { API } from './proxy/request-head.ts';

const QUIET_MS = [500, 5000] as const;
const DARK_MS = [200, 2000] as const;
const AWAY_MS = [1500, 4500] as const;

/** As with three brokers, where the partition's leader, the transaction's and the group's coordinator are not the same. */
const LEADER = new Set<number>([API.produce]);
const COORDINATOR = new Set<number>([API.endTxn, API.initProducerId]);

/** Goes on until the signal. `onFault` is told the name of each. */
export async function torment(
  proxy: FaultProxy,
  random: Random,
  signal: AbortSignal,
  onFault: (name: string) => void,
): Promise<void> {
  const wait = ([least, most]: readonly [number, number]) =>
    pause(systemClock, least + randomBelow(random, most - least), signal);
  while (!signal.aborted) {
    await wait(QUIET_MS);
    if (signal.aborted) return;
    const drawn = randomBelow(random, 10);
    if (drawn < 2) {
      onFault('dark');
      proxy.dark(true);
      await wait(DARK_MS);
      proxy.dark(false);
    } else if (drawn < 8) {
      onFault(drawn < 6 ? 'leaderAway' : 'coordinatorAway');
      proxy.away = drawn < 6 ? LEADER : COORDINATOR;
      await wait(AWAY_MS);
      proxy.away = new Set();
    } else {
      onFault('cutAll');
      proxy.cutAll();
    }
  }
}

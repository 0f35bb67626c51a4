/** What befalls the whole line between clients and broker, now and then: nothing passes, one kind of request does not, all is cut. */
import { pause, type Random, randomBelow, systemClock } from '../../../engine/index.ts';
import type { FaultProxy } from './proxy/fault-proxy.ts';
import { API } from './proxy/request-head.ts';

const QUIET_MS = [500, 5000] as const;
const DARK_MS = [200, 2000] as const;
const PARTITION_MS = [500, 4000] as const;
const AWAY_MS = [1500, 4500] as const;

/** As with three brokers, where the partition's leader, the transaction's and the group's coordinator are not the same. */
const LEADER = new Set<number>([API.produce]);
const COORDINATOR = new Set<number>([API.endTxn, API.initProducerId]);

export interface Partition {
  cut(): void;
  heal(): void;
}

/** Goes on until the signal. `onFault` is told the name of each. The first is a partition, or a leader that is away: so one of them surely comes. */
export async function torment(
  proxy: FaultProxy,
  partition: Partition | undefined,
  random: Random,
  signal: AbortSignal,
  onFault: (name: string) => void,
): Promise<void> {
  const wait = ([least, most]: readonly [number, number]) =>
    pause(systemClock, least + randomBelow(random, most - least), signal);
  for (let turn = 0; !signal.aborted; turn++) {
    await wait(QUIET_MS);
    if (signal.aborted) return;
    const first = partition === undefined ? 2 : 10;
    const drawn = turn === 0 ? first : randomBelow(random, partition === undefined ? 10 : 15);
    if (drawn >= 10) {
      onFault('partition');
      partition?.cut();
      try {
        await wait(PARTITION_MS);
      } finally {
        partition?.heal();
      }
    } else if (drawn < 2) {
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

/** detect: packets in, EVE records out. network.packets → ids.alerts, ids.events, ids.verdicts. */
import { type AnyActor, defineActor } from '../../../engine/index.ts';
import type { NetworkTopics } from '../../../schemas/topics/index.ts';
import { type BundleSource, RuleShop } from '../bundle/index.ts';
import { type DetectOptions, DetectTask } from './detect-task.ts';
import { detectState } from './journal-entry.ts';

export type { DetectOptions } from './detect-task.ts';

const NO_BUNDLES: BundleSource = { read: () => null };

export function detectActor(topics: NetworkTopics, options: DetectOptions): AnyActor {
  const { packets, alerts, events, verdicts } = topics;
  let shop: RuleShop | null = null;
  // Not in threads that run no task.
  const theShop = (): RuleShop => {
    const { sensor, rules, bundles = NO_BUNDLES, clock = null } = options;
    shop ??= new RuleShop(bundles, rules(), { ...sensor.inspect, protocols: sensor.protocols }, clock);
    return shop;
  };
  return defineActor({
    name: 'detect',
    inputs: { packets },
    outputs: { alerts, events, verdicts },
    // Read from the log by whoever wants them: a reader that fails must not undo what a sensor has taken.
    rekeyed: ['alerts', 'events', 'verdicts'],
    state: detectState,
    open: (context) => new DetectTask(context, options, theShop()),
  });
}

/** What rules remember of flows, addresses and earlier alerts. */
import type { Making } from './making.ts';

const TRACKS = ['by_src', 'by_dst', 'by_rule', 'by_both'];

export function memoryOptions({ dice, name }: Making): string[] {
  const seconds = dice.pick([1, 60]);
  return dice.weighted<() => string[]>([
    [5, () => [`flowbits:${dice.pick(['set', 'set', 'isset', 'isnotset', 'unset', 'toggle'])},${name};`]],
    [1, () => [`flowbits:isset,${name}|${name}other;`]],
    [1, () => [`flowbits:set,${name};`, 'flowbits:noalert;']],
    [1, () => [`flowbits:set,${name};`, 'noalert;']],
    [2, () => [`flowint:${name}n,${dice.pick(['+,1', '=,2', '>,0', '<,2', 'isset', 'isnotset', '-,1'])};`]],
    [1, () => [`flowint:${name}n,+,1;`, `flowint:${name}n,${dice.pick(['>,1', '<,3'])};`]],
    [
      2,
      () => [
        `xbits:${dice.pick(['set', 'isset', 'isnotset', 'unset', 'toggle'])},${name},track ${dice.pick(['ip_src', 'ip_dst', 'ip_pair'])}${dice.pick(['', ',expire 1', ',expire 60'])};`,
      ],
    ],
    [
      1,
      () => [
        `hostbits:${dice.pick(['set', 'isset', 'isnotset', 'unset', 'toggle'])},${name}h,${dice.pick(['src', 'dst'])};`,
      ],
    ],
    [
      3,
      () => [
        `threshold:type ${dice.pick(['limit', 'threshold', 'both'])}, track ${dice.pick(TRACKS)}, count ${dice.int(1, 3)}, seconds ${seconds};`,
      ],
    ],
    [
      1,
      () => [`detection_filter:track ${dice.pick(['by_src', 'by_dst'])}, count ${dice.int(1, 2)}, seconds ${seconds};`],
    ],
    [0.4, () => [`tag:${dice.pick(['session,3,packets', 'host,2,packets,src', 'session,1,seconds'])};`]],
  ])();
}

/** A line of threshold.config about the rule. */
export function thresholdLine({ dice, client, server }: Making, sid: number): string {
  const ids = `gen_id 1, sig_id ${sid}`;
  const tracked = dice.pick(TRACKS);
  const count = dice.int(1, 3);
  const seconds = dice.pick([1, 60]);
  const counted = `track ${tracked}, count ${count}, seconds ${seconds}`;
  // Suricata's manager of flows, a thread of its own, drops what counts by addresses as soon as `seconds` are over, with the
  // new action and its timeout: how often a rule alerts then depends on how fast the machine is.
  const rated = `track ${tracked}, count ${count}, seconds ${tracked === 'by_rule' ? seconds : 60}`;
  return dice.weighted<() => string>([
    [
      4,
      () =>
        `rate_filter ${ids}, ${rated}, new_action ${dice.pick(['alert', 'drop', 'pass', 'reject'])}, timeout ${dice.pick([1, 10])}`,
    ],
    [
      2,
      () =>
        `${dice.pick(['threshold', 'event_filter'])} ${ids}, type ${dice.pick(['limit', 'threshold', 'both'])}, ${counted}`,
    ],
    [
      1,
      () => `suppress ${ids}, track ${dice.pick(['by_src', 'by_dst', 'by_either'])}, ip ${dice.pick([client, server])}`,
    ],
    [0.3, () => `suppress ${ids}`],
  ])();
}

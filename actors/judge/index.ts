/**
 * judge: device.aggregates → trust.interactions, by way of the place where each device stands. Two actors, as neighbours lie
 * in other partitions than devices: place puts observations to their cell, judge compares those of one cell.
 */
import { type AnyActor, defineActor } from '../../engine/index.ts';
import type { DeviceTopics, JudgeTopics, ReputationTopics } from '../../schemas/topics/index.ts';
import { type JudgeOptions, JudgeTask, judgeState } from './judge.ts';
import { PlaceTask, placeState } from './place.ts';

export { CELL_DEVICES_MAX, JUDGE, type JudgeOptions } from './judge.ts';

export const JUDGE_DEFAULTS: JudgeOptions = {
  radius: 1_000,
  tolerances: { temperature: 3, humidity: 12, sonometer: 15 },
};

export function judgeActors(
  topics: JudgeTopics & Pick<DeviceTopics, 'aggregates'> & Pick<ReputationTopics, 'interactions'>,
  options: JudgeOptions,
): readonly AnyActor[] {
  const { aggregates, devices, observations, interactions } = topics;
  return [
    defineActor({
      name: 'place',
      inputs: { aggregates, devices },
      outputs: { observations },
      rekeyed: ['observations'],
      state: placeState,
      open: (context) => new PlaceTask(context, options),
    }),
    defineActor({
      name: 'judge',
      inputs: { observations },
      outputs: { interactions },
      rekeyed: ['interactions'],
      state: judgeState,
      open: (context) => new JudgeTask(context, options),
    }),
  ];
}

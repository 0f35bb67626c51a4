/** decode: device.verified → device.readings and, of crowd counters, device.sightings. What it refuses: decode.ts. */
import { type AnyActor, defineActor } from '../../engine/index.ts';
import type { DeviceTopics } from '../../schemas/topics/index.ts';
import { type DecodeOptions, DecodeTask } from './decode.ts';

export type { DecodeOptions } from './decode.ts';

export function decodeActor(topics: DeviceTopics, options: DecodeOptions): AnyActor {
  return defineActor({
    name: 'decode',
    inputs: { verified: topics.verified },
    outputs: { readings: topics.readings, sightings: topics.sightings },
    open: (context) => new DecodeTask(context, options),
  });
}

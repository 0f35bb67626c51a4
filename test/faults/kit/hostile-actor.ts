/**
 * An added actor that does what actors must not do, when a reading's noise level says so. `?folder=` of its URL names
 * where it remembers which records have thrown outside of it once.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AnyActor, defineActor } from '../../../engine/index.ts';
import type { EnMonReading } from '../../../schemas/generated/enmon.ts';
import type { DeviceTopics } from '../../../schemas/topics/index.ts';
import { MARKS } from './frame-stream.ts';

const folder = new URL(import.meta.url).searchParams.get('folder') ?? '';

export default ({ readings }: DeviceTopics): AnyActor =>
  defineActor({
    name: 'hostile',
    inputs: { readings },
    outputs: {},
    process({ value }) {
      const { sonometer } = value.reading as EnMonReading;
      if (sonometer < MARKS.heap) return;
      if (sonometer === MARKS.heap) fillHeap();
      if (sonometer === MARKS.hang) for (;;);
      if (sonometer === MARKS.refused) throw new Error('the hostile actor refuses this record');
      const once = join(folder, `${value.head.bootEpoch}-${value.head.sequence}-${value.head.eventTime}`);
      if (existsSync(once)) return;
      setImmediate(() => {
        // Now, and not above: a thread that ends before this has thrown nothing yet, and the record comes again.
        writeFileSync(once, '');
        throw new Error('the hostile actor throws where nobody catches');
      });
    },
  });

interface Link {
  readonly before: Link | null;
}

/** Small objects: at one large one beyond the limit Node ends the whole process, and not the thread alone. */
function fillHeap(): never {
  let link: Link | null = null;
  for (;;) link = { before: link };
}

/** Topology of the test with real threads: counts, and records that end the thread they are handled in. */
import { defineActor, jsonCodec, type TopologyDefinition, topic, values } from '../../../engine/index.ts';

export interface Config {
  readonly partitions: number;
}

export default function createTopology({ partitions }: Config): TopologyDefinition {
  const from = topic('from', jsonCodec<string>(), { external: true });
  const counted = topic('counted', jsonCodec<number>());
  const count = defineActor({
    name: 'count',
    inputs: { from },
    outputs: { counted },
    state: { counts: values(jsonCodec<number>()) },
    process({ keyId, value }, { state, out }) {
      const next = (state.counts.get(keyId) ?? 0) + 1;
      state.counts.set(keyId, next);
      out.counted.emit(next);
      if (value === 'exit') process.exit(7);
      if (value === 'hang') for (;;) state.counts.get(keyId);
      if (value === 'heap')
        for (const hoard: number[][] = []; ; ) hoard.push(new Array<number>(100_000).fill(hoard.length));
      if (value === 'throw') throw new Error('bug');
    },
  });
  return { name: 'threads', partitions, actors: [count] };
}

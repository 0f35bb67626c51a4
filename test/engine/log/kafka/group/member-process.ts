/** A process with one share, for tests that kill and stop it. It says what its share tells it, and does as it is told. */
import { type KafkaShareOptions, openKafkaShare } from '../../../../../engine/log/kafka/index.ts';

export type ToMember = 'hold' | 'release' | 'close';

export interface FromMember {
  readonly hasJoined: boolean;
  readonly told: readonly number[] | null;
  readonly leaving: readonly number[];
  readonly changes: number;
  readonly losses: number;
  readonly failure: string | null;
}

let state: FromMember = { hasJoined: false, told: null, leaving: [], changes: 0, losses: 0, failure: null };
let released = Promise.resolve();
let release = () => {};

const says = (change: Partial<FromMember>) => {
  state = { ...state, ...change };
  process.send?.(state);
};

const share = openKafkaShare(JSON.parse(process.argv[2] ?? '') as KafkaShareOptions);
// Whoever started it is gone.
process.once('disconnect', () => process.exit());
process.on('message', (message: ToMember) => {
  if (message === 'hold')
    released = new Promise((resolve) => {
      release = resolve;
    });
  else if (message === 'release') release();
  else void share.close().then(() => process.disconnect());
});

share
  .start({
    async change(partitions) {
      const leaving = (state.told ?? []).filter((partition) => !partitions.includes(partition));
      says({ told: partitions, leaving, changes: state.changes + 1 });
      const { losses } = state;
      if (leaving.length > 0) await released;
      if (state.losses === losses) says({ leaving: [] });
    },
    lost: () => says({ told: [], leaving: [], losses: state.losses + 1 }),
  })
  .then(
    () => says({ hasJoined: true }),
    (error: Error) => {
      says({ failure: error.message });
      process.disconnect();
    },
  );

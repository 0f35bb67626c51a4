/** A process with one share, for tests that kill and stop it. It says what its share tells it, and does as it is told. */
import { type KafkaShareOptions, openKafkaShare } from '../../../../../engine/log/kafka/index.ts';

export type ToMember = 'hold' | 'release' | 'close' | 'heard';

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

const unheard: (() => void)[] = [];

/** Resolves when it was heard: what others are told because of it must not be heard before. */
const says = (change: Partial<FromMember>) => {
  state = { ...state, ...change };
  return new Promise<void>((resolve) => {
    unheard.push(resolve);
    process.send?.(state);
  });
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
  else if (message === 'heard') unheard.shift()?.();
  else void share.close().then(() => process.disconnect());
});

share
  .start({
    async change(partitions) {
      const leaving = (state.told ?? []).filter((partition) => !partitions.includes(partition));
      void says({ told: partitions, leaving, changes: state.changes + 1 });
      const { losses } = state;
      if (leaving.length === 0) return;
      await released;
      if (state.losses === losses) await says({ leaving: [] });
    },
    lost: () => void says({ told: [], leaving: [], losses: state.losses + 1 }),
  })
  .then(
    () => void says({ hasJoined: true }),
    (error: Error) => {
      void says({ failure: error.message });
      process.disconnect();
    },
  );

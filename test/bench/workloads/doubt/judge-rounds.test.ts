// What the workload `doubt` makes of its topics: a frame that leaks must be found, wherever it stands.
import t from 'tap';
import {
  checkWhole,
  type DeviceTopics,
  judgeRound,
  type Round,
} from '../../../../bench/workloads/doubt/judge-rounds.ts';

const silent: Round = { device: 'roof-1', fault: 'silent', challengeId: 2, deadlineMs: 1_000 };
const damaged: Round = { ...silent, fault: 'signature' };
const frame = (sequence: number, receivedAtMs: number) => ({ sequence, receivedAtMs });
const held = (sequence: number, receivedAtMs: number) => ({
  ...frame(sequence, receivedAtMs),
  readAtMs: receivedAtMs + 20,
});

const missed: DeviceTopics = {
  evidence: [
    { challengeId: 1, receivedAtMs: 10 },
    { challengeId: 3, receivedAtMs: 1_400 },
  ],
  readings: [frame(1, 990), frame(2, 1_000), frame(5, 1_410)],
  held: [held(3, 1_010), held(4, 1_390)],
};
const refused: DeviceTopics = {
  evidence: [...missed.evidence.slice(0, 1), { challengeId: 2, receivedAtMs: 500 }, ...missed.evidence.slice(1)],
  readings: [frame(1, 490), frame(2, 510), frame(5, 1_410)],
  held: [held(3, 530), held(4, 900)],
};

t.test('counts from the deadline, or from the receipt of what does not hold', async (t) => {
  t.match(judgeRound(silent, missed), { receivedAfterMs: 10, readAfterMs: 30, leaked: 0, passedBefore: 1 });
  t.match(judgeRound(damaged, refused), { receivedAfterMs: 30, readAfterMs: 50, leaked: 0, passedBefore: 1 });
});

t.test('a frame that was read after the deadline has leaked, even where none was held before it', async (t) => {
  const readings = [frame(1, 990), frame(2, 1_001)];
  t.equal(judgeRound(silent, { ...missed, readings }).leaked, 1);
});

t.test('a frame that was read behind one that was held has leaked', async (t) => {
  const readings = [...refused.readings, frame(6, 950)];
  t.equal(judgeRound(damaged, { ...refused, readings }).leaked, 1);
});

t.test('a round in which nothing was held, or the evidence did not come, is none', async (t) => {
  t.throws(() => judgeRound(silent, { ...missed, held: [held(9, 1_500)] }), /no frame was held/);
  t.throws(() => judgeRound(damaged, missed), /has not come/);
});

t.test('a frame that is lost, or found twice, is told', async (t) => {
  checkWhole('roof-1', 5, missed);
  t.throws(() => checkWhole('roof-1', 6, missed), /frame 6 was found 0 times/);
  t.throws(
    () => checkWhole('roof-1', 5, { ...missed, readings: [...missed.readings, frame(3, 1_010)] }),
    /3 was found 2/,
  );
});

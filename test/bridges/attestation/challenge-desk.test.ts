import fc from 'fast-check';
import t from 'tap';
import { ChallengeDesk, type OpenChallenge } from '../../../bridges/attestation/index.ts';
import { challenge, RingingClock, START_MS } from './attestation-fixture.ts';

const never = new AbortController().signal;

void t.test('who listens gets the open challenge at once, then each that follows, byte for byte', async (t) => {
  const desk = new ChallengeDesk(new RingingClock());
  desk.take('roof-7', challenge(1));
  const got: OpenChallenge[] = [];
  const stop = desk.listen('roof-7', (one) => got.push(one));
  desk.take('roof-8', challenge(5));
  desk.take('roof-7', challenge(2));
  stop();
  desk.take('roof-7', challenge(3));
  t.same(
    got.map(({ bytes }) => bytes),
    [challenge(1), challenge(2)],
  );
});

void t.test('what is past its deadline is open to nobody, also where it is read late', async (t) => {
  const clock = new RingingClock();
  const desk = new ChallengeDesk(clock);
  desk.take('roof-7', challenge(1));
  clock.pass(29_999);
  t.equal(desk.open('roof-7')?.id, 1);
  clock.pass(1);
  t.equal(desk.open('roof-7'), undefined);
  desk.take('roof-8', challenge(1));
  const got: OpenChallenge[] = [];
  desk.listen('roof-8', (one) => got.push(one));
  t.same(got, []);
});

void t.test('who waits gets the next one, but not the one that it has', async (t) => {
  const clock = new RingingClock();
  const desk = new ChallengeDesk(clock);
  desk.take('roof-7', challenge(1));
  t.equal((await desk.next('roof-7', 0, 0, never))?.id, 1);
  t.equal(await desk.next('roof-7', 1, 0, never), null);
  const waiting = desk.next('roof-7', 1, 5000, never);
  desk.take('roof-7', challenge(1));
  desk.take('roof-7', challenge(2));
  t.equal((await waiting)?.id, 2);
  t.equal(clock.waiting, 0, 'its timer is gone');
});

void t.test('waiting ends with its time, and with the one who waits', async (t) => {
  const clock = new RingingClock();
  const desk = new ChallengeDesk(clock);
  const patient = desk.next('roof-7', 0, 5000, never);
  const gone = new AbortController();
  const impatient = desk.next('roof-7', 0, 60_000, gone.signal);
  gone.abort();
  t.equal(await impatient, null);
  clock.pass(5000);
  t.equal(await patient, null);
  t.equal(await desk.next('roof-7', 0, 1000, gone.signal), null);
  t.equal(clock.waiting, 0);
});

void t.test('what breaks the layout is refused, and the open one stays', async (t) => {
  const desk = new ChallengeDesk(new RingingClock());
  desk.take('roof-7', challenge(1));
  t.throws(() => desk.take('roof-7', Buffer.from('no challenge')), { code: 'EVIDENCE_INVALID' });
  t.equal(desk.open('roof-7')?.id, 1);
});

// The model: of each device the last challenge that was taken, while it lasts.
void t.test('whatever comes in whatever order, the open one is the last that has time left', async () => {
  const step = fc.oneof(
    fc.record({ device: fc.constantFrom('a', 'b', 'c'), lastsMs: fc.integer({ min: -5, max: 100 }) }),
    fc.record({ passMs: fc.integer({ min: 0, max: 60 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const clock = new RingingClock();
      const desk = new ChallengeDesk(clock);
      const last = new Map<string, { id: number; deadlineMs: number }>();
      for (const [i, one] of steps.entries()) {
        if ('passMs' in one) clock.pass(one.passMs);
        else {
          const deadlineMs = Math.max(START_MS, clock.nowMs + one.lastsMs);
          last.set(one.device, { id: i + 1, deadlineMs });
          desk.take(one.device, challenge(i + 1, { deadlineMs }));
        }
        for (const device of ['a', 'b', 'c']) {
          const expected = last.get(device);
          const isOpen = expected !== undefined && expected.deadlineMs > clock.nowMs;
          if (desk.open(device)?.id !== (isOpen ? expected.id : undefined)) return false;
        }
      }
      return true;
    }),
  );
});

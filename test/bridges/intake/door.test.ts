import t from 'tap';
import { Door } from '../../../bridges/intake/index.ts';
import { fixture } from '../bridge-fixture.ts';

t.test('a device has its rate once, through however many doors; each door counts its own', async (t) => {
  const { intake } = fixture({ limits: { rate: { perSecond: 1, burst: 3 } } });
  const refused: string[] = [];
  const mqtt = new Door(intake, (code) => refused.push(`mqtt ${code}`));
  const http = new Door(intake, (code) => refused.push(`http ${code}`));
  const lanes = [mqtt, http].map((door) => door.authenticate('meter-1', 'token-of-meter-1', undefined)!);
  for (const lane of [...lanes, ...lanes, ...lanes]) await lane.accept(Buffer.from('frame'));
  t.same(mqtt.counts(), { acceptedFrames: 2, refusedFrames: { RATE_LIMITED: 1 } });
  t.same(http.counts(), { acceptedFrames: 1, refusedFrames: { RATE_LIMITED: 2 } });
  t.same(refused, ['http RATE_LIMITED', 'mqtt RATE_LIMITED', 'http RATE_LIMITED']);
  t.match(intake.counts(), { acceptedFrames: 3, refusedFrames: { RATE_LIMITED: 3 } });
});

t.test('who is not let into the intake is not let in by a door, and frames keep their order', async (t) => {
  const { intake, log } = fixture();
  const door = new Door(intake);
  t.equal(door.authenticate('meter-1', 'wrong', undefined), undefined);
  t.equal(door.limits, intake.limits);
  log.isPrompt = false;
  const lane = door.authenticate('meter-1', 'token-of-meter-1', undefined)!;
  const outcomes = ['a', 'b', 'c'].map((body) => lane.accept(Buffer.from(body)));
  log.settle();
  t.same(
    (await Promise.all(outcomes)).map((outcome) => outcome.isAccepted && outcome.offset),
    [0, 1, 2],
  );
});

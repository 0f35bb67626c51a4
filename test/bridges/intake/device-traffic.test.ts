import t from 'tap';
import { DevicesTraffic, REFUSAL_REPORT_MS } from '../../../bridges/intake/device-traffic.ts';

const RATE = { perSecond: 50, burst: 200 };

t.test('devices that rest are forgotten: what is kept is what sent in the last seconds', (t) => {
  const traffic = new DevicesTraffic(4, RATE);
  let most = 0;
  // A thousand devices a second, each with one frame and never again.
  for (let i = 0; i < 100_000; i++) {
    const nowMs = i;
    const one = traffic.of(`d${i}`, nowMs);
    one.bucket.tryTake(nowMs);
    most = Math.max(most, traffic.size);
  }
  t.ok(most < 500, `${most} kept of 100,000`);
  t.end();
});

t.test('nobody is forgotten with frames in flight, a bucket that is not full, or a report just made', (t) => {
  const traffic = new DevicesTraffic(4, RATE);
  const busy = traffic.of('busy', 0);
  busy.inFlight = 1;
  const empty = traffic.of('empty', 0);
  while (empty.bucket.tryTake(0));
  const told = traffic.of('told', 0);
  told.reportedAtMs = 0;
  for (let i = 0; i < 100; i++) traffic.of(`d${i}`, 3_900);
  t.equal(traffic.of('busy', 3_900), busy);
  t.equal(traffic.of('empty', 3_900), empty, '200 frames come back in 4 seconds');
  t.equal(traffic.of('told', 3_900), told);
  busy.inFlight = 0;
  for (let i = 100; i < 200; i++) traffic.of(`d${i}`, REFUSAL_REPORT_MS);
  for (const [id, before] of [
    ['busy', busy],
    ['empty', empty],
    ['told', told],
  ] as const)
    t.not(traffic.of(id, REFUSAL_REPORT_MS), before, `${id} has rested since`);
  t.end();
});

t.test('nor with evidence in flight, or a bucket of evidence that is not full', (t) => {
  const attestation = { topic: 'device.evidence', barredOf: () => null, rate: { perSecond: 1, burst: 2 } };
  const traffic = new DevicesTraffic(4, RATE, attestation);
  const proving = traffic.of('proving', 0);
  proving.evidence!.inFlight = 1;
  const proved = traffic.of('proved', 0);
  proved.evidence!.admit(new Uint8Array(3), 0);
  for (let i = 0; i < 100; i++) traffic.of(`d${i}`, 500);
  t.equal(traffic.of('proving', 500), proving);
  t.equal(traffic.of('proved', 500), proved);
  proving.evidence!.inFlight = 0;
  for (let i = 100; i < 200; i++) traffic.of(`d${i}`, 2_000);
  t.not(traffic.of('proving', 2_000), proving);
  t.not(traffic.of('proved', 2_000), proved);
  t.end();
});

t.test('who knows where a device belongs keeps its partition', (t) => {
  const traffic = new DevicesTraffic(4, RATE);
  const before = traffic.of('meter-1', 0).partition;
  for (let i = 0; i < 100; i++) traffic.of(`d${i}`, 60_000);
  t.equal(traffic.of('meter-1', 60_000).partition, before);
  t.end();
});

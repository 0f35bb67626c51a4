import t from 'tap';
import { EVIDENCE_BYTES_RATE, EvidenceDoor } from '../../../bridges/intake/evidence-door.ts';
import { EVIDENCE_BYTES_MAX } from '../../../schemas/attestation/index.ts';
import { evidence } from '../attestation/attestation-fixture.ts';

const door = () => new EvidenceDoor({ topic: 'attest.evidence', barredOf: () => null }, 0);

void t.test('a device that sends lists as long as they may be is held to a rate of bytes', async (t) => {
  const flooded = door();
  const largest = evidence(1, EVIDENCE_BYTES_MAX - 100);
  let [taken, nowMs] = [0, 0];
  for (; nowMs < 1_200_000; nowMs += 500) {
    const refused = flooded.admit(largest, nowMs);
    if (refused === undefined) taken += largest.length;
    else {
      t.equal(refused.code, 'RATE_LIMITED');
      t.equal(flooded.admit(largest, nowMs + refused.retryAfterMs!), undefined, 'as soon as it was told');
      taken += largest.length;
      nowMs += refused.retryAfterMs!;
    }
  }
  const { burst, perSecond } = EVIDENCE_BYTES_RATE;
  t.ok(taken <= burst + ((nowMs + 16_000) * perSecond) / 1000, `${taken} bytes in ${nowMs} ms`);
  t.ok(taken > burst + (1_000_000 * perSecond) / 1000, 'and may use all of it');
  t.notOk(flooded.isResting(nowMs));
  t.ok(flooded.isResting(nowMs + 600_000));
});

void t.test('a list shown whole at each of the first challenges passes', async (t) => {
  const busy = door();
  const list = evidence(1, 300_000);
  let nowMs = 0;
  for (const waitMs of [1, 2, 4, 8, 16, 32, 60, 60, 60, 60]) {
    t.equal(busy.admit(list, nowMs), undefined);
    nowMs += waitMs * 1000;
  }
});

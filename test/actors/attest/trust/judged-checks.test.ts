/** Each check of a device as an interaction, where scores are kept; and none where they are not. */
import t from 'tap';
import { attestActor } from '../../../../actors/attest/index.ts';
import { checkInteraction } from '../../../../actors/attest/trust/check-interaction.ts';
import { testActor } from '../../../../engine/testkit/actor-driver.ts';
import { decodeChallenge } from '../../../../schemas/attestation/index.ts';
import {
  ATTEST_CHALLENGES,
  ATTEST_EVIDENCE,
  deviceTopics,
  reputationTopics,
  TRUST_INTERACTIONS,
  trustTopics,
} from '../../../../schemas/topics/index.ts';
import { attestOptions, Gateway, TERMS } from '../../../support/attested-city.ts';

const topics = { ...deviceTopics(), ...trustTopics() };

t.test('a proof counts for a device, and evidence that does not come against it', async (t) => {
  const { interactions } = reputationTopics();
  const driver = await testActor(attestActor({ ...topics, interactions }, attestOptions()));
  const gateway = new Gateway('gate-1');
  driver.sendBytes(ATTEST_EVIDENCE, gateway.id, gateway.registered({}).evidence);
  await driver.advance(1);
  const [first] = driver.outputs(ATTEST_CHALLENGES).map(({ bytes }) => decodeChallenge(bytes!));
  driver.sendBytes(ATTEST_EVIDENCE, gateway.id, gateway.answer(first!));
  await driver.settle();
  await driver.advance(TERMS.intervalMs);
  await driver.advance(TERMS.deadlineMs + 1_000);
  const texts = driver.outputs(TRUST_INTERACTIONS).map(({ key, bytes }) => {
    const text = Buffer.from(bytes!).toString('latin1');
    return `${key} ${/(?:proof|doubt)-\d+/.exec(text)?.[0]} ${/msec.*attestation/s.test(text)}`;
  });
  t.same(texts, ['gate-1 proof-1 true', 'gate-1 doubt-2 true']);
  const last = Buffer.from(driver.outputs(TRUST_INTERACTIONS).at(-1)!.bytes!).toString('utf8');
  t.match(last, 'evidence-missing: no evidence came by the deadline');
  await driver.close();
});

t.test('where no scores are kept nothing of this is written', async (t) => {
  const driver = await testActor(attestActor(topics, attestOptions()));
  t.throws(() => driver.outputs(TRUST_INTERACTIONS), { code: 'TOPIC_UNKNOWN' });
  await driver.close();
});

t.test('a reason is cut to what an interaction may carry, between characters', async (t) => {
  for (const text of ['x'.repeat(400), '°'.repeat(300), '🔥'.repeat(200), `a${'🔥'.repeat(200)}`]) {
    const { reason } = checkInteraction('doubt-1-1', false, text, 1);
    t.ok(Buffer.byteLength(reason!) <= 256 && Buffer.byteLength(reason!) > 248, `${Buffer.byteLength(reason!)}`);
    t.ok(reason!.isWellFormed() && text.startsWith(reason!.slice(0, -1)));
  }
});

/** The agent with a source and a channel that a test decides about, in virtual time. */
import t from 'tap';
import { MsecError, type Timer } from '../../../engine/base/index.ts';
import {
  type AgentEvent,
  AttestationAgent,
  type AttestationChannel,
  type EvidenceSource,
  type Shown,
} from '../../../firmware/attestation/index.ts';
import type { Challenge } from '../../../schemas/attestation/index.ts';
import { challenge, START_MS } from '../../bridges/attestation/attestation-fixture.ts';

/** Time passes as fast as it is waited for, and stands still where a test does not move it. */
const time = { nowMs: START_MS, monotonicMs: 0 };
const clock = {
  now: () => time.nowMs,
  monotonic: () => time.monotonicMs,
  after(_delayMs: number, run: () => void): Timer {
    const handle = setImmediate(run);
    return { cancel: () => clearImmediate(handle) };
  },
};

type Sent = (bytes: string) => Promise<boolean>;

function started(parts: {
  send?: Sent;
  answer?: (given: Challenge) => Promise<Shown>;
  ahead?: readonly string[];
  list?: () => number;
  answersMax?: number;
}) {
  const events: AgentEvent[] = [];
  const sent: string[] = [];
  let deliver: (bytes: Uint8Array) => void = () => undefined;
  let wake: () => void = () => undefined;
  const channel: AttestationChannel = {
    run(onChallenge, _onTrouble, signal) {
      deliver = onChallenge;
      return new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
    },
    send(evidence) {
      const text = Buffer.from(evidence).toString();
      sent.push(text);
      return parts.send?.(text) ?? Promise.resolve(true);
    },
  };
  let made = 0;
  const source: EvidenceSource = {
    async answer(given, sendPart) {
      for (const part of parts.ahead ?? []) await sendPart(Buffer.from(part));
      return (
        (await parts.answer?.(given)) ?? {
          bytes: Buffer.from(`${given.id}/${++made}`),
          imaEntries: parts.list?.() ?? null,
        }
      );
    },
    imaEntries: async () => parts.list?.() ?? null,
    notice: async (shown) => {
      const entries = parts.list?.() ?? 0;
      return entries > shown ? { bytes: Buffer.from(`notice ${shown}..${entries}`), imaEntries: entries } : null;
    },
  };
  const stop = new AbortController();
  const agent = new AttestationAgent({
    ...{ source, channel, clock, noticeEveryMs: parts.list === undefined ? 0 : 1000 },
    ...(parts.answersMax === undefined ? {} : { answersMax: parts.answersMax }),
    onEvent: (event) => {
      events.push(event);
      wake();
    },
  });
  const ended = agent.run(stop.signal);
  const until = async (isThere: () => boolean) => {
    while (!isThere())
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
  };
  const count = (name: AgentEvent['event']) => events.filter(({ event }) => event === name).length;
  return {
    ...{ events, sent, until, count, ended },
    deliver: (bytes: Uint8Array) => deliver(bytes),
    end: () => {
      stop.abort();
      return ended;
    },
  };
}

void t.test('each challenge is answered once, however often it comes', async (t) => {
  const run = started({});
  run.deliver(challenge(1));
  run.deliver(challenge(1));
  await run.until(() => run.count('answered') === 1);
  run.deliver(challenge(1));
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
  run.deliver(challenge(2));
  await run.until(() => run.count('answered') === 2);
  run.deliver(challenge(2, { nonce: Buffer.from('after a reset the ids begin anew') }));
  await run.until(() => run.count('answered') === 3);
  t.same(run.sent, ['1/1', '2/2', '2/3']);
  await run.end();
});

void t.test(
  'what nobody acknowledged is sent again as the same bytes: a second answer would count against it',
  async (t) => {
    let failures = 2;
    const run = started({
      send: async () => {
        if (failures-- > 0) throw new MsecError('DEPENDENCY_DOWN', 'lost');
        return true;
      },
    });
    run.deliver(challenge(1));
    await run.until(() => run.count('answered') === 1);
    t.same(run.sent, ['1/1', '1/1', '1/1']);
    await run.end();
  },
);

void t.test('a newer challenge ends the attempts at an older one', async (t) => {
  const run = started({
    send: async (text) => {
      if (text.startsWith('1/')) throw new MsecError('DEPENDENCY_DOWN', 'lost');
      return true;
    },
  });
  run.deliver(challenge(1));
  await run.until(() => run.count('failed') === 2);
  run.deliver(challenge(2));
  await run.until(() => run.count('answered') === 1);
  t.equal(run.sent.at(-1), '2/2');
  await run.end();
});

void t.test('what is late is not sent, whatever the time of day is taken for', async (t) => {
  t.teardown(() => Object.assign(time, { nowMs: START_MS, monotonicMs: 0 }));
  for (const [offsetMs, leftMs] of [
    [0, 30_000],
    [20_000, 10_000],
    [29_900, 30_000],
    [-3_600_000, 30_000],
    [3_600_000, 30_000],
  ] as const) {
    time.nowMs = START_MS + offsetMs;
    let isDown = true;
    const run = started({
      send: async () => {
        if (isDown) throw new MsecError('DEPENDENCY_DOWN', 'lost');
        return true;
      },
    });
    run.deliver(challenge(1));
    await run.until(() => run.count('failed') === 1);
    time.monotonicMs += leftMs;
    const before = run.sent.length;
    await run.until(() => run.sent.length > before || run.count('failed') > before);
    time.monotonicMs += 1;
    await run.until(() => run.events.some((event) => event.event === 'failed' && /was over/.test(event.message)));
    const sent = run.sent.length;
    isDown = false;
    run.deliver(challenge(2));
    await run.until(() => run.count('answered') === 1);
    t.same(run.sent.slice(sent), ['2/2'], `a clock that is ${offsetMs} ms ahead`);
    await run.end();
  }
});

void t.test('a TPM that is busy is asked again; one that stays so costs this challenge and not the next', async (t) => {
  let tries = 0;
  const run = started({
    answer: async ({ id }) => {
      tries++;
      if (id === 1 && tries < 3) throw new MsecError('DEPENDENCY_DOWN', 'busy');
      if (id === 2) throw new MsecError('TPM_REFUSED', 'broken');
      return { bytes: Buffer.from(`${id}`), imaEntries: null };
    },
  });
  run.deliver(challenge(1));
  await run.until(() => run.count('answered') === 1);
  run.deliver(challenge(2));
  await run.until(() => run.count('failed') === 7);
  run.deliver(challenge(3));
  await run.until(() => run.count('answered') === 2);
  t.same(run.sent, ['1', '3']);
  await run.end();
});

void t.test('what a person must mend ends it', async (t) => {
  const run = started({
    answer: async () => {
      throw new MsecError('CONFIG_INVALID', 'no key');
    },
  });
  run.deliver(challenge(1));
  await t.rejects(run.ended, { code: 'CONFIG_INVALID' });
});

void t.test('new entries of the list are told at once, each once, also before anything was asked', async (t) => {
  let entries = 3;
  const run = started({ list: () => entries });
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
  entries = 4;
  await run.until(() => run.count('noticed') === 1);
  entries = 5;
  run.deliver(challenge(1));
  await run.until(() => run.count('answered') === 1);
  entries = 6;
  await run.until(() => run.count('noticed') === 2);
  entries = 7;
  await run.until(() => run.count('noticed') === 3);
  t.same(run.sent, ['notice 3..4', '1/1', 'notice 5..6', 'notice 6..7']);
  await run.end();
});

void t.test(
  'it ends after as many answers as asked for, and what is no challenge is told and passed over',
  async (t) => {
    const run = started({ answersMax: 1 });
    run.deliver(Buffer.from('nonsense'));
    run.deliver(challenge(1));
    await run.ended;
    t.match(run.events[0], { event: 'failed', code: 'EVIDENCE_INVALID' });
    t.same(run.sent, ['1/1']);
  },
);

void t.test(
  'parts go before the answer, again where nobody acknowledged them, and a refused one is told',
  async (t) => {
    let failures = 1;
    const run = started({
      ahead: ['part 1', 'part 2'],
      send: async (text) => {
        if (text === 'part 2' && failures-- > 0) throw new MsecError('DEPENDENCY_DOWN', 'lost');
        return true;
      },
    });
    run.deliver(challenge(1));
    await run.until(() => run.count('answered') === 1);
    t.same(run.sent, ['part 1', 'part 2', 'part 2', '1/1']);
    await run.end();
    const refused = started({ ahead: ['part 1'], send: async () => false });
    refused.deliver(challenge(1));
    await refused.until(() => refused.count('failed') === 5);
    t.equal(refused.count('answered'), 0);
    await refused.end();
  },
);

/**
 * From doubt to quarantine: devices on real TPMs (swtpm) beside `msec up`, each with its own agent and frames that come all the
 * time. Round by round one shows a quote with a damaged signature, an old one, the last evidence again, or nothing, and
 * proves itself again afterwards. What became of the frames is read from the topics when the city has ended.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deviceKeys } from '../../../firmware/provision/index.ts';
import { encodePublic, extendPcr } from '../../../firmware/tpm/index.ts';
import { type Running, startUp } from '../../../test/cli/run-cli.ts';
import { digest, extend } from '../../../test/support/attester.ts';
import { missing } from '../../../test/support/needs.ts';
import { type Swtpm, startSwtpm } from '../../../test/support/swtpm.ts';
import { type Figure, figure, type Workload } from '../../workload.ts';
import { CityTopics } from './city-topics.ts';
import { type Credential, FAULTS, type Fault, FaultyAgent, isShown } from './faulty-agent.ts';
import { checkWhole, type JudgedRound, judgeRound, type Round } from './judge-rounds.ts';
import { SteadySender } from './steady-sender.ts';

const PCR = 14;
const MEASURED = digest('the file as it was built');
/** Before a deadline frames come faster: by so much. */
const FAST_BEFORE_MS = 150;
/** The shortest intervals that there are; a device that is late all the same must not end up in quarantine, where it may not send. */
const TERMS = 'interval: 1s\n  deadline: 1s\n  retry: 100ms\n  failures: 100';
const ROUND_MS_MAX = 30_000;
const FLOOR_MS = 250;
const AIM_MS = 100;

export const doubt: Workload = {
  name: 'doubt',
  says: 'a bad, stale or missing quote (swtpm) → the next frame of the device in quarantine, and none after it read',
  async run({ isQuick, folder, progress }) {
    const lacks = missing('swtpm');
    if (lacks !== undefined) throw new Error(lacks);
    const [count, rounds] = isQuick ? [4, 4] : [8, 20];
    const policy = `policy doubt 1\nquote at most 60 s old\nclock may be unsafe\npcr ${PCR} is ${extend(Buffer.alloc(32), MEASURED).toString('hex')}\n`;
    writeFileSync(join(folder, 'doubt.policy'), policy);
    writeFileSync(join(folder, 'msec.yaml'), `attestation:\n  policy: doubt.policy\n  ${TERMS}\n`);
    const closing = new Closing();
    try {
      const devices = await Promise.all(
        Array.from({ length: count }, (_, i) => BenchDevice.make(`roof-${i}`, closing)),
      );
      const running = await startUp(['--no-fleet'], { cwd: folder });
      closing.add(async () => {
        // Where it went as planned they have ended: nothing is waited for twice.
        await Promise.allSettled(devices.map((device) => device.stop()));
        running.kill('SIGKILL');
        await running.ended;
      });
      const topics = await CityTopics.open(join(folder, 'data', 'log'));
      closing.add(() => topics.close());
      for (const device of devices) await device.start(running, folder);
      let done = 0;
      const told = (round: Round) => progress(`round ${++done}/${count * rounds}: ${round.device}, ${round.fault}`);
      const made = await Promise.all(devices.map((device, i) => device.rounds(topics, rounds, i, told)));
      for (const device of devices) await device.stop();
      running.kill('SIGTERM');
      const [code] = await running.ended;
      if (code !== 0) throw new Error(`msec up ended with ${code}:\n${running.errors()}`);
      const found = await topics.readBack(devices.map(({ id }) => id));
      for (const { id, sender } of devices) checkWhole(id, sender.sent, found.get(id)!);
      const sent = devices.reduce((sum, { sender }) => sum + sender.sent, 0);
      return figuresOf(
        made.flat().map((round) => judgeRound(round, found.get(round.device)!)),
        count,
        sent,
      );
    } finally {
      await closing.run();
    }
  },
};

class BenchDevice {
  readonly id: string;
  readonly sender = new SteadySender();
  readonly #swtpm: Swtpm;
  readonly #attestationKey: string;
  #agent: FaultyAgent | null = null;

  private constructor(id: string, swtpm: Swtpm, attestationKey: string) {
    this.id = id;
    this.#swtpm = swtpm;
    this.#attestationKey = attestationKey;
  }

  static async make(id: string, closing: Closing): Promise<BenchDevice> {
    const swtpm = await startSwtpm();
    closing.add(() => swtpm.stop());
    const tpm = await swtpm.open();
    try {
      await extendPcr(tpm, PCR, MEASURED);
      const { attestation } = await deviceKeys(tpm);
      return new BenchDevice(id, swtpm, Buffer.from(encodePublic(attestation.area)).toString('base64'));
    } finally {
      await tpm.close();
    }
  }

  async start(running: Running, folder: string): Promise<void> {
    const credential = { deviceId: this.id, token: await this.#enrol(running, folder) };
    const port = Number(new URL(running.said.mqtt).port);
    this.#agent = new FaultyAgent(this.#swtpm, port, credential);
    this.#agent.start();
    await this.sender.start(port, credential);
  }

  /** The fault of a round is another for each device, so that all kinds happen beside each other. */
  async rounds(topics: CityTopics, count: number, first: number, told: (round: Round) => void): Promise<Round[]> {
    const made: Round[] = [];
    for (let i = 0; i < count; i++) {
      const round = await limited(this.#round(topics, FAULTS[(first + i) % FAULTS.length]!), this.id);
      told(round);
      made.push(round);
    }
    await limited(
      topics.until(this.id, (state) => state === 'trusted'),
      this.id,
    );
    return made;
  }

  async stop(): Promise<void> {
    // Both, also where the first fails: a sender that goes on would keep the process.
    const [sent, answered] = await Promise.allSettled([this.sender.stop(), this.#agent?.stop()]);
    for (const end of [answered, sent]) if (end.status === 'rejected') throw end.reason;
  }

  async #round(topics: CityTopics, fault: Fault): Promise<Round> {
    const agent = this.#agent!;
    await topics.until(this.id, (state) => state === 'trusted');
    const { id, deadlineMs } = await agent.arm(fault);
    this.sender.fastFromMs = isShown(fault) ? 0 : deadlineMs - FAST_BEFORE_MS;
    await topics.until(this.id, (state) => state !== 'trusted');
    this.sender.fastFromMs = Number.POSITIVE_INFINITY;
    if (fault === 'silent') {
      await agent.stop();
      agent.start();
    }
    return { device: this.id, fault, challengeId: id, deadlineMs };
  }

  /** The token. */
  async #enrol({ said }: Running, folder: string): Promise<Credential['token']> {
    const token = readFileSync(join(folder, 'data', 'admin-token'), 'utf8').trim();
    const answer = await fetch(`${said.console}/api/devices`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        ...{ deviceId: this.id, type: 'enmon', identity: '867723030040330' },
        ...{ publicKey: this.sender.publicKey, attestationKey: this.#attestationKey },
      }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${this.id} was not enrolled: ${text}`);
    return (JSON.parse(text) as { secrets: { token: string } }).secrets.token;
  }
}

async function limited<T>(work: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: no end of its round in ${ROUND_MS_MAX} ms`)), ROUND_MS_MAX);
  });
  try {
    return await Promise.race([work, tooLong]);
  } finally {
    clearTimeout(timer);
  }
}

/** In the other order; the first failure must not keep the rest open. */
class Closing {
  readonly #steps: (() => Promise<void>)[] = [];

  add(step: () => Promise<void>): void {
    this.#steps.push(step);
  }

  async run(): Promise<void> {
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop())
      await step().catch(() => undefined);
  }
}

function figuresOf(judged: readonly JudgedRound[], devices: number, sent: number): Figure[] {
  const times = (rounds: readonly JudgedRound[], of: 'readAfterMs' | 'receivedAfterMs') =>
    rounds.map((round) => round[of]);
  const kinds = FAULTS.map((fault) => ({ fault, rounds: judged.filter(({ round }) => round.fault === fault) }));
  const bad = judged.filter(({ round }) => isShown(round.fault));
  const passed = bad.map(({ passedBefore }) => passedBefore);
  const all = times(judged, 'readAfterMs');
  return [
    figure({
      name: 'doubt: to the next frame in quarantine, p99',
      unit: 'ms',
      ours: [percentile(all, 99)],
      ...{ floor: FLOOR_MS, aim: AIM_MS, judged: 'ours', isLessBetter: true },
      notes: [
        `${judged.length} rounds of ${devices} devices, each a swtpm with the agent's own code; from the challenge's deadline, or from the bridge's receipt of evidence that does not hold, until a reader outside of the process has the device's first held frame, committed`,
        `all: ${percentiles(all)}`,
        ...kinds.map(({ fault, rounds }) => `${fault}, ${rounds.length}: ${percentiles(times(rounds, 'readAfterMs'))}`),
        `until the bridge received that frame: ${percentiles(times(judged, 'receivedAfterMs'))}`,
      ],
    }),
    figure({
      name: 'doubt: frames after it that reached a reader',
      unit: 'frames',
      ours: [judged.reduce((sum, { leaked }) => sum + leaked, 0)],
      ...{ floor: 0, aim: 0, judged: 'ours', isLessBetter: true },
      notes: [
        `of ${sent}: those in device.readings behind the first that was held, and all that were received after a deadline, until evidence came again; by sequence, from the topics. Each frame that was taken is in device.readings or in device.quarantine, once`,
        `between evidence that does not hold and the word about it ${passed.reduce((sum, count) => sum + count, 0)} frames passed in ${bad.length} rounds, ${Math.max(0, ...passed)} at most in one (decision 0028); after a deadline none may`,
      ],
    }),
  ];
}

/** The least value that so many in a hundred do not exceed. */
function percentile(values: readonly number[], percent: number): number {
  return values.toSorted((a, b) => a - b)[Math.ceil((values.length * percent) / 100) - 1]!;
}

function percentiles(values: readonly number[]): string {
  const of = (percent: number) => percentile(values, percent);
  return `p50 ${of(50)}, p90 ${of(90)}, p99 ${of(99)}, most ${of(100)} ms`;
}

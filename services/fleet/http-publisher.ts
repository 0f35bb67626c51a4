/**
 * A device that posts its frames over HTTP, one request at a time: what gathered meanwhile goes as a batch. A frame
 * leaves the ring when the bridge has it, or refuses it for good; everything else is sent again.
 */
import { type Agent, request } from 'node:http';
import type { Clock, Timer } from '../../engine/index.ts';
import { type FramePublisher, RING_FRAMES_MAX, type RingCounts } from './frame-ring.ts';
import type { BridgeAddress } from './mqtt-publisher.ts';
import type { FleetFrame, FleetIdentity } from './simulated-device.ts';

const BATCH_FRAMES_MAX = 50;
const RETRY_MS_MIN = 100;
const RETRY_MS_MAX = 5000;
const TIMEOUT_MS = 15_000;
/** The bridge is there and may take the frames later. */
const PASSING: ReadonlySet<number> = new Set([401, 408, 429, 503, 507]);

interface Answer {
  readonly status: number;
  readonly text: string;
}

export class HttpPublisher implements FramePublisher {
  readonly #address: BridgeAddress;
  readonly #agent: Agent;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #clock: Clock;
  readonly #ring: FleetFrame[] = [];
  #inFlight = 0;
  #retryMs = RETRY_MS_MIN;
  #timer: Timer | undefined;
  #isClosed = false;
  #acknowledged = 0;
  #refused = 0;
  #dropped = 0;
  readonly #idle: (() => void)[] = [];

  constructor(address: BridgeAddress, agent: Agent, { deviceId, token }: FleetIdentity, clock: Clock) {
    this.#address = address;
    this.#agent = agent;
    this.#headers = { authorization: `Bearer ${deviceId}:${token}`, 'content-type': 'application/octet-stream' };
    this.#clock = clock;
  }

  publish(frame: FleetFrame): void {
    // The frames of a request that is under way stay where they are.
    if (this.#ring.length >= RING_FRAMES_MAX && this.#ring.length > this.#inFlight) {
      this.#ring.splice(this.#inFlight, 1);
      this.#dropped += 1;
    }
    this.#ring.push(frame);
    if (this.#inFlight === 0 && this.#timer === undefined) this.#send();
  }

  counts(): RingCounts {
    const { length: waiting } = this.#ring;
    return { acknowledged: this.#acknowledged, refused: this.#refused, dropped: this.#dropped, waiting };
  }

  idle(): Promise<void> {
    if (this.#ring.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  /** A truncated frame has no end of its own, so it travels alone. */
  #send(): void {
    const broken = this.#ring.findIndex(({ fault }) => fault === 'truncated');
    const run = broken < 0 ? this.#ring.length : Math.max(1, broken);
    this.#inFlight = Math.min(run, BATCH_FRAMES_MAX);
    const bodies = this.#ring.slice(0, this.#inFlight).map(({ body }) => body);
    const path = bodies.length === 1 ? '/v1/frames' : '/v1/frames/batch';
    this.#post(path, Buffer.concat(bodies)).then(
      (answer) => this.#settle(answer),
      () => this.#settle(undefined),
    );
  }

  #settle(answer: Answer | undefined): void {
    const count = this.#inFlight;
    this.#inFlight = 0;
    if (this.#isClosed) return;
    if (answer === undefined || PASSING.has(answer.status)) {
      this.#timer = this.#clock.after(this.#retryMs, () => {
        this.#timer = undefined;
        this.#send();
      });
      this.#retryMs = Math.min(this.#retryMs * 2, RETRY_MS_MAX);
      return;
    }
    this.#retryMs = RETRY_MS_MIN;
    const sent = this.#ring.splice(0, count);
    const again = answer.status === 202 ? [] : this.#refusedOf(answer, sent);
    this.#acknowledged += answer.status < 300 ? count - again.length : 0;
    this.#ring.unshift(...again);
    if (this.#ring.length > 0) this.#send();
    else for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** Of a partly refused batch those that may be taken later; the others are counted and gone. */
  #refusedOf({ status, text }: Answer, sent: readonly FleetFrame[]): FleetFrame[] {
    if (status !== 207) {
      this.#refused += sent.length;
      return [];
    }
    const { outcomes } = JSON.parse(text) as { outcomes: readonly { code?: string; retryAfterMs?: number }[] };
    const again = sent.filter((_, i) => outcomes[i]?.retryAfterMs !== undefined);
    const lost = outcomes.filter(({ code, retryAfterMs }) => code !== undefined && retryAfterMs === undefined).length;
    this.#refused += lost;
    this.#acknowledged -= lost;
    return again;
  }

  #post(path: string, body: Buffer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const options = { ...this.#address, path, method: 'POST', agent: this.#agent, timeout: TIMEOUT_MS };
      const sent = request({ ...options, headers: { ...this.#headers, 'content-length': body.length } }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('error', reject);
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      });
      sent.on('timeout', () => sent.destroy(new Error('timeout')));
      sent.on('error', reject);
      sent.end(body);
    });
  }
}

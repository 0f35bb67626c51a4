/**
 * The fleet at work: devices take turns, so many frames a second in all, each to its own bridge. The same code runs in
 * the fleet's thread and in tests.
 */
import { Agent } from 'node:http';
import { type Clock, pause, type Random, seededRandom, type Timer } from '../../engine/index.ts';
import { type FaultShare, FaultyDevice } from './faulty-device.ts';
import { ADDED, addCounts, type FramePublisher, type RingCounts } from './frame-ring.ts';
import { HttpPublisher } from './http-publisher.ts';
import { type BridgeAddress, MqttPublisher } from './mqtt-publisher.ts';
import { type FleetIdentity, type FleetSigning, SimulatedDevice } from './simulated-device.ts';

export interface FleetPlan {
  readonly devices: readonly FleetIdentity[];
  readonly bootEpoch: number;
  /** Frames a second of all devices together. */
  readonly rate: number;
  /** Share of frames that are wrong on purpose, 0 to 1. */
  readonly faultShare: number;
  readonly seed: number;
  /** On demand, beside the share of frames above. */
  readonly faults?: readonly FaultShare[];
  /** Default: each frame by itself. */
  readonly signing?: FleetSigning;
  /** Where both are named, every third device uses HTTP. */
  readonly mqtt?: BridgeAddress;
  readonly http?: BridgeAddress;
}

export interface FleetCounts extends RingCounts {
  readonly made: number;
}

const TICK_MS = 50;
/** After a pause of the whole process the fleet does not make up for more than this. */
const CATCH_UP_MS_MAX = 1000;
const HTTP_EVERY = 3;
const HTTP_SOCKETS_MAX = 32;

export class FleetRun {
  readonly #clock: Clock;
  readonly #plan: FleetPlan;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: HTTP_SOCKETS_MAX });
  readonly #devices: { readonly faulty: FaultyDevice; readonly publisher: FramePublisher }[];
  #timer: Timer | undefined;
  #tickedAtMs: number;
  #due = 0;
  #turn = 0;
  #made = 0;

  constructor(plan: FleetPlan, clock: Clock) {
    this.#plan = plan;
    this.#clock = clock;
    const seeds = seededRandom(plan.seed);
    const publishers = plan.devices.map((identity, i) => this.#publisherOf(identity, i));
    this.#devices = plan.devices.map((identity, i) => {
      const made = (bootEpoch: number) =>
        new SimulatedDevice(identity, bootEpoch, seededRandom(seeds.u32()), plan.signing);
      const parts = {
        device: made(plan.bootEpoch),
        publisher: publishers[i]!,
        recorded: () => made(plan.bootEpoch - 1),
        thief: publishers[(i + 1) % publishers.length]!,
        clone: () => made(plan.bootEpoch),
        stolen: () => made(plan.bootEpoch + 1),
      };
      const faulty = new FaultyDevice(parts, plan.faults ?? [], seededRandom(seeds.u32()), clock.now());
      return { faulty, publisher: parts.publisher };
    });
    this.#turn = firstTurn(seeds, Math.max(1, this.#devices.length));
    this.#tickedAtMs = clock.monotonic();
    this.#tick();
  }

  counts(): FleetCounts {
    const rings = this.#devices.map(({ publisher }) => publisher.counts());
    return { made: this.#made, ...rings.reduce(addCounts, ADDED) };
  }

  /** Makes no more frames, waits at most so long until all are acknowledged, and disconnects. */
  async stop(waitMs: number): Promise<FleetCounts> {
    this.#timer?.cancel();
    for (const { faulty } of this.#devices) faulty.rest();
    const waited = new AbortController();
    const idle = Promise.all(this.#devices.map(({ publisher }) => publisher.idle())).then(() => waited.abort());
    await Promise.race([idle, pause(this.#clock, waitMs, waited.signal)]);
    waited.abort();
    const counts = this.counts();
    for (const { publisher } of this.#devices) publisher.close();
    this.#agent.destroy();
    return counts;
  }

  #publisherOf(identity: FleetIdentity, index: number): FramePublisher {
    const { mqtt, http } = this.#plan;
    const isHttp = http !== undefined && (mqtt === undefined || index % HTTP_EVERY === HTTP_EVERY - 1);
    if (isHttp) return new HttpPublisher(http, this.#agent, identity, this.#clock);
    return new MqttPublisher(mqtt!, identity, this.#clock);
  }

  #tick(): void {
    const nowMs = this.#clock.monotonic();
    const elapsedMs = Math.min(nowMs - this.#tickedAtMs, CATCH_UP_MS_MAX);
    this.#tickedAtMs = nowMs;
    if (this.#devices.length === 0) return;
    this.#due += (elapsedMs * this.#plan.rate) / 1000;
    for (; this.#due >= 1; this.#due--) this.#publishNext();
    this.#timer = this.#clock.after(TICK_MS, () => this.#tick());
  }

  #publishNext(): void {
    const { faulty } = this.#devices[this.#turn]!;
    this.#turn = (this.#turn + 1) % this.#devices.length;
    this.#made += faulty.send(this.#clock.now(), this.#plan.faultShare);
  }
}

function firstTurn(random: Random, devices: number): number {
  return random.u32() % devices;
}

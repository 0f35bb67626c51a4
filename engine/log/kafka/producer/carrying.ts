/**
 * The carriers of this process, one at a time: who may ride, and that a later owner of a task finds nothing of an earlier
 * one on the way. It is for those who commit often and little; the rest goes by itself, each owner in its own transaction.
 */
import { type Clock, MsecError } from '../../../base/index.ts';
import type { OffsetPlace } from '../../port.ts';
import type { RidePolicy } from '../ride-policy.ts';
import { readAnnouncement } from './announcement.ts';
import { Carrier } from './carrier.ts';
import { Lane, type LaneOptions } from './lane.ts';

export interface CarryingOptions extends Omit<LaneOptions, 'purpose'> {
  /** Of the carriers of this process; see KafkaLogOptions.processId. */
  readonly name: string;
  readonly transactionTimeoutMs: number;
  readonly policy: RidePolicy;
}

/** Names of connections are used again. */
const PURPOSES = 4;

export class Carrying {
  readonly policy: RidePolicy;
  readonly clock: Clock;
  readonly #options: CarryingOptions;
  readonly #candidates = new Set<object>();
  #carrier: Carrier | null = null;
  #taking: Promise<Carrier> | null = null;
  #aloneUntil = Number.NEGATIVE_INFINITY;
  #turn = 0;
  readonly #lanes = new Set<Lane>();

  constructor(options: CarryingOptions) {
    this.#options = options;
    this.policy = options.policy;
    this.clock = options.clock;
  }

  /** The carrier to announce; null while there is none to ride. One is then on its way, where enough would ride it. */
  offer(rider: object): Carrier | null {
    this.#candidates.add(rider);
    if (this.#candidates.size < this.policy.ridersMin || this.clock.monotonic() < this.#aloneUntil) return null;
    const carrier = this.#carrier;
    if (carrier !== null && !carrier.isOver) return carrier;
    // Whether it succeeds shows at the next offer.
    this.#take().catch(() => {});
    return null;
  }

  /** It commits no more, or not often enough. */
  withdraw(rider: object): void {
    this.#candidates.delete(rider);
  }

  /**
   * Fences whatever may still commit for an earlier owner, whose own ids have been taken already: resolves when all that
   * it committed can be read. `rode`: what it rode where it was in this process, with nothing on board any more. Gives the
   * newest epoch that was announced: the next owner's is to be above it, or its own word would count for nothing.
   */
  async fence(places: readonly OffsetPlace[], rode: Carrier | null, lane: Lane): Promise<number> {
    if (places.length === 0) return -1;
    const patience = lane.patience();
    let fenced: string | null = null;
    for (;;) {
      const { epoch, carrier, isUnstable } = await readAnnouncement(lane.cluster, places);
      if (carrier !== null && carrier !== fenced) {
        if (carrier === this.#options.name) await this.renew(rode);
        else await Carrier.fence({ name: carrier, lane, transactionTimeoutMs: this.#options.transactionTimeoutMs });
        fenced = carrier;
      }
      if (!isUnstable) return epoch;
      // The end of a transaction that was decided already, or of another group's member; it may name another carrier.
      await patience.pause(new MsecError('DEPENDENCY_DOWN', 'offsets of an earlier owner are not decided yet'));
    }
  }

  /**
   * What was committed by `rode` is seen by readers once this resolves: an end that was answered is decided, but only
   * after its markers may the id be taken again. The others on board of it finish, and go by themselves for a moment.
   */
  async renew(rode: Carrier | null): Promise<void> {
    const carrier = this.#carrier;
    if (carrier === null || carrier.isOver || carrier === rode) await this.#take();
  }

  close(): void {
    this.#carrier?.close();
    for (const lane of this.#lanes) lane.closeConnections();
  }

  /** To be called when nothing is handed in any more. */
  async idle(): Promise<void> {
    await this.#taking?.catch(() => {});
    await this.#carrier?.retire();
  }

  #take(): Promise<Carrier> {
    this.#taking ??= this.#takeNow().finally(() => {
      this.#taking = null;
    });
    return this.#taking;
  }

  async #takeNow(): Promise<Carrier> {
    const { name, transactionTimeoutMs } = this.#options;
    await this.#carrier?.retire();
    const lane = new Lane({ ...this.#options, purpose: `carrier#${this.#turn++ % PURPOSES}` });
    this.#lanes.add(lane);
    try {
      const onFailed = () => {
        this.#aloneUntil = this.clock.monotonic() + this.policy.aloneMs;
      };
      this.#carrier = await Carrier.take({ name, lane, clock: this.clock, transactionTimeoutMs, onFailed });
      return this.#carrier;
    } catch (error) {
      lane.closeConnections();
      throw error;
    } finally {
      this.#lanes.delete(lane);
    }
  }
}

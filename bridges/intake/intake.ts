/**
 * The one place that decides what becomes of a frame from outside, whatever protocol it came by: limits, sealing, key,
 * partition, durable append. A frame is never looked into here: what is wrong with it, the verifier says in public.
 * Whoever awaits an accepted outcome may acknowledge: the frame is durable.
 */
import { type Clock, ERROR_TABLE, type ErrorCode, errorData } from '../../engine/index.ts';
import type { DeviceRecord } from '../../schemas/device/index.ts';
import { DevicesTraffic, type DeviceTraffic, REFUSAL_REPORT_MS } from './device-traffic.ts';
import type { EvidenceIntake } from './evidence-door.ts';
import { FrameSealing } from './frame-sealing.ts';
import { type Outcome, type Refused, refusal } from './outcome.ts';
import type { DeviceDirectory, FrameAppender, PrivacyOf, SealingKeys } from './ports.ts';
import type { Rate } from './token-bucket.ts';
import type { UnsignedPolicy } from './unsigned-policy.ts';

export interface IntakeLimits {
  readonly frameBytesMax: number;
  /** For each device. */
  readonly rate: Rate;
  /** Frames received and not yet durable, all devices together and each. */
  readonly inFlightMax: number;
  readonly inFlightPerDeviceMax: number;
  readonly inFlightBytesMax: number;
}

export const INTAKE_LIMITS: IntakeLimits = {
  frameBytesMax: 64 * 1024,
  rate: { perSecond: 50, burst: 200 },
  inFlightMax: 32_768,
  inFlightPerDeviceMax: 4096,
  inFlightBytesMax: 64 * 1024 * 1024,
};

/** A device's refusals, told at most once in `REFUSAL_REPORT_MS` for each device. */
export interface FramesRefused {
  readonly event: 'FramesRefused';
  readonly deviceId: string;
  readonly code: ErrorCode;
  readonly message: string;
  /** Refusals of this device since the report before this one, for whatever reason. */
  readonly frames: number;
  /** What the operator is told beyond it: the failure inside that led to the refusal. */
  readonly cause?: string;
}

/** A device in quarantine is challenged again by itself; its data need not knock more often. */
const QUARANTINE_RETRY_MS = 10_000;

export interface IntakeCounts {
  readonly acceptedFrames: number;
  readonly acceptedBytes: number;
  readonly refusedFrames: Readonly<Partial<Record<ErrorCode, number>>>;
  readonly inFlightFrames: number;
  readonly inFlightBytes: number;
}

export interface IntakeOptions {
  readonly topic: string;
  readonly partitions: number;
  readonly directory: DeviceDirectory;
  readonly privacyOf: PrivacyOf;
  readonly keys: SealingKeys;
  readonly appender: FrameAppender;
  readonly clock: Clock;
  readonly unsigned: UnsignedPolicy;
  readonly limits?: Partial<IntakeLimits>;
  /** Absent: devices are not attested, and data is all that is taken. */
  readonly attestation?: EvidenceIntake;
  readonly onEvent?: (event: FramesRefused) => void;
}

/** One connection's or request's way in. Frames of one lane are appended in the order of the calls. */
export interface Lane {
  readonly deviceId: string;
  /** False of a legacy device: that it is this one, its address alone says. */
  readonly hasToken: boolean;
  /**
   * Resolves once the frame is durable or refused; never rejects. `body` may be reused once the call has returned.
   */
  accept(body: Uint8Array): Promise<Outcome>;
  /** The same of evidence that the device shows of its state. */
  attest(body: Uint8Array): Promise<Outcome>;
}

export class Intake {
  readonly limits: IntakeLimits;
  readonly #options: IntakeOptions;
  readonly #sealing: FrameSealing;
  readonly #traffic: DevicesTraffic;
  readonly #refused = new Map<ErrorCode, number>();
  #waitingForRoom: (() => void)[] = [];
  #acceptedFrames = 0;
  #acceptedBytes = 0;
  #inFlightFrames = 0;
  #inFlightBytes = 0;
  #isClosed = false;
  #drained: (() => void) | undefined;

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#sealing = new FrameSealing(options.privacyOf, options.keys);
    this.limits = { ...INTAKE_LIMITS, ...options.limits };
    this.#traffic = new DevicesTraffic(options.partitions, this.limits.rate, options.attestation);
  }

  /**
   * The device's way in, or undefined where id and token do not belong together. Without a token only a legacy device
   * is let in: one that was enrolled without a credential and sends from an address that is allowed to.
   */
  authenticate(deviceId: string, token: string | undefined, remoteAddress: string | undefined): Lane | undefined {
    const { directory, unsigned } = this.#options;
    const isUnsignedAllowed = unsigned(remoteAddress);
    const device = token === undefined ? directory.get(deviceId) : directory.authenticate(deviceId, token);
    if (device === undefined || device === null || device.state !== 'active') return undefined;
    if (token === undefined && (device.credentialHash !== null || !isUnsignedAllowed)) return undefined;
    if (this.#barred(deviceId) === 'revoked') return undefined;
    return {
      deviceId,
      hasToken: token !== undefined,
      accept: (body) => this.#accept(device, isUnsignedAllowed, body),
      attest: (body) => this.#attest(device, body),
    };
  }

  /** False when half of what may be in flight is: a bridge then stops reading from its connections. */
  get hasRoom(): boolean {
    return this.#inFlightFrames * 2 < this.limits.inFlightMax && this.#inFlightBytes * 2 < this.limits.inFlightBytesMax;
  }

  /** Calls back once, as soon as there is room. A bridge holds one entry for each connection it has stopped at most. */
  whenRoom(run: () => void): void {
    this.#waitingForRoom.push(run);
  }

  counts(): IntakeCounts {
    return {
      acceptedFrames: this.#acceptedFrames,
      acceptedBytes: this.#acceptedBytes,
      refusedFrames: Object.fromEntries(this.#refused),
      inFlightFrames: this.#inFlightFrames,
      inFlightBytes: this.#inFlightBytes,
    };
  }

  /** Refuses what comes from now on; resolves when what was in flight is durable or has failed. */
  close(): Promise<void> {
    this.#isClosed = true;
    if (this.#inFlightFrames === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const before = this.#drained;
      this.#drained = () => {
        before?.();
        resolve();
      };
    });
  }

  #accept(device: DeviceRecord, isUnsignedAllowed: boolean, body: Uint8Array): Promise<Outcome> {
    const { clock, topic } = this.#options;
    const traffic = this.#traffic.of(device.deviceId, clock.monotonic());
    const refused = this.#admit(device, traffic, body.length);
    if (refused !== undefined) return Promise.resolve(this.#refuse(device, traffic, refused));
    const receivedAtMs = clock.now();
    let value: Uint8Array;
    try {
      value = this.#sealing.record(device.deviceId, device.type, body, isUnsignedAllowed, receivedAtMs);
    } catch (thrown) {
      return Promise.resolve(this.#refuse(device, traffic, sealRefusal(thrown), thrown));
    }
    return this.#store(device, traffic, topic, receivedAtMs, value, body.length).then((outcome) => {
      if (!outcome.isAccepted) return outcome;
      this.#acceptedFrames += 1;
      this.#acceptedBytes += body.length;
      return outcome;
    });
  }

  #attest(device: DeviceRecord, body: Uint8Array): Promise<Outcome> {
    const { clock } = this.#options;
    const traffic = this.#traffic.of(device.deviceId, clock.monotonic());
    const { evidence } = traffic;
    const refused =
      evidence === null || device.credentialHash === null
        ? refusal('TOPIC_REFUSED', `${evidence === null ? 'devices' : 'devices without a token'} are not attested here`)
        : (this.#unfit(device) ?? this.#crowded(body.length) ?? evidence.admit(body, clock.monotonic()));
    if (evidence === null || refused !== undefined)
      return Promise.resolve(this.#refuse(device, traffic, refused as Refused));
    evidence.inFlight += 1;
    const value = evidence.record(body);
    return this.#store(device, traffic, evidence.topic, clock.now(), value, body.length).finally(() => {
      evidence.inFlight -= 1;
    });
  }

  #store(
    device: DeviceRecord,
    traffic: DeviceTraffic,
    topic: string,
    receivedAtMs: number,
    value: Uint8Array,
    bytes: number,
  ): Promise<Outcome> {
    const appended = this.#options.appender.append(topic, traffic.partition, receivedAtMs, traffic.key, value);
    traffic.inFlight += 1;
    this.#inFlightFrames += 1;
    this.#inFlightBytes += bytes;
    return appended.then(
      (offset) => {
        this.#settle(traffic, bytes);
        return { isAccepted: true, partition: traffic.partition, offset };
      },
      (thrown: unknown) => {
        this.#settle(traffic, bytes);
        return this.#refuse(device, traffic, storeRefusal(thrown), thrown);
      },
    );
  }

  /** The cheap questions first; the token is taken last, so that what is refused for another reason costs none. */
  #admit(device: DeviceRecord, traffic: DeviceTraffic, bytes: number): Refused | undefined {
    const { limits } = this;
    const unfit = this.#unfit(device);
    if (unfit !== undefined) return unfit;
    if (this.#barred(device.deviceId) !== null) {
      return refusal('ATTESTATION_REQUIRED', 'the device is in quarantine until it proves itself', {
        retryAfterMs: QUARANTINE_RETRY_MS,
      });
    }
    if (bytes > limits.frameBytesMax) {
      return refusal('FRAME_TOO_LARGE', `the frame has ${bytes} bytes, at most ${limits.frameBytesMax} are accepted`);
    }
    if (traffic.inFlight >= limits.inFlightPerDeviceMax) {
      return refusal('INTAKE_BUSY', `more than ${limits.inFlightPerDeviceMax} frames of the device are in flight`, {
        retryAfterMs: 1000,
      });
    }
    const crowded = this.#crowded(bytes);
    if (crowded !== undefined) return crowded;
    const nowMs = this.#options.clock.monotonic();
    if (!traffic.bucket.tryTake(nowMs)) {
      const { perSecond, burst } = limits.rate;
      return refusal('RATE_LIMITED', `more than ${perSecond} frames a second (burst ${burst}) from the device`, {
        retryAfterMs: traffic.bucket.waitMs(nowMs),
      });
    }
    return undefined;
  }

  #unfit(device: DeviceRecord): Refused | undefined {
    if (this.#isClosed) return refusal('CLOSED', 'the bridge is shutting down', { retryAfterMs: 1000 });
    if (this.#barred(device.deviceId) === 'revoked') return refusal('DEVICE_REVOKED', 'the device has been revoked');
    return this.#goneSince(device);
  }

  #crowded(bytes: number): Refused | undefined {
    const { inFlightMax, inFlightBytesMax } = this.limits;
    if (this.#inFlightFrames < inFlightMax && this.#inFlightBytes + bytes <= inFlightBytesMax) return undefined;
    return refusal('INTAKE_BUSY', 'more frames arrive than the log can take', { retryAfterMs: 1000 });
  }

  #barred(deviceId: string): ReturnType<EvidenceIntake['barredOf']> {
    return this.#options.attestation?.barredOf(deviceId) ?? null;
  }

  /** A lane lives as long as its connection; what it was opened with may be revoked or replaced meanwhile. */
  #goneSince(opened: DeviceRecord): Refused | undefined {
    const now = this.#options.directory.get(opened.deviceId);
    if (now === opened) return undefined;
    if (now?.state !== 'active') return refusal('DEVICE_REVOKED', 'the device has been revoked');
    if (now.credentialHash === opened.credentialHash) return undefined;
    return refusal('NOT_AUTHENTICATED', 'the token of the device has been replaced');
  }

  #refuse(device: DeviceRecord, traffic: DeviceTraffic, refused: Refused, cause?: unknown): Refused {
    this.#refused.set(refused.code, (this.#refused.get(refused.code) ?? 0) + 1);
    traffic.refusedSinceReport += 1;
    const nowMs = this.#options.clock.monotonic();
    if (nowMs - traffic.reportedAtMs >= REFUSAL_REPORT_MS) {
      const frames = traffic.refusedSinceReport;
      traffic.refusedSinceReport = 0;
      traffic.reportedAtMs = nowMs;
      const { code, message } = refused;
      this.#options.onEvent?.({
        event: 'FramesRefused',
        deviceId: device.deviceId,
        code,
        message,
        frames,
        ...(cause === undefined ? {} : { cause: errorData(cause).message }),
      });
    }
    return refused;
  }

  #settle(traffic: DeviceTraffic, bytes: number): void {
    traffic.inFlight -= 1;
    this.#inFlightFrames -= 1;
    this.#inFlightBytes -= bytes;
    if (this.#waitingForRoom.length > 0 && this.hasRoom) {
      const waiting = this.#waitingForRoom;
      this.#waitingForRoom = [];
      for (const run of waiting) run();
    }
    if (this.#inFlightFrames === 0) this.#drained?.();
  }
}

/** Kind input: these bytes can never be sealed. Anything else may pass, so the device is asked to try again. */
function sealRefusal(thrown: unknown): Refused {
  const { code, message, ...place } = errorData(thrown);
  if (ERROR_TABLE[code].kind === 'input') return refusal(code, message, place);
  return refusal('DEPENDENCY_DOWN', 'the frame could not be sealed', { retryAfterMs: 1000 });
}

/** The log's refusal in words for a device. Only what is the frame's own fault is refused for ever. */
function storeRefusal(thrown: unknown): Refused {
  const { code } = errorData(thrown);
  if (code === 'QUOTA_EXCEEDED') {
    return refusal(code, 'the log is full of frames that have not been read yet', { retryAfterMs: 5000 });
  }
  if (code === 'BATCH_TOO_LARGE') return refusal('FRAME_TOO_LARGE', 'the frame does not fit into a batch of the log');
  if (code === 'CLOSED') return refusal(code, 'the engine is shutting down', { retryAfterMs: 1000 });
  return refusal('DEPENDENCY_DOWN', 'the frame could not be stored', { retryAfterMs: 1000 });
}

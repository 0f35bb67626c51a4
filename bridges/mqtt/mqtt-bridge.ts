/**
 * Frames over MQTT 3.1.1. A device connects with its id as user name and its token as password and publishes to
 * devices/<its id>/frames; QoS 1 and 2 are acknowledged once the frame is durable, and not before. Nothing that a
 * device publishes reaches another client. docs/bridges.md says what each refusal does at each quality of service.
 * Where devices are attested, challenges go out and evidence comes in over the same connection; where trust is kept, a device
 * tells who has served it on devices/<its id>/interactions.
 */
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { Client, PublishPacket, Subscription } from 'aedes';
import { type ErrorCode, errorData } from '../../engine/index.ts';
import { EVIDENCE_BYTES_MAX } from '../../schemas/attestation/index.ts';
import type { ChallengeDesk, TrustBoard } from '../attestation/index.ts';
import { type Entrance, type InteractionDoor, isLasting, oneOutcome, type Refused, refusal } from '../intake/index.ts';
import { Admission, type AdmissionLimits, type ConnectionRefused } from './admission.ts';
import { FrameBroker } from './frame-broker.ts';
import type { MqttSession, PublishNotice } from './mqtt-session.ts';
import { gateSocket, LargeRoom, type PacketFault, type PacketLimits } from './packet-gate.ts';

export interface MqttLimits extends AdmissionLimits, PacketLimits {
  readonly connectionsMax: number;
  /** From the TCP connection to the whole CONNECT packet. */
  readonly connectTimeoutMs: number;
  /** A client that does not take its acknowledgements is dropped after this. */
  readonly drainTimeoutMs: number;
  /** QoS 2 messages between PUBLISH and PUBREL, for each connection. */
  readonly qos2InFlightMax: number;
}

export const MQTT_LIMITS: MqttLimits = {
  connectionsMax: 10_000,
  connectionsPerDeviceMax: 4,
  connectTimeoutMs: 5000,
  keepAliveSecMax: 300,
  drainTimeoutMs: 15_000,
  connectBytesMax: 2048,
  // Above the intake's limit for a frame, so that a frame a little too large is refused with a reason.
  packetBytesMax: 128 * 1024,
  qos2InFlightMax: 256,
};

export interface MqttBridgeOptions {
  readonly intake: Entrance;
  /** Loopback unless the operator says otherwise. */
  readonly host?: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly limits?: Partial<MqttLimits>;
  /** Absent: devices are not attested. */
  readonly attestation?: { readonly desk: ChallengeDesk; readonly trust: TrustBoard };
  /** Absent: nobody keeps trust. */
  readonly interactions?: InteractionDoor;
  readonly onEvent?: (event: ConnectionRefused) => void;
  /** For each connection and message that the intake never saw. */
  readonly onRefused?: (code: ErrorCode) => void;
}

export interface MqttCounts {
  readonly connections: number;
  /** Refused, or closed because they broke the protocol or a limit. */
  readonly refusedConnections: number;
  /** Frames of which the client does not know yet what became of them. */
  readonly pendingFrames: number;
}

const NOTHING = Buffer.alloc(0);
/** Of a publication's topic and what else stands before its payload. */
const HEAD_BYTES_MAX = 256;
/** Of evidence that is larger than any other packet may be. */
const LARGE_BYTES_MAX = 64 * 1024 * 1024;
const SUBACK_FAILURE = 0x80;
/** Lasting for the frame, but the connection has no business any more. */
const IS_DEVICE_GONE: ReadonlySet<ErrorCode> = new Set(['DEVICE_REVOKED', 'NOT_AUTHENTICATED']);

export class MqttBridge {
  readonly #intake: Entrance;
  readonly #limits: MqttLimits;
  readonly #attestation: MqttBridgeOptions['attestation'];
  readonly #interactions: InteractionDoor | undefined;
  readonly #onEvent: (event: ConnectionRefused) => void;
  readonly #onRefused: (code: ErrorCode) => void;
  readonly #server: Server;
  readonly #admission: Admission;
  readonly #broker: FrameBroker;
  readonly #publishNotice: PublishNotice = (packet, written) => this.#broker.publish(packet, written);
  readonly #sockets = new Set<Socket>();
  readonly #largePackets = new LargeRoom(LARGE_BYTES_MAX);
  #connections = 0;
  #refusedConnections = 0;
  #pendingFrames = 0;
  #isClosing = false;
  #settled: (() => void) | undefined;

  private constructor(options: MqttBridgeOptions) {
    this.#intake = options.intake;
    this.#attestation = options.attestation;
    this.#interactions = options.interactions;
    const limits = { ...MQTT_LIMITS, ...options.limits };
    const packetBytesMax = Math.max(limits.packetBytesMax, EVIDENCE_BYTES_MAX + HEAD_BYTES_MAX);
    const largePacketBytes = limits.packetBytesMax;
    this.#limits = options.attestation === undefined ? limits : { ...limits, packetBytesMax, largePacketBytes };
    this.#onEvent = options.onEvent ?? (() => undefined);
    this.#onRefused = options.onRefused ?? (() => undefined);
    this.#server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 }, (socket) =>
      this.#connected(socket),
    );
    this.#server.maxConnections = this.#limits.connectionsMax;
    this.#server.on('drop', (dropped) =>
      this.#refused({
        event: 'ConnectionRefused',
        remoteAddress: dropped?.remoteAddress,
        code: 'INTAKE_BUSY',
        reason: 'as many connections as allowed are open',
      }),
    );
    this.#admission = new Admission(options.intake, this.#limits, (refused) => this.#refused(refused));
    this.#broker = this.#makeBroker();
  }

  /** Resolves once it listens; rejects with the system's error where the port is taken. */
  static async open(options: MqttBridgeOptions): Promise<MqttBridge> {
    const bridge = new MqttBridge(options);
    await bridge.#broker.listen();
    try {
      await bridge.#listen(options.host ?? '127.0.0.1', options.port);
    } catch (error) {
      await bridge.#closeBroker();
      throw error;
    }
    return bridge;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  counts(): MqttCounts {
    return {
      connections: this.#connections,
      refusedConnections: this.#refusedConnections,
      pendingFrames: this.#pendingFrames,
    };
  }

  /** Takes nothing new, acknowledges what is on its way into the log, then closes every connection. */
  async close(): Promise<void> {
    if (this.#isClosing) return;
    this.#isClosing = true;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    if (this.#pendingFrames > 0) {
      await new Promise<void>((resolve) => {
        this.#settled = resolve;
      });
      // aedes corks a socket until the next tick: the acknowledgements leave before the connections close.
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    await this.#closeBroker();
    // The broker knows the clients that have sent their CONNECT; the others would be waited for.
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #makeBroker(): FrameBroker {
    const limits = this.#limits;
    const broker = new FrameBroker({
      connectTimeout: limits.connectTimeoutMs,
      drainTimeout: limits.drainTimeoutMs,
      maxInflightInbound: limits.qos2InFlightMax,
      // What a client may send behind its CONNECT without waiting: one read's worth, which the gate bounds.
      queueLimit: 4096,
      preConnect: (client, packet, done) => {
        this.#admission.prepare(client, packet);
        done(null, !this.#isClosing);
      },
      authenticate: (client, username, password, done) =>
        this.#admission.authenticate(client, username, password, done),
      authorizePublish: (client, packet, done) => this.#publish(client, packet, done),
      authorizeSubscribe: (client, subscription, done) => done(null, this.#subscription(client, subscription)),
    });
    const failed = (client: Client, error: Error) => {
      const { remoteAddress } = client.conn as Socket;
      this.#refused({ event: 'ConnectionRefused', remoteAddress, code: 'REQUEST_INVALID', reason: error.message });
    };
    broker.on('clientError', failed);
    broker.on('connectionError', failed);
    broker.on('unsubscribe', (topics, client) => {
      const session = this.#admission.session(client);
      if (session === undefined) return;
      if (topics.includes(session.noticesTopic)) session.listen(false);
      if (topics.includes(session.challengeTopic)) session.beChallenged(undefined);
    });
    // Only now has aedes sent the SUBACK.
    broker.on('subscribe', (subscriptions, client) => {
      const session = this.#admission.session(client);
      if (session === undefined || this.#attestation === undefined) return;
      if (
        subscriptions.some(({ topic, qos }) => topic === session.challengeTopic && (qos as number) !== SUBACK_FAILURE)
      )
        session.beChallenged(this.#attestation.desk);
    });
    return broker;
  }

  #closeBroker(): Promise<void> {
    return new Promise((resolve) => this.#broker.close(resolve));
  }

  #listen(host: string, port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
  }

  #connected(socket: Socket): void {
    this.#connections += 1;
    this.#sockets.add(socket);
    socket.once('close', () => {
      this.#connections -= 1;
      this.#sockets.delete(socket);
    });
    const { remoteAddress } = socket;
    const room = {
      hasRoom: () => !this.#isClosing && this.#intake.hasRoom,
      whenRoom: (run: () => void) => this.#intake.whenRoom(run),
    };
    const failed = (fault: PacketFault) =>
      this.#refused({
        event: 'ConnectionRefused',
        remoteAddress,
        code: fault === 'NO_ROOM' ? 'INTAKE_BUSY' : 'FRAME_TOO_LARGE',
        reason: fault,
      });
    gateSocket(socket, this.#limits, room, failed, this.#largePackets);
    this.#broker.handle(socket);
  }

  /** The frame's whole way: aedes acknowledges as soon as `done` is called, so that waits for the log. */
  #publish(client: Client | null, packet: PublishPacket, done: (error?: Error | null) => void): void {
    const session = client === null ? undefined : this.#admission.session(client);
    if (session === undefined) {
      done(new Error('a message of nobody'));
      return;
    }
    if (session.isClosing) return;
    const message = session.received(packet, done);
    const isEvidence = packet.topic === session.evidenceTopic && this.#attestation !== undefined;
    const interactions = packet.topic === session.interactionsTopic ? this.#interactions : undefined;
    const misplaced = misplacement(session, packet, isEvidence || interactions !== undefined);
    if (misplaced !== undefined) {
      message.outcome = misplaced;
      this.#onRefused(misplaced.code);
      this.#answer(session);
      return;
    }
    this.#pendingFrames += 1;
    const { lane } = session;
    const payload = packet.payload as Buffer;
    const taken =
      interactions !== undefined
        ? interactions.take(lane, payload).then(oneOutcome, failed)
        : isEvidence
          ? lane.attest(payload)
          : lane.accept(payload);
    void taken.then((outcome) => {
      // The intake counts its own.
      if (interactions !== undefined && !outcome.isAccepted) this.#onRefused(outcome.code);
      message.outcome = outcome;
      this.#answer(session);
      this.#pendingFrames -= 1;
      if (this.#pendingFrames === 0) this.#settled?.();
    });
  }

  /**
   * A lasting refusal is acknowledged, or the client would send the same frame for ever. One that may pass is not:
   * the connection closes, and a QoS 1 client sends it again when it is back. So does one of the device itself. A
   * device in quarantine needs its connection to prove itself: it closes when the device has.
   */
  #answer(session: MqttSession): void {
    while (!session.isClosing) {
      const message = session.takeAnswered();
      if (message?.outcome === undefined) return;
      const { outcome, packet, done } = message;
      // aedes keeps a QoS 2 packet until PUBREL; the frame in it is in the log by now.
      if (packet.qos === 2) packet.payload = NOTHING;
      if (outcome.isAccepted) done(null);
      else if (outcome.code === 'ATTESTATION_REQUIRED') {
        this.#withhold(session, outcome, packet);
        done(null);
      } else if (isLasting(outcome) && !IS_DEVICE_GONE.has(outcome.code)) {
        session.notify(this.#publishNotice, outcome, packet.messageId, () => undefined);
        done(null);
      } else {
        session.isClosing = true;
        session.notify(this.#publishNotice, outcome, packet.messageId, () => session.client.close());
      }
    }
  }

  /** aedes acknowledges what came at QoS 0 with nothing. */
  #withhold(session: MqttSession, refused: Refused, packet: PublishPacket): void {
    packet.qos = 0;
    packet.payload = NOTHING;
    const { trust } = this.#attestation!;
    const isFirst = session.withhold((end) => trust.whenCleared(session.lane.deviceId, end));
    if (isFirst) session.notify(this.#publishNotice, refused, packet.messageId, () => undefined);
  }

  /** Only its own notices, which are sent at QoS 0, and challenges; null makes aedes answer 0x80 in the SUBACK. */
  #subscription(client: Client, subscription: Subscription): Subscription | null {
    const session = this.#admission.session(client);
    if (session === undefined) return null;
    if (subscription.topic === session.challengeTopic && this.#attestation !== undefined) return subscription;
    if (subscription.topic !== session.noticesTopic) return null;
    session.listen(true);
    return subscription;
  }

  #refused(refused: ConnectionRefused): void {
    this.#refusedConnections += 1;
    if (this.#isClosing) return;
    this.#onEvent(refused);
    this.#onRefused(refused.code);
  }
}

/** What nobody foresaw has stored nothing. */
const failed = (thrown: unknown): Refused => refusal(errorData(thrown).code, 'something failed that should not have');

function misplacement(session: MqttSession, packet: PublishPacket, isOther: boolean): Refused | undefined {
  if (packet.topic !== session.framesTopic && !isOther)
    return refusal('TOPIC_REFUSED', `publish to ${session.framesTopic}`);
  return packet.retain ? refusal('TOPIC_REFUSED', 'retained messages are refused') : undefined;
}

/**
 * Who may connect over MQTT: user name is the device id, password its token. Nothing that a client says about itself
 * before that (client id, will, keep-alive, session) may touch another device or outlive the connection.
 */
import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import type { AuthenticateError, Client, ConnectPacket } from 'aedes';
import type { ErrorCode } from '../../engine/index.ts';
import type { Entrance } from '../intake/index.ts';
import { type DeviceConnections, MqttSession } from './mqtt-session.ts';

/** A connection that was refused or broke the protocol. `reason` is for people and quotes nothing that was sent. */
export interface ConnectionRefused {
  readonly event: 'ConnectionRefused';
  readonly remoteAddress: string | undefined;
  readonly code: ErrorCode;
  readonly reason: string;
}

export interface AdmissionLimits {
  readonly connectionsPerDeviceMax: number;
  /** A client that asks for a longer keep-alive, or none, is dropped after one and a half of this in silence. */
  readonly keepAliveSecMax: number;
}

const DEVICE_ID = /^[A-Za-z0-9._:-]{1,64}$/;
const TOKEN_BYTES_MAX = 256;
/** MQTT 3.1.1, table 3.1. */
const RETURN_CODE = { unavailable: 3, credentials: 4, notAuthorized: 5 } as const;

type Done = (error: AuthenticateError | null, success: boolean | null) => void;

export class Admission {
  readonly #intake: Entrance;
  readonly #limits: AdmissionLimits;
  readonly #onRefused: (refused: ConnectionRefused) => void;
  readonly #sessions = new WeakMap<Client, MqttSession>();
  readonly #wills = new WeakSet<Client>();
  readonly #devices = new Map<string, DeviceConnections>();

  constructor(intake: Entrance, limits: AdmissionLimits, onRefused: (refused: ConnectionRefused) => void) {
    this.#intake = intake;
    this.#limits = limits;
    this.#onRefused = onRefused;
  }

  /** Of an authenticated connection; undefined for any other. */
  session(client: Client): MqttSession | undefined {
    return this.#sessions.get(client);
  }

  /**
   * On CONNECT, before anything is known. The client id gets the user name in front, which is checked next: else a
   * device could take over another's connection by its id. Clean: no session is kept, downstream knows duplicates.
   */
  prepare(client: Client, packet: ConnectPacket): void {
    const { keepAliveSecMax } = this.#limits;
    packet.clientId = `${packet.username ?? ''}/${packet.clientId || randomUUID()}`;
    packet.clean = true;
    packet.keepalive = Math.min(packet.keepalive || keepAliveSecMax, keepAliveSecMax);
    if (packet.will !== undefined && packet.will !== null) this.#wills.add(client);
  }

  authenticate(client: Client, username: string | undefined, password: Buffer | undefined, done: Done): void {
    const remoteAddress = (client.conn as Socket).remoteAddress;
    const refuse = (returnCode: number, code: ErrorCode, reason: string) => {
      this.#onRefused({ event: 'ConnectionRefused', remoteAddress, code, reason });
      done(Object.assign(new Error(reason), { returnCode }) as AuthenticateError, null);
    };
    const deviceId = username ?? '';
    const isPlausible = DEVICE_ID.test(deviceId) && (password?.length ?? 0) <= TOKEN_BYTES_MAX;
    const lane = isPlausible
      ? this.#intake.authenticate(deviceId, password?.toString('latin1'), remoteAddress)
      : undefined;
    if (lane === undefined) {
      refuse(RETURN_CODE.credentials, 'NOT_AUTHENTICATED', 'device id and token do not belong together');
      return;
    }
    if (this.#wills.has(client)) {
      refuse(RETURN_CODE.notAuthorized, 'TOPIC_REFUSED', `${deviceId} left a will, which is not accepted`);
      return;
    }
    const device = this.#devices.get(deviceId) ?? { open: 0, listening: 0, noticesPending: 0 };
    if (device.open >= this.#limits.connectionsPerDeviceMax) {
      refuse(RETURN_CODE.unavailable, 'INTAKE_BUSY', `${deviceId} has ${device.open} connections already`);
      return;
    }
    this.#devices.set(deviceId, device);
    const session = new MqttSession(client, lane, device);
    client.conn.once('close', () => {
      session.left();
      if (device.open === 0) this.#devices.delete(deviceId);
    });
    this.#sessions.set(client, session);
    done(null, true);
  }
}

/**
 * What the bridges need of the rest, as small ports: who a device is, the day's key for what is personal, and where
 * frames are stored. The services behind them are put together in the command line; bridges never import one.
 */
import type { DeviceRecord } from '../../schemas/device/index.ts';
import type { PayloadPrivacy, SealingKey } from '../../schemas/envelope/index.ts';

export interface DeviceDirectory {
  /**
   * Null for a wrong token, an unknown device and a revoked one alike, in the same time. Called for each connection
   * and each HTTP request.
   */
  authenticate(deviceId: string, token: string): DeviceRecord | null;
  /** What is known of it now. Called for each frame, so a look into a table at most. */
  get(deviceId: string): DeviceRecord | undefined;
}

export interface SealingKeys {
  /** The key of the day that this moment (Unix milliseconds) lies in, durable already. Throws when there is none. */
  sealingKey(atMs: number): SealingKey;
}

/** Which payloads of a device type are personal data. An unknown type is. */
export type PrivacyOf = (type: string) => PayloadPrivacy;

export interface FrameAppender {
  /** Resolves with the offset once durable. QUOTA_EXCEEDED, BATCH_TOO_LARGE, CLOSED. Key and value become the log's. */
  append(topic: string, partition: number, timestampMs: number, key: Uint8Array, value: Uint8Array): Promise<number>;
}

/** What attestation has against a device's data; null: nothing. Called for each frame, so a look into a table at most. */
export type BarredOf = (deviceId: string) => 'quarantined' | 'revoked' | null;

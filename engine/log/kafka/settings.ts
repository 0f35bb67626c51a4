/** How a cluster is reached and what this application is called there: plain data, so that it crosses to workers. */
import type { Clock } from '../../base/index.ts';
import type { Emit } from '../../observe/index.ts';
import type { RidePolicy } from './ride-policy.ts';

export interface KafkaTls {
  /** PEM of the authorities that are trusted instead of the system's. */
  readonly ca?: string;
  /** PEM of the client's certificate and its key; both or neither. */
  readonly cert?: string;
  readonly key?: string;
  /** What the broker's certificate must name. Default: the host that is connected to. */
  readonly serverName?: string;
}

export interface KafkaSasl {
  readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512';
  readonly user: string;
  readonly password: string;
}

/** The token is read from the file at each login, so that whoever renews it needs no word with us. */
export interface KafkaTokenFile {
  readonly mechanism: 'OAUTHBEARER';
  readonly tokenFile: string;
}

export interface KafkaReaderDescriptor {
  /** host:port, at least one. */
  readonly bootstrap: readonly string[];
  /** Default msec. */
  readonly clientId?: string;
  /** In front of every transactional id, and the name of the group. Default msec. */
  readonly applicationId?: string;
  /** Of the topics that are made. Absent: the brokers' default. */
  readonly replicationFactor?: number;
  readonly tls?: KafkaTls;
  readonly sasl?: KafkaSasl | KafkaTokenFile;
  /** Default 30 s. */
  readonly requestTimeoutMs?: number;
  /** For how long what may pass by itself is tried again. Default 60 s. */
  readonly retryMsMax?: number;
  /**
   * A reader whose next offset retention has taken already: 'fail' with OFFSET_OUT_OF_RANGE (default), or go on at the
   * 'earliest' that is left.
   */
  readonly outOfRange?: 'fail' | 'earliest';
}

export interface KafkaLogOptions extends KafkaReaderDescriptor {
  readonly clock?: Clock;
  /** Told, once, where the cluster speaks the old transaction protocol. */
  readonly emit?: Emit;
  /**
   * Part of the transactional id of what nobody owns: no two processes at a time, and the same one after a restart, so
   * that it ends what was left open. Default: drawn at random.
   */
  readonly processId?: string;
  /** When the tasks of a process share transactions; see RIDE_POLICY. */
  readonly ride?: Partial<RidePolicy>;
}

/**
 * Events as structured log lines (JSON, one a line), through pino. Fields that could hold a secret are cut out wherever
 * they stand, should one ever find its way into an event.
 */
import type { DestinationStream, LoggerOptions } from 'pino';
import { type Clock, systemClock } from '../base/index.ts';
import { type Emit, EVENT_TABLE, type EventLevel } from './events.ts';

const SECRET_FIELDS = ['token', 'password', 'secret', 'privateKey', 'authorization', 'credential', 'payload'];

export interface EventLogOptions {
  readonly level: EventLevel;
  /** A path, or a file descriptor (2 is standard error), or a stream of the caller's. */
  readonly to: string | number | DestinationStream;
  /** Stamps the lines. Default the system's. */
  readonly clock?: Clock;
}

export interface EventLog {
  readonly emit: Emit;
  /** Writes out what is held back. Call before the process ends. */
  flush(): void;
}

/** The logger is loaded here and not before: worker threads and short commands never need it. */
export async function openEventLog({ level, to, clock = systemClock }: EventLogOptions): Promise<EventLog> {
  const { destination, pino } = await import('pino');
  // Synchronous, so that no line is lost when the process is killed; events are rare by construction.
  const stream =
    typeof to === 'object' ? to : destination({ dest: to, sync: true, mkdir: false, mode: 0o600, append: true });
  const options: LoggerOptions = {
    level,
    base: null,
    timestamp: () => `,"time":"${new Date(clock.now()).toISOString()}"`,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: SECRET_FIELDS.flatMap((field) => [field, `*.${field}`]), censor: '[redacted]' },
  };
  const logger = pino(options, stream);
  return {
    emit: (name, event) => {
      const { level: at, says } = EVENT_TABLE[name];
      const line: object = { event: name, ...event };
      logger[at](line, says);
    },
    flush: () => logger.flush(),
  };
}

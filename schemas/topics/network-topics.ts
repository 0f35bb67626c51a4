/**
 * The topics of intrusion detection, keyed by where packets were captured. Addresses of people are in all of them, so
 * none is public.
 */
import { ByteSlice, type Codec, jsonCodec, rawCodec, type Topic, topic } from '../../engine/index.ts';

/** capture → engine: batches of schemas/network, and what is to be told between two of them. */
export const NETWORK_PACKETS = 'network.packets';
/** EVE records: alerts. */
export const IDS_ALERTS = 'ids.alerts';
/** EVE records: flows, transactions, files, anomalies. */
export const IDS_EVENTS = 'ids.events';
/** EVE records: what the rules would block. */
export const IDS_VERDICTS = 'ids.verdicts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** A record, or its text where it is made as text. */
export type EveValue = Record<string, unknown> | ByteSlice;

function eveCodec(): Codec<EveValue> {
  const json = jsonCodec<EveValue>();
  return {
    ...json,
    encode(value, writer) {
      if (value instanceof ByteSlice) writer.copy(value.bytes, value.start, value.end);
      else json.encode(value, writer);
    },
  };
}

export interface NetworkTopics {
  readonly packets: Topic<ByteSlice>;
  readonly alerts: Topic<EveValue>;
  readonly events: Topic<EveValue>;
  readonly verdicts: Topic<EveValue>;
}

export function networkTopics(): NetworkTopics {
  return {
    packets: topic(NETWORK_PACKETS, rawCodec(), { external: true, retentionMs: HOUR_MS }),
    alerts: topic(IDS_ALERTS, eveCodec(), { retentionMs: 90 * DAY_MS }),
    events: topic(IDS_EVENTS, eveCodec(), { retentionMs: 7 * DAY_MS }),
    verdicts: topic(IDS_VERDICTS, eveCodec(), { retentionMs: 90 * DAY_MS }),
  };
}

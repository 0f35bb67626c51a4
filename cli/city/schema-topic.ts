/** The schema registry's state in the compacted topic `_schemas` of the log. */
import {
  type Clock,
  type Log,
  type LogReader,
  MsecError,
  type Ownership,
  pause,
  type Random,
  systemRandom,
  type TopicConfig,
} from '../../engine/index.ts';
import type { SchemaLog, SchemaLogRecord } from '../../engine/registry/index.ts';
import { TextTopic, textAppend } from './text-topic.ts';

export const SCHEMAS_TOPIC: TopicConfig = { name: '_schemas', partitions: 1, cleanup: 'compact' };

/** Of `msec.devices`' kind: whoever takes it is the only one whose changes pass. */
const OWNER = 'msec.schemas';
const CLAIM_MS_MIN = 5;
const CLAIM_MS_MAX = 1_000;

/** Every record that is in the topic now. */
export function loadSchemas(reader: LogReader): AsyncIterable<SchemaLogRecord> {
  return new TextTopic(reader, SCHEMAS_TOPIC.name).readOn();
}

export function topicSchemaLog(log: Log, reader: LogReader, clock: Clock, random: Random = systemRandom): SchemaLog {
  const topic = new TextTopic(reader, SCHEMAS_TOPIC.name);
  let ownership: Ownership | null = null;
  let claims = 0;
  return {
    load: () => topic.readOn(),
    async claim() {
      // Processes that start together would take it from each other for ever.
      if (claims > 0) await pause(clock, (random.u32() / 2 ** 32) * Math.min(CLAIM_MS_MIN * 2 ** claims, CLAIM_MS_MAX));
      claims++;
      ownership = await log.acquire(OWNER);
    },
    async append(key, value) {
      if (ownership === null) throw new MsecError('FENCED', 'the schemas were not claimed yet');
      const appends = [textAppend(SCHEMAS_TOPIC.name, key, value, clock.now())];
      await log.commit({ ownership, appends, admission: 'internal' });
      claims = 0;
    },
  };
}

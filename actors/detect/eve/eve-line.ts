/** One line of the log as text, its bytes used again for the next one: valid as long as it is being told. */
import { JsonWriter, key } from '../json/index.ts';
import type { EveRecord } from './eve-record.ts';

export const TIMESTAMP = key('timestamp');
export const EVENT_TYPE = key('event_type');

export class EveLine extends JsonWriter {
  /** Its event_type. */
  type = '';
  /** The rule's of an alert or drop; -1: it is about none. */
  signatureId = -1;

  /** As it is read by whoever takes a few of them. */
  record(): EveRecord {
    return JSON.parse(Buffer.from(this.bytes.buffer, this.bytes.byteOffset, this.length).toString()) as EveRecord;
  }
}

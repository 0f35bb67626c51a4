/**
 * Properties of MQTT 5 (OASIS MQTT 5.0, 2.2.2): a variable integer with their length, then an identifier and a value
 * each. An identifier that is not known has no value, as in Suricata.
 */
import type { MqttReader } from './mqtt-reader.ts';

type Form = 'byte' | 'word' | 'long' | 'variable' | 'string' | 'binary' | 'pair';

const FORMS: ReadonlyMap<number, readonly [string, Form]> = new Map([
  [1, ['payload_format_indicator', 'byte']],
  [2, ['message_expiry_interval', 'long']],
  [3, ['content_type', 'string']],
  [8, ['response_topic', 'string']],
  [9, ['correlation_data', 'binary']],
  [11, ['subscription_identifier', 'variable']],
  [17, ['session_expiry_interval', 'long']],
  [18, ['assigned_client_identifier', 'string']],
  [19, ['server_keep_alive', 'word']],
  [21, ['authentication_method', 'string']],
  [22, ['authentication_data', 'binary']],
  [23, ['request_problem_information', 'byte']],
  [24, ['will_delay_interval', 'long']],
  [25, ['request_response_information', 'byte']],
  [26, ['response_information', 'string']],
  [28, ['server_reference', 'string']],
  [31, ['reason_string', 'string']],
  [33, ['receive_maximum', 'word']],
  [34, ['topic_alias_maximum', 'word']],
  [35, ['topic_alias', 'word']],
  [36, ['maximum_qos', 'byte']],
  [37, ['retain_available', 'byte']],
  [38, ['', 'pair']],
  [39, ['maximum_packet_size', 'long']],
  [40, ['wildcard_subscription_available', 'byte']],
  [41, ['subscription_identifier_available', 'byte']],
  [42, ['shared_subscription_available', 'byte']],
]);

export type PropertyValue =
  | { readonly name: string; readonly number: number }
  | { readonly name: string; readonly bytes: Uint8Array; readonly isString: boolean }
  | { readonly key: Uint8Array; readonly value: Uint8Array };

/** Where properties lie in their message; they are read again when they are shown. */
export interface Properties {
  readonly start: number;
  readonly end: number;
}

/** Steps over them; null: there are none. Where one is malformed the reader has failed. */
export function skipProperties(reader: MqttReader): Properties | null {
  const length = reader.variable();
  const start = reader.at;
  const end = start + length;
  if (reader.hasFailed || end > reader.end) {
    reader.fail();
    return null;
  }
  if (length === 0) return null;
  const { end: whole } = reader;
  reader.end = end;
  while (reader.at < end && !reader.hasFailed) step(reader);
  reader.end = whole;
  return { start, end };
}

const FIXED_BYTES: { readonly [form in Form]?: number } = { byte: 1, word: 2, long: 4 };

function step(reader: MqttReader): void {
  const form = FORMS.get(reader.variable())?.[1];
  if (form === undefined) return;
  if (form === 'variable') reader.variable();
  else reader.skip(FIXED_BYTES[form] ?? reader.word());
  if (form === 'pair') reader.skip(reader.word());
}

/** Of more in one message the rest is not told. */
const PROPERTIES_MAX = 10_000;

/** The properties of a message that was read before. */
export function readProperties(reader: MqttReader): PropertyValue[] {
  const found: PropertyValue[] = [];
  while (reader.at < reader.end && !reader.hasFailed && found.length < PROPERTIES_MAX) {
    const form = FORMS.get(reader.variable());
    if (form === undefined) continue;
    const [name, kind] = form;
    if (kind === 'pair') found.push({ key: reader.binary(), value: reader.binary() });
    else if (kind === 'string' || kind === 'binary')
      found.push({ name, bytes: reader.binary(), isString: kind === 'string' });
    else found.push({ name, number: numberOf(reader, kind) });
  }
  return found;
}

function numberOf(reader: MqttReader, kind: 'byte' | 'word' | 'long' | 'variable'): number {
  if (kind === 'byte') return reader.byte();
  if (kind === 'word') return reader.word();
  return kind === 'long' ? reader.long() : reader.variable();
}

/**
 * Messages of MQTT 3.1, 3.1.1 and 5 (OASIS): a byte with type 4, dup 1, qos 2 and retain 1 bits, the length of the rest as
 * a variable integer, and the rest. What is malformed follows Suricata: it reads leniently and refuses where a part is cut.
 */

import { type Properties, skipProperties } from './mqtt-properties.ts';
import { MqttReader } from './mqtt-reader.ts';

export const TYPES = [
  'UNASSIGNED',
  'CONNECT',
  'CONNACK',
  'PUBLISH',
  'PUBACK',
  'PUBREC',
  'PUBREL',
  'PUBCOMP',
  'SUBSCRIBE',
  'SUBACK',
  'UNSUBSCRIBE',
  'UNSUBACK',
  'PINGREQ',
  'PINGRESP',
  'DISCONNECT',
  'AUTH',
] as const;
export type MessageType = (typeof TYPES)[number];

/** Of more topics in one message, and of more codes, the rest is not looked at; rules ask about the first hundred topics. */
const TOPICS_MAX = 10_000;
const HEADER_BYTES_MAX = 5;
const PROPERTIES_FROM = 5;

/** The first bytes of a message. */
export interface Header {
  readonly type: MessageType;
  readonly dup: boolean;
  readonly qos: number;
  readonly retain: boolean;
  /** Of the header itself, and of what follows. */
  readonly bytes: number;
  readonly remaining: number;
}

/** more: it is not whole; malformed: no length has such bytes. */
export function readHeader(bytes: Uint8Array, at: number): Header | 'more' | 'malformed' {
  if (at >= bytes.length) return 'more';
  const first = bytes[at]!;
  let remaining = 0;
  for (let index = 1; index < HEADER_BYTES_MAX; index++) {
    if (at + index >= bytes.length) return 'more';
    const byte = bytes[at + index]!;
    remaining += (byte & 0x7f) << (7 * (index - 1));
    if (byte < 0x80)
      return {
        type: TYPES[first >> 4]!,
        dup: (first & 8) !== 0,
        qos: (first >> 1) & 3,
        retain: (first & 1) !== 0,
        bytes: index + 1,
        remaining,
      };
  }
  return 'malformed';
}

export interface Connect {
  readonly protocol: Uint8Array;
  readonly version: number;
  readonly flags: number;
  readonly properties: Properties | null;
  readonly clientId: Uint8Array;
  readonly will: {
    readonly properties: Properties | null;
    readonly topic: Uint8Array;
    readonly message: Uint8Array;
  } | null;
  readonly username: Uint8Array | null;
  readonly password: Uint8Array | null;
}

export const CONNECT_FLAGS = { username: 0x80, password: 0x40, will_retain: 0x20, will: 4, clean_session: 2 } as const;

/** A message; which parts there are depends on its type. */
export class MqttMessage {
  readonly header: Header;
  /** Its own copy of what follows the header; the parts lie in it. */
  readonly body: Uint8Array;
  /** It was longer than what is read: nothing but the header is known. */
  readonly isTruncated: boolean;
  connect: Connect | null = null;
  /** Of CONNACK. */
  sessionPresent = false;
  /** Of CONNACK the return code, of others the reason; null: there is none in this version. */
  reason: number | null = null;
  messageId: number | null = null;
  properties: Properties | null = null;
  topic: Uint8Array = EMPTY;
  /** Of PUBLISH the payload, of SUBACK and UNSUBACK a code for each topic. */
  payload: Uint8Array = EMPTY;
  /** Of SUBSCRIBE with its qos, of UNSUBSCRIBE. */
  topics: readonly { readonly name: Uint8Array; readonly qos: number }[] = [];

  constructor(header: Header, body: Uint8Array, isTruncated = false) {
    this.header = header;
    this.body = body;
    this.isTruncated = isTruncated;
  }
}

const EMPTY = new Uint8Array(0);

/** `body` is kept. null: malformed. */
export function readMessage(header: Header, body: Uint8Array, version: number): MqttMessage | null {
  const message = new MqttMessage(header, body);
  const reader = new MqttReader(body);
  READERS[header.type]?.(message, reader, version);
  return reader.hasFailed ? null : message;
}

type Reading = (message: MqttMessage, reader: MqttReader, version: number) => void;

const propertiesOf = (reader: MqttReader, version: number): Properties | null =>
  version === PROPERTIES_FROM ? skipProperties(reader) : null;

const acknowledgment: Reading = (message, reader, version) => {
  message.messageId = reader.word();
  if (version < PROPERTIES_FROM) return;
  message.reason = 0;
  if (reader.at === reader.end || reader.hasFailed) return;
  message.reason = reader.byte();
  if (reader.at < reader.end) message.properties = skipProperties(reader);
};

const READERS: { readonly [type in MessageType]?: Reading } = {
  CONNECT: (message, reader) => {
    const protocol = reader.binary();
    const version = reader.byte();
    const flags = reader.byte();
    reader.skip(2);
    const properties = propertiesOf(reader, version);
    const clientId = reader.binary();
    const will = (flags & CONNECT_FLAGS.will) === 0 ? null : readWill(reader, version);
    const username = (flags & CONNECT_FLAGS.username) === 0 ? null : reader.binary();
    const password = (flags & CONNECT_FLAGS.password) === 0 ? null : reader.binary();
    message.connect = { protocol, version, flags, properties, clientId, will, username, password };
  },
  CONNACK: (message, reader, version) => {
    message.sessionPresent = (reader.byte() & 1) !== 0;
    message.reason = reader.byte();
    message.properties = propertiesOf(reader, version);
  },
  PUBLISH: (message, reader, version) => {
    message.topic = reader.binary();
    if (message.header.qos > 0) message.messageId = reader.word();
    message.properties = propertiesOf(reader, version);
    message.payload = reader.rest();
  },
  PUBACK: acknowledgment,
  PUBREC: acknowledgment,
  PUBREL: acknowledgment,
  PUBCOMP: acknowledgment,
  SUBSCRIBE: (message, reader, version) => {
    message.messageId = reader.word();
    message.properties = propertiesOf(reader, version);
    message.topics = readTopics(reader, true);
    // At least one.
    if (message.topics.length === 0) reader.fail();
  },
  SUBACK: (message, reader, version) => {
    message.messageId = reader.word();
    message.properties = propertiesOf(reader, version);
    message.payload = reader.rest().subarray(0, TOPICS_MAX);
  },
  UNSUBSCRIBE: (message, reader, version) => {
    message.messageId = reader.word();
    message.properties = propertiesOf(reader, version);
    message.topics = readTopics(reader, false);
  },
  UNSUBACK: (message, reader, version) => {
    message.messageId = reader.word();
    message.properties = propertiesOf(reader, version);
    message.payload = reader.rest().subarray(0, TOPICS_MAX);
  },
  DISCONNECT: (message, reader, version) => {
    if (version < PROPERTIES_FROM) return;
    message.reason = 0;
    if (reader.end === 0) return;
    const reason = reader.byte();
    // Suricata takes a lone reason for 0.
    if (reader.end === 1) return;
    message.reason = reason;
    message.properties = skipProperties(reader);
  },
  AUTH: (message, reader) => {
    message.reason = reader.byte();
    message.properties = skipProperties(reader);
  },
};

function readWill(reader: MqttReader, version: number): NonNullable<Connect['will']> {
  const properties = propertiesOf(reader, version);
  const topic = reader.binary();
  return { properties, topic, message: reader.binary() };
}

/** As many as are whole; what is left is not looked at. */
function readTopics(reader: MqttReader, hasQos: boolean): { readonly name: Uint8Array; readonly qos: number }[] {
  const topics: { readonly name: Uint8Array; readonly qos: number }[] = [];
  if (reader.hasFailed) return topics;
  while (reader.at < reader.end && topics.length < TOPICS_MAX) {
    const name = reader.binary();
    const qos = hasQos ? reader.byte() : 0;
    if (reader.hasFailed) {
      reader.hasFailed = false;
      break;
    }
    topics.push({ name, qos });
  }
  return topics;
}

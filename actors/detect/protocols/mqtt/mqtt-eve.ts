/** What EVE has of MQTT: an object for each kind of message in the transaction. Passwords are shown, as Suricata does. */
import { fixed, type JsonWriter, key } from '../../json/index.ts';
import { lossyText, textOf } from '../text.ts';
import { CONNECT_FLAGS, type MessageType, type MqttMessage, TYPES } from './mqtt-message.ts';
import type { MqttTransaction } from './mqtt-parser.ts';
import { type Properties, readProperties } from './mqtt-properties.ts';
import { MqttReader } from './mqtt-reader.ts';

type Fields = Record<string, unknown>;

function propertiesOf({ body }: MqttMessage, properties: Properties | null): Fields {
  if (properties === null) return {};
  const fields: Fields = {};
  for (const property of readProperties(new MqttReader(body, properties.start, properties.end))) {
    if ('key' in property) fields[lossyText(property.key)] = lossyText(property.value);
    else if ('number' in property) fields[property.name] = property.number;
    else fields[property.name] = property.isString ? lossyText(property.bytes) : textOf(property.bytes);
  }
  return { properties: fields };
}

const FLAGS = Object.entries(CONNECT_FLAGS);

function flagFields(flags: number): Fields {
  const fields: Fields = {};
  for (const [name, bit] of FLAGS) fields[name] = (flags & bit) !== 0;
  return fields;
}

function connect(message: MqttMessage): Fields {
  const { protocol, version, flags, clientId, will, username, password, properties } = message.connect!;
  return {
    protocol_string: lossyText(protocol),
    protocol_version: version,
    client_id: lossyText(clientId),
    flags: flagFields(flags),
    ...(username === null ? {} : { username: lossyText(username) }),
    ...(password === null ? {} : { password: textOf(password) }),
    ...(will === null
      ? {}
      : {
          will: {
            topic: lossyText(will.topic),
            message: textOf(will.message),
            ...propertiesOf(message, will.properties),
          },
        }),
    ...propertiesOf(message, properties),
  };
}

const RETURN_CODE = key('return_code');
const REASON_CODE = key('reason_code');
const MESSAGE_ID = key('message_id');
const TOPIC = key('topic');
const TOPICS = key('topics');
const MESSAGE = key('message');
const QOS = key('qos');
const QOS_GRANTED = key('qos_granted');
const REASON_CODES = key('reason_codes');
const RETAIN = key('retain');
const DUP = key('dup');
const SESSION_PRESENT = key('session_present');
const SKIPPED_LENGTH = key('skipped_length');
const TRUNCATED = fixed({ truncated: true });

function addProperties(into: JsonWriter, message: MqttMessage): void {
  if (message.properties !== null) into.spread(propertiesOf(message, message.properties));
}

function addId(into: JsonWriter, { messageId }: MqttMessage): void {
  if (messageId !== null) into.number(MESSAGE_ID, messageId);
}

/** What a message has beside its header, behind it. */
function addParts(into: JsonWriter, message: MqttMessage): void {
  const { header, topics, payload, reason } = message;
  switch (header.type) {
    case 'CONNECT':
      into.spread(connect(message));
      return;
    case 'CONNACK':
      into.flag(SESSION_PRESENT, message.sessionPresent);
      into.value(RETURN_CODE, reason);
      addProperties(into, message);
      return;
    case 'PUBLISH':
      into.text(TOPIC, message.topic, lossyText);
      addId(into, message);
      into.text(MESSAGE, payload, textOf);
      addProperties(into, message);
      return;
    case 'SUBSCRIBE':
      addId(into, message);
      into.value(
        TOPICS,
        topics.map(({ name, qos }) => ({ topic: lossyText(name), qos })),
      );
      addProperties(into, message);
      return;
    case 'SUBACK':
      addId(into, message);
      into.value(QOS_GRANTED, [...payload]);
      return;
    case 'UNSUBSCRIBE':
      addId(into, message);
      into.value(
        TOPICS,
        topics.map(({ name }) => lossyText(name)),
      );
      return;
    case 'UNSUBACK':
      addId(into, message);
      if (payload.length > 0) into.value(REASON_CODES, [...payload]);
      return;
    case 'PINGREQ':
    case 'PINGRESP':
    case 'UNASSIGNED':
      return;
    default:
      addId(into, message);
      if (reason !== null) into.number(REASON_CODE, reason);
      addProperties(into, message);
  }
}

const NAMES = Object.fromEntries(TYPES.map((type) => [type, key(type.toLowerCase())])) as Readonly<
  Record<MessageType, Uint8Array>
>;

export function addMqtt({ messages }: MqttTransaction, into: JsonWriter): void {
  if (messages.length === 1) {
    addMessage(into, messages[0]!);
    return;
  }
  // Of several of one type the last is told, where the first would be.
  const last = new Map<MessageType, MqttMessage>();
  for (const message of messages) if (isTold(message)) last.set(message.header.type, message);
  for (const message of last.values()) addMessage(into, message);
}

const isTold = ({ header, isTruncated }: MqttMessage): boolean => header.type !== 'UNASSIGNED' || isTruncated;

function addMessage(into: JsonWriter, message: MqttMessage): void {
  if (!isTold(message)) return;
  const { type, qos, retain, dup, bytes, remaining } = message.header;
  into.open(NAMES[type]);
  into.number(QOS, qos);
  into.flag(RETAIN, retain);
  into.flag(DUP, dup);
  if (message.isTruncated) {
    into.fixed(TRUNCATED);
    into.number(SKIPPED_LENGTH, bytes + remaining);
  } else addParts(into, message);
  into.close();
}

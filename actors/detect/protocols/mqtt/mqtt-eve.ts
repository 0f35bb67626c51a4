/** What EVE has of MQTT: an object for each kind of message in the transaction. Passwords are shown, as Suricata does. */
import { lossyText, textOf } from '../text.ts';
import { CONNECT_FLAGS, type MqttMessage, TYPES } from './mqtt-message.ts';
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

function addProperties(into: Fields, message: MqttMessage): void {
  if (message.properties !== null) Object.assign(into, propertiesOf(message, message.properties));
}

function addId(into: Fields, { messageId }: MqttMessage): void {
  if (messageId !== null) into.message_id = messageId;
}

/** What a message has beside its header, behind it: most messages are small, and nothing is made that is only copied. */
function addParts(into: Fields, message: MqttMessage): void {
  const { header, topics, payload, reason } = message;
  switch (header.type) {
    case 'CONNECT':
      Object.assign(into, connect(message));
      return;
    case 'CONNACK':
      into.session_present = message.sessionPresent;
      into.return_code = reason;
      addProperties(into, message);
      return;
    case 'PUBLISH':
      into.topic = lossyText(message.topic);
      addId(into, message);
      into.message = textOf(payload);
      addProperties(into, message);
      return;
    case 'SUBSCRIBE':
      addId(into, message);
      into.topics = topics.map(({ name, qos }) => ({ topic: lossyText(name), qos }));
      addProperties(into, message);
      return;
    case 'SUBACK':
      addId(into, message);
      into.qos_granted = [...payload];
      return;
    case 'UNSUBSCRIBE':
      addId(into, message);
      into.topics = topics.map(({ name }) => lossyText(name));
      return;
    case 'UNSUBACK':
      addId(into, message);
      if (payload.length > 0) into.reason_codes = [...payload];
      return;
    case 'PINGREQ':
    case 'PINGRESP':
    case 'UNASSIGNED':
      return;
    default:
      addId(into, message);
      if (reason !== null) into.reason_code = reason;
      addProperties(into, message);
  }
}

const NAMES = Object.fromEntries(TYPES.map((type) => [type, type.toLowerCase()])) as Readonly<Record<string, string>>;

export function mqttFields(tx: MqttTransaction): Fields {
  const fields: Fields = {};
  for (const message of tx.messages) {
    const { type, qos, retain, dup, bytes, remaining } = message.header;
    if (type === 'UNASSIGNED' && !message.isTruncated) continue;
    const one: Fields = { qos, retain, dup };
    if (message.isTruncated) {
      one.truncated = true;
      one.skipped_length = bytes + remaining;
    } else addParts(one, message);
    fields[NAMES[type]!] = one;
  }
  return fields;
}

/** What EVE has of MQTT: an object for each kind of message in the transaction. Passwords are shown, as Suricata does. */
import { lossyText, textOf } from '../text.ts';
import { CONNECT_FLAGS, type MqttMessage } from './mqtt-message.ts';
import type { MqttTransaction } from './mqtt-parser.ts';
import { type Properties, readProperties } from './mqtt-properties.ts';
import { MqttReader } from './mqtt-reader.ts';

type Fields = Record<string, unknown>;

function propertyFields({ body }: MqttMessage, properties: Properties | null): Fields {
  if (properties === null) return {};
  const fields: Fields = {};
  for (const property of readProperties(new MqttReader(body, properties.start, properties.end))) {
    if ('key' in property) fields[lossyText(property.key)] = lossyText(property.value);
    else if ('number' in property) fields[property.name] = property.number;
    else fields[property.name] = property.isString ? lossyText(property.bytes) : textOf(property.bytes);
  }
  return { properties: fields };
}

function connect(message: MqttMessage): Fields {
  const { protocol, version, flags, clientId, will, username, password, properties } = message.connect!;
  return {
    protocol_string: lossyText(protocol),
    protocol_version: version,
    client_id: lossyText(clientId),
    flags: Object.fromEntries(Object.entries(CONNECT_FLAGS).map(([name, bit]) => [name, (flags & bit) !== 0])),
    ...(username === null ? {} : { username: lossyText(username) }),
    ...(password === null ? {} : { password: textOf(password) }),
    ...(will === null
      ? {}
      : {
          will: {
            topic: lossyText(will.topic),
            message: textOf(will.message),
            ...propertyFields(message, will.properties),
          },
        }),
    ...propertyFields(message, properties),
  };
}

const id = ({ messageId }: MqttMessage): Fields => (messageId === null ? {} : { message_id: messageId });
const reasonCode = ({ reason }: MqttMessage): Fields => (reason === null ? {} : { reason_code: reason });

function acknowledgment(message: MqttMessage): Fields {
  return { ...id(message), ...reasonCode(message), ...propertyFields(message, message.properties) };
}

function parts(message: MqttMessage): Fields {
  const { header, properties, topics, payload } = message;
  switch (header.type) {
    case 'CONNECT':
      return connect(message);
    case 'CONNACK':
      return {
        session_present: message.sessionPresent,
        return_code: message.reason,
        ...propertyFields(message, properties),
      };
    case 'PUBLISH':
      return {
        topic: lossyText(message.topic),
        ...id(message),
        message: textOf(payload),
        ...propertyFields(message, properties),
      };
    case 'SUBSCRIBE':
      return {
        ...id(message),
        topics: topics.map(({ name, qos }) => ({ topic: lossyText(name), qos })),
        ...propertyFields(message, properties),
      };
    case 'SUBACK':
      return { ...id(message), qos_granted: [...payload] };
    case 'UNSUBSCRIBE':
      return { ...id(message), topics: topics.map(({ name }) => lossyText(name)) };
    case 'UNSUBACK':
      return { ...id(message), ...(payload.length === 0 ? {} : { reason_codes: [...payload] }) };
    case 'PINGREQ':
    case 'PINGRESP':
    case 'UNASSIGNED':
      return {};
    default:
      return acknowledgment(message);
  }
}

export function mqttFields(tx: MqttTransaction): Fields {
  const fields: Fields = {};
  for (const message of tx.messages) {
    const { type, qos, retain, dup, bytes, remaining } = message.header;
    if (type === 'UNASSIGNED' && !message.isTruncated) continue;
    fields[type.toLowerCase()] = {
      qos,
      retain,
      dup,
      ...(message.isTruncated ? { truncated: true, skipped_length: bytes + remaining } : parts(message)),
    };
  }
  return fields;
}

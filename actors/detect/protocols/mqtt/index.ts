/** MQTT as a protocol of the engine: how it is recognised, and what rules may ask of a transaction. */
import type { ConditionValue } from '../../rules/rule.ts';
import { numberOf, numbersOf, wordsOf } from '../condition-values.ts';
import type { Direction } from '../direction.ts';
import type { BufferRow, ConditionRow, ProbeAnswer, Protocol } from '../protocol.ts';
import { lossyBytes } from '../text.ts';
import { addMqtt } from './mqtt-eve.ts';
import { type Connect, type MqttMessage, readHeader, TYPES } from './mqtt-message.ts';
import { MqttParser, type MqttTransaction } from './mqtt-parser.ts';

const BOTH: readonly Direction[] = [0, 1];
const PORTS = [1883];
const PROBE_BYTES_MAX = 16;
/** Of the topics of one transaction so many are looked at; an empty one ends them, as in Suricata. */
const TOPICS_MAX = 100;

function probe(bytes: Uint8Array): ProbeAnswer {
  const header = readHeader(bytes, 0);
  if (header === 'more') return 'more';
  return header === 'malformed' || header.type === 'UNASSIGNED' || header.qos > 2 ? 'no' : 'yes';
}

type Row = BufferRow<MqttTransaction>;

/** Empty bytes are none. */
const buffer = (name: string, read: (message: MqttMessage) => Uint8Array | null | undefined): Row => ({
  name: `mqtt.${name}`,
  directions: [0],
  // Suricata looks for patterns in complete transactions, and asks rules without one before.
  progress: 0,
  prefilterProgress: 1,
  read: (tx) => {
    for (const message of tx.messages) {
      const bytes = read(message);
      if (bytes !== null && bytes !== undefined && bytes.length > 0) return bytes;
    }
    return null;
  },
});

const ofConnect = (name: string, read: (connect: Connect) => Uint8Array | null | undefined): Row =>
  buffer(`connect.${name}`, ({ connect }) => (connect === null ? null : read(connect)));

const text = (bytes: Uint8Array | null | undefined): Uint8Array | null =>
  bytes === null || bytes === undefined ? null : lossyBytes(bytes);

const topics = (type: 'SUBSCRIBE' | 'UNSUBSCRIBE'): Row => ({
  name: `mqtt.${type.toLowerCase()}.topic`,
  directions: BOTH,
  progress: 1,
  isMany: true,
  read: (tx, _direction, index) => {
    if (index >= TOPICS_MAX) return null;
    let left = index;
    for (const message of tx.messages) {
      if (message.header.type !== type) continue;
      const topic = message.topics[left];
      if (topic !== undefined) return topic.name.length === 0 ? null : lossyBytes(topic.name);
      left -= message.topics.length;
    }
    return null;
  },
});

type Condition = ConditionRow<MqttTransaction>;

/** Holds where one message of the transaction meets it. */
const anyMessage = (
  keyword: string,
  directions: readonly Direction[],
  compile: (value: ConditionValue) => MessageTest,
): Condition => ({
  keyword,
  directions,
  progress: 1,
  compile: (value) => {
    const test = compile(value);
    return (tx) => tx.messages.some(test);
  },
});

type MessageTest = (message: MqttMessage) => boolean;

/** Codes of SUBACK and UNSUBACK stand in their payload. */
const hasCodes = ({ header }: MqttMessage): boolean => header.type === 'SUBACK' || header.type === 'UNSUBACK';

/** Of the first message that has one, and of each topic. */
function reasonsOf(messages: readonly MqttMessage[]): number[] {
  const first = messages.find((message) => message.reason !== null && !hasCodes(message));
  const ofTopics = messages.flatMap((message) => (hasCodes(message) ? [...message.payload] : []));
  return first === undefined ? ofTopics : [first.reason!, ...ofTopics];
}

const CONDITIONS: readonly Condition[] = [
  {
    keyword: 'mqtt.type',
    directions: BOTH,
    progress: 1,
    compile: (value) => {
      const test = numbersOf(value);
      return ({ messages }) => test(messages.map(({ header }) => TYPES.indexOf(header.type)));
    },
  },
  anyMessage('mqtt.flags', [0], (value) => {
    const test = numberOf(value);
    return ({ header }) => test((header.dup ? 8 : 0) | (header.qos << 1) | (header.retain ? 1 : 0));
  }),
  anyMessage('mqtt.qos', [0], (value) => {
    const test = numberOf(value);
    return ({ header }) => test(header.qos);
  }),
  {
    keyword: 'mqtt.protocol_version',
    directions: [0],
    progress: 1,
    compile: (value) => {
      const test = numberOf(value);
      return ({ session }) => test(session.version);
    },
  },
  {
    keyword: 'mqtt.reason_code',
    directions: BOTH,
    progress: 1,
    compile: (value) => {
      const test = numbersOf(value);
      return ({ messages }) => test(reasonsOf(messages));
    },
  },
  {
    keyword: 'mqtt.connect.flags',
    directions: [0],
    progress: 1,
    compile: (value) => {
      const test = numberOf(value);
      return ({ messages }) => messages.some(({ connect }) => connect !== null && test(connect.flags));
    },
  },
  {
    keyword: 'mqtt.connack.session_present',
    directions: [1],
    progress: 1,
    compile: (value) => {
      const wanted = wordsOf(value)[0] === 'true';
      return ({ messages }) =>
        messages.some(
          ({ header, isTruncated, sessionPresent }) =>
            header.type === 'CONNACK' && !isTruncated && sessionPresent === wanted,
        );
    },
  },
];

export const mqtt: Protocol<MqttTransaction> = {
  name: 'mqtt',
  transports: ['tcp'],
  probes: [
    {
      kind: 'port',
      transport: 'tcp',
      ports: PORTS,
      first: 0,
      least: 0,
      most: PROBE_BYTES_MAX,
      toServer: probe,
      toClient: probe,
    },
  ],
  open: () => new MqttParser(),
  end: [1, 1],
  buffers: [
    ofConnect('protocol_string', ({ protocol }) => text(protocol)),
    ofConnect('clientid', ({ clientId }) => text(clientId)),
    ofConnect('username', ({ username }) => text(username)),
    ofConnect('password', ({ password }) => password),
    ofConnect('willtopic', ({ will }) => text(will?.topic)),
    ofConnect('willmessage', ({ will }) => will?.message),
    { ...buffer('publish.topic', ({ topic }) => text(topic)), directions: BOTH },
    buffer('publish.message', ({ header, payload }) => (header.type === 'PUBLISH' ? payload : null)),
    topics('SUBSCRIBE'),
    { ...topics('UNSUBSCRIBE'), directions: [0] },
  ],
  conditions: CONDITIONS,
  addEve: addMqtt,
};

/** Plain dialogues of the other protocols: right ones, small enough that much of them is asked about. */
import { bytesOf, n16 } from '../../frames.ts';
import type { Dice } from '../dice.ts';
import type { Dialogue, Message } from './message.ts';
import { payload, text, WORDS } from './words.ts';

export function raw(dice: Dice, transport: 'tcp' | 'udp'): Dialogue {
  const messages = Array.from({ length: dice.int(1, 5) }, (_, i): Message => {
    const direction = i === 0 || dice.chance(0.6) ? 0 : 1;
    return { direction, bytes: payload(dice, dice.chance(0.05) ? 900 : 14) };
  });
  return { protocol: 'raw', transport, serverPort: dice.int(10_000, 60_000), messages };
}
const NAMES = ['www.example.com', 'mail.Example.org', 'a.b.c.update.test', 'evil.com', 'google.com'];

export function dns(dice: Dice): Dialogue {
  const name = dice.pick(NAMES);
  const labels = bytesOf(...name.split('.').flatMap((label) => [label.length, text(label)]), 0);
  const type = dice.pick([1, 28, 16, 15, 6]);
  const id = dice.int(0, 65_535);
  const opcode = dice.chance(0.15) ? dice.int(1, 5) : 0;
  const question = bytesOf(labels, n16(type), n16(1));
  const query = bytesOf(n16(id), n16((opcode << 11) | 0x0100), n16(1), n16(0), n16(0), n16(0), question);
  const answer = bytesOf(
    n16(0xc00c),
    n16(1),
    n16(1),
    n16(0),
    n16(60),
    n16(4),
    Uint8Array.of(1, 2, 3, dice.int(0, 255)),
  );
  const reply = bytesOf(n16(id), n16(0x8180 | (opcode << 11)), n16(1), n16(1), n16(0), n16(0), question, answer);
  const messages: Message[] = [{ direction: 0, bytes: query }];
  if (dice.chance(0.8)) messages.push({ direction: 1, bytes: reply });
  const isTcp = dice.chance(0.2);
  return {
    protocol: 'dns',
    transport: isTcp ? 'tcp' : 'udp',
    serverPort: 53,
    messages: isTcp
      ? messages.map(({ direction, bytes }) => ({ direction, bytes: bytesOf(n16(bytes.length), bytes) }))
      : messages,
  };
}

const field = (value: string): Uint8Array => bytesOf(n16(value.length), text(value));

function mqttPacket(type: number, flags: number, body: Uint8Array): Uint8Array {
  const length = body.length < 128 ? [body.length] : [(body.length & 127) | 128, body.length >> 7];
  return bytesOf((type << 4) | flags, Uint8Array.from(length), body);
}

export function mqtt(dice: Dice): Dialogue {
  const isFive = dice.chance(0.4);
  const properties = isFive ? Uint8Array.of(0) : new Uint8Array();
  const hasUser = dice.chance(0.5);
  const flags = (hasUser ? 0xc0 : 0) | (dice.chance(0.5) ? 2 : 0);
  const login = hasUser ? [field(dice.pick(WORDS)), field(dice.pick(WORDS))] : [];
  const connect = bytesOf(field('MQTT'), isFive ? 5 : 4, flags, n16(60), properties, field(dice.pick(WORDS)), ...login);
  const messages: Message[] = [
    { direction: 0, bytes: mqttPacket(1, 0, connect) },
    { direction: 1, bytes: mqttPacket(2, 0, bytesOf(dice.int(0, 1), dice.pick([0, 0, 5]), properties)) },
  ];
  for (let i = dice.int(0, 3); i > 0; i -= 1)
    messages.push(
      dice.weighted<() => Message>([
        [
          4,
          () => {
            const qos = dice.int(0, 2);
            const head = bytesOf(
              field(`${dice.pick(WORDS)}/${dice.pick(WORDS)}`),
              qos > 0 ? n16(dice.int(1, 99)) : new Uint8Array(),
              properties,
            );
            return {
              direction: dice.int(0, 1) as 0 | 1,
              bytes: mqttPacket(3, (qos << 1) | dice.int(0, 1), bytesOf(head, payload(dice, 5))),
            };
          },
        ],
        [
          2,
          () => ({
            direction: 0,
            bytes: mqttPacket(8, 2, bytesOf(n16(7), properties, field(dice.pick(WORDS)), dice.int(0, 2))),
          }),
        ],
        [1, () => ({ direction: 0, bytes: mqttPacket(12, 0, new Uint8Array()) })],
        [1, () => ({ direction: 1, bytes: mqttPacket(13, 0, new Uint8Array()) })],
      ])(),
    );
  if (dice.chance(0.5)) messages.push({ direction: 0, bytes: mqttPacket(14, 0, new Uint8Array()) });
  return { protocol: 'mqtt', transport: 'tcp', serverPort: dice.pick([1883, 1883, 20_001]), messages };
}

export function modbus(dice: Dice): Dialogue {
  const messages: Message[] = [];
  for (let i = dice.int(1, 3); i > 0; i -= 1) {
    const id = dice.int(0, 65_535);
    const unit = dice.int(0, 20);
    const code = dice.pick([1, 2, 3, 4, 5, 6]);
    const start = dice.int(0, 40);
    const count = code > 4 ? dice.pick([0, 0xff00]) : dice.int(1, 8);
    messages.push({ direction: 0, bytes: bytesOf(n16(id), n16(0), n16(6), unit, code, n16(start), n16(count)) });
    if (dice.chance(0.85)) {
      const size = code > 2 ? 2 * count : Math.ceil(count / 8);
      const body = code > 4 ? bytesOf(n16(start), n16(count)) : bytesOf(size, dice.bytes(size));
      messages.push({ direction: 1, bytes: bytesOf(n16(id), n16(0), n16(2 + body.length), unit, code, body) });
    }
  }
  return { protocol: 'modbus', transport: 'tcp', serverPort: 502, messages };
}

export function ssh(dice: Dice): Dialogue {
  const banner = (): Uint8Array =>
    text(`SSH-${dice.pick(['2.0', '1.99'])}-${dice.pick(['OpenSSH_8.4', 'PuTTY_0.7', 'libssh2'])}\r\n`);
  return {
    protocol: 'ssh',
    transport: 'tcp',
    serverPort: dice.pick([22, 2222]),
    messages: [
      { direction: 1, bytes: banner() },
      { direction: 0, bytes: banner() },
    ],
  };
}

export function telnet(dice: Dice): Dialogue {
  return {
    protocol: 'telnet',
    transport: 'tcp',
    serverPort: 23,
    messages: [
      { direction: 1, bytes: bytesOf(Uint8Array.of(255, 253, 24, 255, 251, 1), text('login: ')) },
      { direction: 0, bytes: text(`${dice.pick(WORDS)}\r\n`) },
      { direction: 1, bytes: text('Password: ') },
      { direction: 0, bytes: text(`${dice.pick(WORDS)}\r\n`) },
    ],
  };
}

export function icmp(dice: Dice): Dialogue {
  const messages = Array.from(
    { length: dice.int(1, 5) },
    (_, i): Message => ({ direction: (i % 2) as 0 | 1, bytes: payload(dice, 6) }),
  );
  return { protocol: 'icmp', transport: 'icmp', serverPort: 0, messages };
}

/** What the packets of other protocols carry. */
export function odd(dice: Dice): Dialogue {
  const messages = Array.from({ length: dice.int(1, 6) }, (_, i): Message => {
    const direction = i === 0 || dice.chance(0.5) ? 0 : 1;
    return { direction, bytes: payload(dice, 8) };
  });
  return { protocol: 'odd', transport: 'odd', serverPort: 9005, messages };
}

/** Protocols of which rules ask the bytes and the name. */
export function foreign(dice: Dice): Dialogue {
  const word = dice.pick(WORDS);
  const [serverPort, lines] = dice.pick<readonly [number, readonly (readonly [0 | 1, string])[]]>([
    [
      25,
      [
        [1, '220 mail.test ESMTP'],
        [0, 'EHLO client'],
        [1, '250 mail.test'],
        [0, `MAIL FROM:<${word}@a.test>`],
        [1, '250 ok'],
        [0, 'RCPT TO:<b@b.test>'],
        [1, '250 ok'],
        [0, 'QUIT'],
      ],
    ],
    [
      21,
      [
        [1, '220 ready'],
        [0, `USER ${word}`],
        [1, '331 password'],
        [0, `PASS ${dice.pick(WORDS)}`],
        [1, '230 in'],
      ],
    ],
  ]);
  const messages = lines.map(([direction, line]): Message => ({ direction, bytes: text(`${line}\r\n`) }));
  return { protocol: 'foreign', transport: 'tcp', serverPort, messages };
}

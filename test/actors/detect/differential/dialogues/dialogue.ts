/** What the two sides of a generated flow say, above the transport. */
import { bytesOf, n16 } from '../frames.ts';
import type { Dice } from './dice.ts';

export interface Message {
  /** 0: of the client. */
  readonly direction: 0 | 1;
  readonly bytes: Uint8Array;
}

export interface Dialogue {
  readonly protocol: 'raw' | 'http' | 'dns' | 'mqtt' | 'modbus' | 'ssh' | 'telnet' | 'icmp';
  readonly transport: 'tcp' | 'udp' | 'icmp';
  readonly serverPort: number;
  readonly messages: readonly Message[];
}

const WORDS = [
  'alpha',
  'Bravo',
  'CHARLIE',
  'delta9',
  'echo',
  'login',
  'admin',
  'root',
  'select',
  'union',
  'passwd',
  'etc',
];
export const text = (value: string): Uint8Array => Buffer.from(value, 'latin1');

export function dialogue(dice: Dice): Dialogue {
  return dice.weighted<() => Dialogue>([
    [30, () => raw(dice, 'tcp')],
    [10, () => raw(dice, 'udp')],
    [28, () => http(dice)],
    [9, () => dns(dice)],
    [7, () => mqtt(dice)],
    [5, () => modbus(dice)],
    [3, () => ssh(dice)],
    [2, () => telnet(dice)],
    [6, () => icmp(dice)],
  ])();
}

/** Words, numbers and other bytes, with some of them twice, so that what is looked for again has something to find. */
function payload(dice: Dice, most: number): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let i = dice.int(1, most); i > 0; i -= 1)
    parts.push(
      dice.weighted<() => Uint8Array>([
        [6, () => text(`${dice.pick(WORDS)}${dice.pick(['', ' ', '\r\n', '=', '/'])}`)],
        [2, () => text(String(dice.int(0, 9999)))],
        [2, () => dice.bytes(dice.int(1, 6))],
        [1, () => n16(dice.int(0, 40))],
        [1, () => text(dice.pick(['aaaa', 'abab', 'AbAb', '\0\0\0']))],
      ])(),
    );
  return bytesOf(...parts);
}

function raw(dice: Dice, transport: 'tcp' | 'udp'): Dialogue {
  const messages = Array.from({ length: dice.int(1, 5) }, (_, i): Message => {
    const direction = i === 0 || dice.chance(0.6) ? 0 : 1;
    return { direction, bytes: payload(dice, dice.chance(0.05) ? 900 : 14) };
  });
  return { protocol: 'raw', transport, serverPort: dice.int(10_000, 60_000), messages };
}

const METHODS = ['GET', 'POST', 'HEAD', 'PUT', 'DELETE', 'OPTIONS'];
const AGENTS = ['curl/7.68.0', 'Mozilla/5.0 (X11; Linux x86_64)', 'sqlmap/1.5', 'Nikto'];

function http(dice: Dice): Dialogue {
  const messages: Message[] = [];
  for (let i = dice.int(1, 3); i > 0; i -= 1) {
    const method = dice.pick(METHODS);
    messages.push({ direction: 0, bytes: request(dice, method) });
    if (dice.chance(0.92)) messages.push({ direction: 1, bytes: response(dice, method) });
  }
  return { protocol: 'http', transport: 'tcp', serverPort: dice.pick([80, 8080, 8000, 3128, 31_337]), messages };
}

const encoded = (dice: Dice, word: string): string =>
  dice.chance(0.25) ? [...word].map((char) => `%${char.charCodeAt(0).toString(16)}`).join('') : word;

function request(dice: Dice, method: string): Uint8Array {
  const path = Array.from({ length: dice.int(1, 4) }, () =>
    encoded(dice, dice.pick([...WORDS, '..', '.', 'a b'.replace(' ', '+')])),
  );
  const query = dice.chance(0.5) ? `?${dice.pick(WORDS)}=${encoded(dice, dice.pick(WORDS))}` : '';
  const headers = [`Host: ${dice.pick(['example.com', 'WWW.Example.org', '10.0.0.1:80'])}`];
  if (dice.chance(0.8)) headers.push(`User-Agent: ${dice.pick(AGENTS)}`);
  if (dice.chance(0.4)) headers.push(`Cookie: session=${dice.pick(WORDS)}; id=${dice.int(1, 99)}`);
  if (dice.chance(0.3)) headers.push(`Referer: http://${dice.pick(WORDS)}.test/`);
  if (dice.chance(0.4)) headers.push(`Accept: ${dice.pick(['*/*', 'text/html', 'application/json'])}`);
  if (dice.chance(0.2)) headers.push(`X-${dice.pick(WORDS)}:  ${dice.pick(WORDS)}`);
  if (dice.chance(0.2)) headers.push('Connection: close');
  const body = ['POST', 'PUT'].includes(method) ? payload(dice, 12) : new Uint8Array();
  if (body.length > 0)
    headers.push(
      `Content-Length: ${body.length}`,
      `Content-Type: ${dice.pick(['text/plain', 'application/x-www-form-urlencoded'])}`,
    );
  return bytesOf(
    text(
      `${method} /${path.join('/')}${query} HTTP/1.${dice.pick(['1', '1', '0'])}\r\n${headers.join('\r\n')}\r\n\r\n`,
    ),
    body,
  );
}

function response(dice: Dice, method: string): Uint8Array {
  const [status, reason] = dice.pick([
    ['200', 'OK'],
    ['404', 'Not Found'],
    ['302', 'Found'],
    ['500', 'Internal Error'],
    ['204', 'No Content'],
  ] as const);
  const isEmpty = method === 'HEAD' || status === '204';
  const body = isEmpty ? new Uint8Array() : payload(dice, 20);
  const headers = [`Server: ${dice.pick(['nginx', 'Apache/2.4', 'lighttpd'])}`];
  if (dice.chance(0.6)) headers.push(`Content-Type: ${dice.pick(['text/html', 'application/octet-stream'])}`);
  if (status === '302') headers.push('Location: http://example.com/next');
  if (dice.chance(0.3)) headers.push(`Set-Cookie: id=${dice.pick(WORDS)}`);
  let sent = body;
  if (!isEmpty && dice.chance(0.3)) {
    headers.push('Transfer-Encoding: chunked');
    const cut = dice.int(0, body.length);
    const chunk = (part: Uint8Array): Uint8Array =>
      part.length === 0 ? new Uint8Array() : bytesOf(text(`${part.length.toString(16)}\r\n`), part, text('\r\n'));
    sent = bytesOf(chunk(body.subarray(0, cut)), chunk(body.subarray(cut)), text('0\r\n\r\n'));
  } else headers.push(`Content-Length: ${body.length}`);
  return bytesOf(text(`HTTP/1.1 ${status} ${reason}\r\n${headers.join('\r\n')}\r\n\r\n`), sent);
}

const NAMES = ['www.example.com', 'mail.Example.org', 'a.b.c.update.test', 'evil.com', 'google.com'];

function dns(dice: Dice): Dialogue {
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

function mqtt(dice: Dice): Dialogue {
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

function modbus(dice: Dice): Dialogue {
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

function ssh(dice: Dice): Dialogue {
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

function telnet(dice: Dice): Dialogue {
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

function icmp(dice: Dice): Dialogue {
  const messages = Array.from(
    { length: dice.int(1, 5) },
    (_, i): Message => ({ direction: (i % 2) as 0 | 1, bytes: payload(dice, 6) }),
  );
  return { protocol: 'icmp', transport: 'icmp', serverPort: 0, messages };
}

/**
 * Rules about a generated flow: most of what they ask is taken from its messages, so that many hold, and some of it is
 * changed, so that many do not.
 */
import type { Dice } from './dice.ts';
import type { Dialogue, Message } from './messages.ts';

/** Rules of one case; `addresses` restricts them to its flow. */
export function rulesOf(
  dice: Dice,
  dialogue: Dialogue,
  addresses: readonly [string, string],
  firstSid: number,
): string[] {
  const rules: string[] = [];
  const count = dice.int(1, 4);
  for (let i = 0; i < count; i += 1) {
    const made = new RuleMaker(dice, dialogue, firstSid).rule(addresses);
    rules.push(`${made} sid:${firstSid + i};)`);
  }
  return rules;
}

const printed = (bytes: Uint8Array): string =>
  [...bytes]
    .map((byte) => {
      const char = String.fromCharCode(byte);
      return /[A-Za-z0-9 _./=%?-]/.test(char) ? char : `|${byte.toString(16).padStart(2, '0')}|`;
    })
    .join('');

class RuleMaker {
  readonly #dice: Dice;
  readonly #dialogue: Dialogue;
  readonly #name: string;

  constructor(dice: Dice, dialogue: Dialogue, firstSid: number) {
    this.#dice = dice;
    this.#dialogue = dialogue;
    this.#name = `b${firstSid}`;
  }

  rule([client, server]: readonly [string, string]): string {
    const dice = this.#dice;
    const { protocol, transport, serverPort } = this.#dialogue;
    const message = dice.pick(this.#dialogue.messages);
    const own = protocol !== 'raw' && protocol !== 'icmp' && dice.chance(0.6);
    const header = own
      ? protocol
      : transport === 'icmp'
        ? dice.pick(['icmp', 'ip'])
        : dice.weighted([
            [8, transport],
            [1, 'ip'],
            [1, transport === 'tcp' ? dice.pick(['tcp-pkt', 'tcp-stream']) : transport],
          ]);
    const action = dice.weighted([
      [20, 'alert'],
      [1, 'drop'],
      [1, 'pass'],
      [1, 'reject'],
    ] as const);
    const port =
      serverPort === 0 || dice.chance(0.7) ? 'any' : dice.chance(0.9) ? String(serverPort) : `!${serverPort}`;
    const way = dice.weighted<() => string>([
      [6, () => 'any any -> any any'],
      [3, () => `${client} any -> ${server} ${port}`],
      [2, () => `${server} ${port} -> ${client} any`],
      [1, () => `${client} any <> ${server} ${port}`],
    ])();
    // A rule that names no address is about every case's flow: its addresses are those of this one.
    const named = way === 'any any -> any any' ? `[${client},${server}] any -> [${client},${server}] any` : way;
    const options = own && dice.chance(0.75) ? this.#application(message) : this.#payload(message);
    return `${action} ${header} ${named} (${[...this.#flow(message), ...options, ...this.#memory()].join(' ')}`;
  }

  #flow({ direction }: Message): string[] {
    const dice = this.#dice;
    if (dice.chance(0.45)) return [];
    const way = (direction === 0) === dice.chance(0.85) ? 'to_server' : 'to_client';
    return [
      `flow:${dice.pick([way, `established,${way}`, `established,${way}`, 'established', 'stateless', 'not_established', `${way},only_stream`, `${way},no_stream`])};`,
    ];
  }

  #memory(): string[] {
    const dice = this.#dice;
    const seconds = dice.pick([1, 60]);
    const name = this.#name;
    if (dice.chance(0.72)) return [];
    return dice.weighted<() => string[]>([
      [5, () => [`flowbits:${dice.pick(['set', 'set', 'isset', 'isnotset', 'unset', 'toggle'])},${name};`]],
      [1, () => [`flowbits:set,${name};`, 'flowbits:noalert;']],
      [2, () => [`flowint:${name}n,${dice.pick(['+,1', '=,2', '>,0', '<,2', 'isset', 'isnotset'])};`]],
      [
        2,
        () => [
          `xbits:${dice.pick(['set', 'isset', 'isnotset', 'unset'])},${name},track ${dice.pick(['ip_src', 'ip_dst', 'ip_pair'])};`,
        ],
      ],
      [
        3,
        () => [
          `threshold:type ${dice.pick(['limit', 'threshold', 'both'])}, track ${dice.pick(['by_src', 'by_dst', 'by_rule', 'by_both'])}, count ${dice.int(1, 3)}, seconds ${seconds};`,
        ],
      ],
      [
        1,
        () => [
          `detection_filter:track ${dice.pick(['by_src', 'by_dst'])}, count ${dice.int(1, 2)}, seconds ${seconds};`,
        ],
      ],
    ])();
  }

  /** A piece of the bytes, sometimes with a byte that is not there. */
  #piece(bytes: Uint8Array): { text: string; at: number; length: number } {
    const dice = this.#dice;
    const at = dice.int(0, Math.max(0, bytes.length - 1));
    const length = Math.min(bytes.length - at, dice.int(1, 8));
    const piece = Uint8Array.from(bytes.subarray(at, at + length));
    if (piece.length > 0 && dice.chance(0.12)) piece[dice.int(0, piece.length - 1)] = dice.int(0, 255);
    return { text: piece.length === 0 ? 'none' : printed(piece), at, length: Math.max(1, piece.length) };
  }

  contents(bytes: Uint8Array, most: number): string[] {
    const dice = this.#dice;
    const options: string[] = [];
    let end: number | null = null;
    for (let i = dice.int(1, most); i > 0; i -= 1) {
      const from: number = end !== null && dice.chance(0.7) ? end : 0;
      const { text, at, length } = this.#piece(bytes.subarray(from));
      const place: number = from + at;
      const isNegated = dice.chance(0.12);
      options.push(`content:${isNegated ? '!' : ''}"${text}";`);
      if (dice.chance(0.2)) options.push('nocase;');
      if (end !== null && dice.chance(0.5)) {
        const distance = place - end;
        options.push(
          ...dice.weighted<string[]>([
            [3, [`distance:${distance - dice.pick([0, 0, 1, -1])};`]],
            [2, [`within:${Math.max(length, distance + length + dice.pick([0, 0, 3]))};`]],
            [2, [`distance:${distance};`, `within:${length + dice.pick([0, 0, 2])};`]],
          ]),
        );
      } else if (dice.chance(0.35))
        options.push(
          ...dice.weighted<string[]>([
            [3, [`offset:${Math.max(0, place - dice.pick([0, 0, 1, -1]))};`]],
            [3, [`depth:${place + length + dice.pick([0, 0, 2])};`]],
            [2, [`offset:${place};`, `depth:${length + dice.pick([0, 1])};`]],
            [1, ['startswith;']],
            [1, ['endswith;']],
          ]),
        );
      if (!isNegated) end = place + length;
    }
    return options;
  }

  #payload(message: Message): string[] {
    const dice = this.#dice;
    const { bytes } = message;
    const options = dice.chance(0.9) ? this.contents(bytes, 3) : [];
    if (dice.chance(0.3)) options.push(...this.#extra(bytes));
    if (dice.chance(0.14) || options.length === 0) options.push(this.#header(bytes));
    return options;
  }

  #extra(bytes: Uint8Array): string[] {
    const dice = this.#dice;
    const at = dice.int(0, Math.max(0, bytes.length - 2));
    const word = /[A-Za-z]{3,}/.exec(Buffer.from(bytes).toString('latin1'))?.[0] ?? 'zzz';
    return dice.weighted<() => string[]>([
      [
        4,
        () => [
          `pcre:"/${dice.pick([word, `${word.slice(0, 2)}.*`, `[a-z]{2,}\\d*`, `^${word}`, `${word}$`, `(?:${word}|other)`])}/${dice.pick(['', 'i', 's', 'm', 'R'])}";`,
        ],
      ],
      [3, () => [`isdataat:${dice.pick(['', '!'])}${dice.int(0, bytes.length + 3)}${dice.pick(['', ',relative'])};`]],
      [
        3,
        () => [
          `byte_test:${dice.int(1, 4)},${dice.pick(['>', '<', '=', '!=', '&'])},${dice.int(0, 300)},${at}${dice.pick(['', ',relative', ',little'])};`,
        ],
      ],
      [
        2,
        () => [
          `byte_jump:${dice.int(1, 2)},${at}${dice.pick(['', ',relative', ',from_beginning'])};`,
          `isdataat:${dice.int(0, 4)},relative;`,
        ],
      ],
      [
        2,
        () => [
          `byte_extract:1,${at},v;`,
          `content:"${this.#piece(bytes).text}"; ${dice.pick(['offset', 'depth', 'distance', 'within'])}:v;`,
        ],
      ],
      [
        1,
        () => [
          `byte_math:bytes 1,offset ${at},oper ${dice.pick(['+', '-', '*', '/'])},rvalue ${dice.int(1, 5)},result m;`,
          'isdataat:m;',
        ],
      ],
    ])();
  }

  #header(bytes: Uint8Array): string {
    const dice = this.#dice;
    const length = bytes.length;
    const { transport } = this.#dialogue;
    const common = [
      `dsize:${dice.pick([String(length), `>${Math.max(0, length - 3)}`, `<${length + 3}`, `${Math.max(0, length - 3)}<>${length + 5}`])};`,
      `ttl:${dice.pick(['64', '>60', '<64', '!64'])};`,
      'fragbits:!D;',
      `ip_proto:${dice.pick(['6', '17', '!17', '1'])};`,
      'sameip;',
      'id:0;',
    ];
    const ofTcp = [
      `flags:${dice.pick(['S', 'A', 'PA', 'S+', 'A+', 'F+', '!S', 'SA', 'PA,12'])};`,
      'window:65535;',
      'ack:0;',
      'seq:0;',
      'window:!65535;',
    ];
    const ofIcmp = [
      `itype:${dice.pick(['8', '0', '>5', '128', '<9'])};`,
      `icode:${dice.int(0, 2)};`,
      `icmp_seq:${dice.int(0, 1)};`,
    ];
    return dice.pick(
      transport === 'tcp' ? [...common, ...ofTcp] : transport === 'icmp' ? [...common, ...ofIcmp, ...ofIcmp] : common,
    );
  }

  #application(message: Message): string[] {
    const { protocol } = this.#dialogue;
    if (protocol === 'http') return this.#http(message);
    if (protocol === 'dns') return this.#dns();
    if (protocol === 'mqtt') return this.#mqtt(message);
    if (protocol === 'modbus') return this.#modbus(message);
    if (protocol === 'ssh') return this.#ssh(message);
    return this.contents(message.bytes, 2);
  }

  #http({ direction, bytes }: Message): string[] {
    const dice = this.#dice;
    const whole = Buffer.from(bytes).toString('latin1');
    const head = whole.split('\r\n\r\n')[0]!;
    const body = Buffer.from(whole.slice(head.length + 4), 'latin1');
    const [line = '', ...headers] = head.split('\r\n');
    const [first = '', second = '', ...third] = line.split(' ');
    const header = (name: string): string =>
      headers
        .find((one) => one.startsWith(`${name}:`))
        ?.slice(name.length + 1)
        .trim() ?? 'absent';
    const lines = `${headers.join('\r\n')}\r\n`;
    const decodedPath = second.replace(/%([0-9a-f]{2})/g, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
    const both: (readonly [string, string])[] = [
      ['http.header', lines],
      ['http.header_names', '\r\nHost\r\n'],
      ['http.connection', header('Connection')],
      ['http.content_type', header('Content-Type')],
      ['http.content_len', header('Content-Length')],
      ['file_data', body.toString('latin1')],
      ['http.start', head],
      ['http.protocol', direction === 0 ? (third[0] ?? '') : first],
    ];
    const buffers: readonly (readonly [string, string])[] =
      direction === 0
        ? [
            ...both,
            ['http.method', first],
            ['http.uri', decodedPath],
            ['http.uri', decodedPath],
            ['http.uri.raw', second],
            ['http.request_line', line],
            ['http.host', header('Host').toLowerCase()],
            ['http.user_agent', header('User-Agent')],
            ['http.cookie', header('Cookie')],
            ['http.referer', header('Referer')],
            ['http.accept', header('Accept')],
            ['http.request_body', body.toString('latin1')],
          ]
        : [
            ...both,
            ['http.stat_code', second],
            ['http.stat_msg', third.join(' ')],
            ['http.response_line', line],
            ['http.server', header('Server')],
            ['http.location', header('Location')],
            ['http.response_body', body.toString('latin1')],
          ];
    const options: string[] = [];
    for (
      let i = dice.weighted([
        [5, 1],
        [3, 2],
        [1, 3],
      ]);
      i > 0;
      i -= 1
    ) {
      const [name, value] = dice.pick(buffers);
      const bytesOfValue = Buffer.from(value.length === 0 ? 'x' : value, 'latin1');
      const asked = this.contents(bytesOfValue, 2).map((option) =>
        name === 'http.host' ? option.toLowerCase() : option,
      );
      options.push(`${name};`);
      if (dice.chance(0.08))
        options.push(
          `${dice.pick(['to_lowercase', 'compress_whitespace', 'strip_whitespace', 'url_decode', 'to_md5', 'dotprefix'])};`,
        );
      options.push(...asked);
      if (dice.chance(0.1))
        options.push(
          `bsize:${dice.pick([String(value.length), `>${Math.max(0, value.length - 2)}`, `<${value.length + 2}`])};`,
        );
    }
    if (direction === 0 && dice.chance(0.08)) options.push(`urilen:${dice.pick(['<', '>', ''])}${decodedPath.length};`);
    if (dice.chance(0.1)) options.unshift(`content:"${this.#piece(bytes).text}";`);
    return options;
  }

  #dns(): string[] {
    const dice = this.#dice;
    const name = dice.pick(['www.example.com', 'mail.example.org', 'update.test', 'evil.com', 'google']);
    return dice.weighted<() => string[]>([
      [5, () => ['dns.query;', ...this.contents(Buffer.from(name), 2), ...(dice.chance(0.5) ? ['nocase;'] : [])]],
      [2, () => [`dns.opcode:${dice.pick(['0', '!0', '2', '4'])};`]],
      [1, () => ['dns.query;', 'dotprefix;', `content:".${name.split('.').at(-2)}.";`]],
      [1, () => ['dns.query;', `bsize:${dice.pick(['>8', '<12', String(name.length)])};`]],
    ])();
  }

  #mqtt({ bytes }: Message): string[] {
    const dice = this.#dice;
    const words = Buffer.from(bytes)
      .toString('latin1')
      .match(/[A-Za-z0-9]{3,}/g) ?? ['none'];
    const type = ['CONNECT', 'CONNACK', 'PUBLISH', 'PUBACK', 'SUBSCRIBE', 'PINGREQ', 'PINGRESP', 'DISCONNECT'];
    const buffer = [
      'connect.clientid',
      'connect.username',
      'connect.password',
      'publish.topic',
      'publish.message',
      'subscribe.topic',
    ];
    return dice.weighted<() => string[]>([
      [4, () => [`mqtt.type:${dice.pick(type)};`]],
      [4, () => [`mqtt.${dice.pick(buffer)};`, `content:"${dice.pick(words)}";`]],
      [1, () => [`mqtt.qos:${dice.int(0, 2)};`]],
      [1, () => [`mqtt.flags:${dice.pick(['retain', '!retain', '!retain,!dup', 'dup'])};`]],
      [1, () => [`mqtt.protocol_version:${dice.pick(['4', '5', '>4'])};`]],
      [1, () => [`mqtt.reason_code:${dice.pick([0, 5])};`]],
      [1, () => [`mqtt.connect.flags:${dice.pick(['username', 'clean_session', '!username,clean_session'])};`]],
      [1, () => [`mqtt.connack.session_present:${dice.pick(['true', 'false'])};`]],
    ])();
  }

  #modbus({ bytes }: Message): string[] {
    const dice = this.#dice;
    const [unit, code] = [bytes[6]!, bytes[7]!];
    const start = (bytes[8]! << 8) | bytes[9]!;
    return [
      dice.weighted<string>([
        [3, `modbus: function ${dice.pick([code, code, 3])};`],
        [2, `modbus: unit ${dice.pick([String(unit), `>${unit}`, `<${unit + 1}`])};`],
        [2, `modbus: access ${dice.pick(['read', 'write'])};`],
        [
          2,
          `modbus: access ${dice.pick(['read coils', 'read holding', 'write coils', 'read input'])}, address ${dice.pick([String(start), `<${start + 3}`, `>${start}`])};`,
        ],
        [1, `modbus: function ${dice.pick(['assigned', 'public', '!public', 'all'])};`],
        [1, `modbus: unit ${unit}, function ${code};`],
      ]),
    ];
  }

  #ssh({ bytes }: Message): string[] {
    const dice = this.#dice;
    const [, proto = '', software = ''] = Buffer.from(bytes).toString('latin1').trim().split('-');
    return dice.pick<() => string[]>([
      () => ['ssh.proto;', ...this.contents(Buffer.from(proto), 1)],
      () => ['ssh.software;', ...this.contents(Buffer.from(software), 2)],
      () => [`ssh.protoversion:${dice.pick(['2.0', '1.99', '2_compat'])};`],
    ])();
  }
}

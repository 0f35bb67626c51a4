/** Rules about HTTP: sticky buffers, legacy modifiers, transforms, files. */
import type { Message } from '../dialogues/message.ts';
import { contents, piece, wordsOf } from './contents.ts';
import type { Making } from './making.ts';

type Buffers = readonly (readonly [name: string, value: string])[];

const LEGACY: Readonly<Record<string, string>> = {
  'http.uri': 'http_uri',
  'http.uri.raw': 'http_raw_uri',
  'http.method': 'http_method',
  'http.header': 'http_header',
  'http.header.raw': 'http_raw_header',
  'http.cookie': 'http_cookie',
  'http.user_agent': 'http_user_agent',
  'http.host': 'http_host',
  'http.host.raw': 'http_raw_host',
  'http.stat_code': 'http_stat_code',
  'http.stat_msg': 'http_stat_msg',
  'http.request_body': 'http_client_body',
  'http.response_body': 'http_server_body',
};

export function httpOptions(making: Making, message: Message): string[] {
  const { dice } = making;
  const buffers = buffersOf(message);
  const options: string[] = [];
  const count = dice.weighted([
    [5, 1],
    [3, 2],
    [1, 3],
  ]);
  const isLegacy = dice.chance(0.1);
  for (let i = count; i > 0; i -= 1) {
    // Mostly one that has something.
    const filled = buffers.filter(([, value]) => value !== '');
    const [name, value] = dice.pick(dice.chance(0.9) ? filled : buffers);
    options.push(
      ...(isLegacy && LEGACY[name] !== undefined ? legacy(making, LEGACY[name], value) : sticky(making, name, value)),
    );
  }
  if (message.direction === 0 && dice.chance(0.06)) {
    const { length } = buffers.find(([name]) => name === 'http.uri')![1];
    options.push(
      `urilen:${dice.pick([`<${length + 3}`, `>${Math.max(0, length - 3)}`, String(length), `${Math.max(0, length - 2)}<>${length + 2}`])}${dice.pick(['', '', ',raw', ',norm'])};`,
    );
  }
  if (dice.chance(0.05)) options.push(...file(making, message));
  if (dice.chance(0.1)) {
    const raw = `content:"${piece(making, message.bytes).text}";`;
    if (isLegacy) options.unshift(raw);
    else options.unshift(...(dice.chance(0.3) ? ['pkt_data;', raw] : [raw]));
  }
  return options;
}

const bytesOf = (value: string): Uint8Array => Buffer.from(value.length === 0 ? 'x' : value, 'latin1');
/** Suricata refuses capitals in a buffer that is made small. */
const fitting = (name: string, options: readonly string[]): string[] =>
  name === 'http.host' || name === 'http_host'
    ? options.map((option) => option.toLowerCase()).filter((option) => option !== 'nocase;')
    : [...options];

function sticky(making: Making, name: string, value: string): string[] {
  const { dice } = making;
  const asked = fitting(name, contents(making, bytesOf(value), 2));
  const options = [`${name};`];
  if (dice.chance(0.09)) return [...options, ...transformed(making, value)];
  options.push(...asked);
  if (dice.chance(0.1)) {
    const { length } = value;
    options.push(
      `bsize:${dice.pick([String(length), `>${Math.max(0, length - 2)}`, `<${length + 2}`, `${Math.max(0, length - 2)}<>${length + 2}`])};`,
    );
  }
  if (dice.chance(0.08)) options.push(`pcre:"/${dice.pick(wordsOf(bytesOf(value), 1))}/${dice.pick(['', 'i'])}";`);
  if (dice.chance(0.06))
    options.push(`isdataat:${dice.pick(['', '!'])}${dice.int(0, value.length + 1)}${dice.pick(['', ',relative'])};`);
  if (dice.chance(0.03))
    options.push(`byte_test:1,>,${dice.int(0, 120)},${dice.int(0, Math.max(0, value.length - 1))};`);
  return options;
}

function transformed({ dice }: Making, value: string): string[] {
  const word = dice.pick(wordsOf(bytesOf(value), 1));
  return dice.pick<() => string[]>([
    () => ['to_lowercase;', `content:"${word.toLowerCase()}";`],
    () => ['to_uppercase;', `content:"${word.toUpperCase()}";`],
    () => ['compress_whitespace;', `content:"${word}";`],
    () => ['strip_whitespace;', `content:"${word}";`],
    () => ['url_decode;', `content:"${word}";`],
    () => ['header_lowercase;', `content:"${word}"; nocase;`],
    () => ['strip_pseudo_headers;', `content:"${word}";`],
    () => ['dotprefix;', `content:".${word}";`],
    () => [`${dice.pick(['to_md5', 'to_sha1', 'to_sha256'])};`, `bsize:${dice.pick([16, 20, 32])};`],
    () => ['to_md5;', 'content:"|00|"; depth:16;'],
    () => [
      'xor:"20";',
      `content:"|${[...word].map((char) => (char.charCodeAt(0) ^ 0x20).toString(16).padStart(2, '0')).join(' ')}|";`,
    ],
    () => [`pcrexform:"(${word})";`, `content:"${word}";`],
    () => ['to_lowercase;', 'strip_whitespace;', `content:"${word.toLowerCase()}";`],
  ])();
}

/** Each content with the modifier behind it. */
function legacy(making: Making, modifier: string, value: string): string[] {
  const options = fitting(modifier, contents(making, bytesOf(value), 2));
  return options.flatMap((option) => (option.startsWith('content:') ? [option, `${modifier};`] : [option]));
}

function file({ dice }: Making, { bytes }: Message): string[] {
  const word = dice.pick(wordsOf(bytes));
  return dice.pick<() => string[]>([
    () => ['file.name;', `content:"${dice.pick([word, '.exe', '.txt', '.bin'])}";`],
    () => [`filename:"${dice.pick([word, 'login'])}";`],
    () => [`fileext:"${dice.pick(['exe', 'txt', 'bin', 'php'])}";`],
    () => [`filesize:${dice.pick(['>10', '<100', '5<>50'])};`],
    () => ['filestore;'],
    () => ['file.magic;', 'content:"text";'],
  ])();
}

/** What the message has in each buffer, or nearly. */
function buffersOf({ direction, bytes }: Message): Buffers {
  const whole = Buffer.from(bytes).toString('latin1');
  const head = whole.split(/\r?\n\r?\n/)[0]!;
  const body = whole.slice(head.length).replace(/^(?:\r?\n){2}/, '');
  const [line = '', ...lines] = head.split(/\r?\n/);
  const [first = '', second = '', ...third] = line.split(/ +/);
  const header = (name: string): string =>
    lines
      .find((one) => one.startsWith(`${name}:`))
      ?.slice(name.length + 1)
      .trim() ?? '';
  const decoded = second.replace(/%([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  const names = `\r\n${lines.map((one) => one.split(':')[0]).join('\r\n')}\r\n\r\n`;
  const one = lines[lines.length >> 1] ?? '';
  const both: Buffers = [
    ['http.header', `${lines.join('\r\n')}\r\n`],
    ['http.header.raw', `${lines.join('\r\n')}\r\n`],
    ['http.header_names', names],
    ['http.connection', header('Connection')],
    ['http.content_type', header('Content-Type')],
    ['http.content_len', header('Content-Length')],
    ['file.data', body],
    ['http.start', `${head}\r\n\r\n`],
    ['http.protocol', direction === 0 ? (third[0] ?? '') : first],
  ];
  if (direction === 1)
    return [
      ...both,
      ['http.stat_code', second],
      ['http.stat_msg', third.join(' ')],
      ['http.response_line', line],
      ['http.server', header('Server')],
      ['http.location', header('Location')],
      ['http.cookie', header('Set-Cookie')],
      ['http.response_body', body],
      ['http.response_body', body],
      ['http.response_header', one],
    ];
  return [
    ...both,
    ['http.method', first],
    ['http.uri', decoded],
    ['http.uri', decoded],
    ['http.uri.raw', second],
    ['http.request_line', line],
    ['http.host', header('Host').toLowerCase()],
    ['http.host.raw', header('Host')],
    ['http.user_agent', header('User-Agent')],
    ['http.cookie', header('Cookie')],
    ['http.referer', header('Referer')],
    ['http.accept', header('Accept')],
    ['http.accept_lang', header('Accept-Language')],
    ['http.accept_enc', header('Accept-Encoding')],
    ['http.request_body', body],
    ['http.request_header', one],
  ];
}

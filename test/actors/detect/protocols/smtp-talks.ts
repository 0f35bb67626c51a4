/** Generated SMTP: sessions with mails of every form, right and spoilt, pipelined or not, with the replies of a server. */
import type { Dice } from './dice.ts';
import type { Part, Talk } from './suricata.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const WORDS = ['alpha', 'Bravo', 'invoice', 'report', 'caf\xe9', 'secret plan', 'x'];
const NAMES = [
  'a.txt',
  'evil.exe',
  'r\xe9sum\xe9.pdf',
  'two words.doc',
  '',
  'n'.repeat(300),
  'caf\xc3\xa9.png',
  'UP.EXE',
];
const URLS = [
  'http://example.com/a.exe',
  'see HTTP://Host.test/Path?q=1 and http://10.0.0.1/x',
  '<a href="http://evil.test/run.sh?x">go</a> http://evil.test/run.sh?x',
  'http:// nothing http://[x] http://::1/a',
  'https://other.test/',
];

export const SMTP_RULES: readonly string[] = [
  'file.data; content:"secret";',
  'file.data; content:"MZ"; startswith;',
  'file_data; content:"line"; bsize:<60;',
  'file.data; content:!"alpha";',
  'filename:"evil";',
  'fileext:"exe";',
  'file.name; content:"txt";',
  'filesize:>40;',
  'filesize:10<>5000;',
  ...['invalid_reply', 'invalid_pipelined_sequence', 'bdat_chunk_len_exceeded', 'no_server_welcome_message'].map(
    (name) => `app-layer-event:smtp.${name};`,
  ),
  ...['tls_rejected', 'data_command_rejected', 'mime_parse_failed', 'mime_malformed_msg', 'mime_invalid_qp'].map(
    (name) => `app-layer-event:smtp.${name};`,
  ),
  ...['mime_long_line', 'mime_long_enc_line', 'mime_long_header_name', 'mime_long_header_value'].map(
    (name) => `app-layer-event:smtp.${name};`,
  ),
  ...['mime_long_boundary', 'mime_long_filename', 'duplicate_fields', 'unparsable_content', 'truncated_line'].map(
    (name) => `app-layer-event:smtp.${name};`,
  ),
];

const eol = (dice: Dice): string => (dice.happens(0.97) ? '\r\n' : dice.pick(['\n', '\r', '\n\r']));

function text(dice: Dice): string {
  const lines = dice.times(6, () => {
    if (dice.happens(0.2)) return dice.pick(URLS);
    if (dice.happens(0.1)) return '';
    if (dice.happens(0.04)) return '.dot';
    if (dice.happens(0.03)) return '--not a boundary';
    if (dice.happens(0.03)) return 'long '.repeat(dice.pick([20, 210, 900]));
    if (dice.happens(0.02)) return 'nul\0 http://nul.test/ ';
    return `line ${dice.pick(WORDS)} ${dice.below(1000)}`;
  });
  return lines.map((line) => `${line}${eol(dice)}`).join('');
}

function quoted(dice: Dice): string {
  return text(dice).replace(/[a=\xe9]/g, (char) => {
    const hex = char.charCodeAt(0).toString(16);
    if (dice.happens(0.1)) return `=${hex}`;
    if (dice.happens(0.05)) return '=\r\n';
    return dice.happens(0.5) ? `=${hex.padStart(2, '0').toUpperCase()}` : char;
  });
}

function base64(dice: Dice): string {
  const content = dice.happens(0.05)
    ? 'MZ'.padEnd(dice.pick([3000, 20_000, 40_000, 110_000]), 'secret data ')
    : `${dice.pick(['MZ', ''])}${text(dice)}${dice.happens(0.3) ? 'secret' : ''}`;
  const coded = Buffer.from(content, 'latin1').toString('base64');
  const width = dice.pick([76, 76, 76, 60, 75, 77, 5, 1]);
  const lines = width > 20 || coded.length < 400 ? (coded.match(new RegExp(`.{1,${width}}`, 'g')) ?? []) : [coded];
  return lines
    .map((line) => {
      const spoilt = dice.happens(0.02) ? line.replace(/.$/, dice.pick([' ', '=', '!!', '\t', '*'])) : line;
      return `${dice.happens(0.02) ? ' ' : ''}${spoilt}${eol(dice)}`;
    })
    .join('');
}

function header(dice: Dice, name: string, value: string): string {
  const said = dice.happens(0.05) ? name.toUpperCase() : name;
  const blank = dice.happens(0.9) ? ' ' : dice.pick(['', '   ', '\t']);
  const folded = dice.happens(0.1) ? value.replace(/[ ;]/, (char) => `${char}\r\n${dice.pick([' ', '\t'])}`) : value;
  return `${said}:${blank}${folded}${eol(dice)}`;
}

function parameter(dice: Dice, name: string, value: string): string {
  if (dice.happens(0.8)) return `${name}="${value}"`;
  if (dice.happens(0.6)) return `${name}=${value}`;
  if (dice.happens(0.5)) return `${name}*0="${value.slice(0, 3)}"; ${name}*1="${value.slice(3)}"`;
  return dice.pick([`${name}="${value}`, `${name}=`, name, `${name.toUpperCase()}=${value}`]);
}

function part(dice: Dice, depth: number): string {
  const coding = dice.pick(['', '', 'base64', 'base64', 'quoted-printable', 'Quoted-Printable', '8bit', 'BASE64']);
  const kind = dice.below(depth > 2 ? 6 : 8);
  if (kind === 6) return multipart(dice, depth + 1);
  if (kind === 7) return `${header(dice, 'Content-Type', 'message/rfc822')}\r\n${mail(dice, depth + 1)}`;
  let head = '';
  if (dice.happens(0.9)) {
    const type = dice.pick(['text/plain', 'text/html; charset=utf-8', 'application/octet-stream', 'image/png']);
    head += header(
      dice,
      'Content-Type',
      dice.happens(0.2) ? `${type}; ${parameter(dice, 'name', dice.pick(NAMES))}` : type,
    );
  }
  if (coding !== '') head += header(dice, 'Content-Transfer-Encoding', coding);
  if (dice.happens(0.6))
    head += header(dice, 'Content-Disposition', `attachment; ${parameter(dice, 'filename', dice.pick(NAMES))}`);
  const body = /base/i.test(coding) ? base64(dice) : /quoted/i.test(coding) ? quoted(dice) : text(dice);
  return `${head}${dice.happens(0.97) ? '\r\n' : ''}${body}`;
}

function multipart(dice: Dice, depth: number): string {
  const boundary = dice.pick([
    'b',
    'Bound4ry',
    '----=_Part',
    'x'.repeat(70),
    dice.happens(0.1) ? 'y'.repeat(260) : 'z',
  ]);
  let out = `${header(dice, 'Content-Type', `multipart/${dice.pick(['mixed', 'alternative'])}; ${parameter(dice, 'boundary', boundary)}`)}\r\n`;
  if (dice.happens(0.2)) out += text(dice);
  const count = dice.below(4);
  for (let i = 0; i < count; i += 1) {
    const said = dice.happens(0.05) ? boundary.toUpperCase() : boundary;
    out += `${dice.happens(0.95) ? '--' : '-'}${said}${dice.happens(0.05) ? ' ' : ''}${eol(dice)}${part(dice, depth)}`;
  }
  if (dice.happens(0.93)) out += `--${boundary}--${eol(dice)}`;
  if (dice.happens(0.03)) out += `--${boundary}--${eol(dice)}`;
  if (dice.happens(0.2)) out += text(dice);
  return out;
}

function mail(dice: Dice, depth = 0): string {
  if (dice.happens(0.03)) return text(dice);
  let out = '';
  const add = (share: number, name: string, value: () => string): void => {
    if (dice.happens(share)) out += header(dice, name, value());
  };
  add(0.3, 'Received', () => `from ${dice.pick(WORDS)} by mx`);
  add(0.9, 'From', () => dice.pick(['a@b.test', '"A, B" <a@b.test>', 'caf\xe9 <x>', '\tnul\0 <n>']));
  add(0.9, 'To', () => dice.pick(['c@d.test', 'c@d.test, e@f.test,', '"q, r" <s>, t ', ' ', ',,x', 'u@v , \xff@w']));
  add(0.3, 'Cc', () => dice.pick(['c@d.test', '  g ,\th', '"open, i']));
  add(0.8, 'Subject', () => dice.pick([...WORDS, '', 'w'.repeat(2100)]));
  add(0.3, 'Message-ID', () => '<1@b.test>');
  add(0.05, 'H'.repeat(80), () => 'v');
  add(0.04, 'bad header', () => 'v');
  add(0.05, 'From', () => 'second@b.test');
  return out + (dice.happens(0.5) ? multipart(dice, depth) : part(dice, depth + 1));
}

type Say = (way: 0 | 1, said: string) => void;

function sendMail(dice: Dice, say: Say, isPipelined: boolean): void {
  const reply = (right: string, wrong: readonly string[] = ['550 no']): void =>
    say(1, `${dice.happens(0.95) ? right : dice.pick(wrong)}${eol(dice)}`);
  const commands = [
    dice.pick(['MAIL FROM:<a@b.test>', 'MAIL FROM:<a@b.test> SIZE=100', 'mail from: <\xe9@b.test>', 'MAIL FROM:']),
    ...dice.times(3, () => dice.pick(['RCPT TO:<c@d.test>', 'rcpt to:<e@f.test> X', 'RCPT TO:'])),
    ...(dice.happens(0.05) ? ['MAIL FROM:<again@b.test>'] : []),
  ];
  if (isPipelined) {
    say(0, `${commands.map((command) => `${command}\r\n`).join('')}${dice.happens(0.9) ? 'DATA\r\n' : ''}`);
    say(1, `${commands.map(() => '250 ok\r\n').join('')}354 go\r\n`);
  } else {
    for (const command of commands) {
      say(0, `${command}${eol(dice)}`);
      reply('250 ok');
    }
    if (dice.happens(0.07)) {
      const chunk = text(dice);
      say(
        0,
        `BDAT ${chunk.length + (dice.happens(0.2) ? dice.below(9) - 4 : 0)} LAST\r\n${dice.happens(0.5) ? chunk : ''}`,
      );
      say(0, chunk);
      reply('250 ok');
      return;
    }
    say(0, `DATA${eol(dice)}`);
    if (dice.happens(0.02)) say(0, 'DATA\r\n');
    reply('354 go ahead', ['550 no', '354-go\r\n354 ahead', '35', '999 what', '']);
  }
  const content = `${mail(dice)}${dice.happens(0.97) ? '\r\n.\r\n' : '\r\n'}`;
  if (dice.happens(0.3)) {
    const cut = dice.below(content.length);
    say(0, content.slice(0, cut));
    say(0, content.slice(cut));
  } else say(0, content);
  reply('250 queued');
}

export function smtpTalk(dice: Dice): Talk {
  const parts: Part[] = [];
  const say: Say = (way, said) => {
    if (said !== '') parts.push([way, bytes(said)]);
  };
  if (dice.happens(0.95))
    say(1, dice.pick(['220 mx.test ESMTP\r\n', '220-mx\r\n220 mx\r\n', '554 no\r\n', '220 mx\r\n']));
  say(0, dice.pick(['EHLO client.test\r\n', 'HELO client\r\n', 'ehlo  two words\r\n', 'EHLO\r\n', 'HELO \xe9\r\n']));
  const isPipelined = dice.happens(0.25);
  say(1, isPipelined ? '250-mx.test\r\n250-PIPELINING\r\n250 SIZE 1000\r\n' : '250 mx.test\r\n');
  if (dice.happens(0.1)) say(0, dice.pick(['EHLO again\r\n', 'NOOP\r\n', 'AUTH PLAIN AGEAYg==\r\n', '\r\n']));
  if (dice.happens(0.05)) {
    say(0, 'STARTTLS\r\n');
    say(1, '454 not now\r\n');
  }
  if (dice.happens(0.02))
    say(0, `X${'y'.repeat(dice.pick([4093, 4094, 4095, 5000]))}${dice.pick(['\r\n', '', '\nNOOP\r\n'])}`);
  const mails = dice.pick([1, 1, 1, 2, 0]);
  for (let i = 0; i < mails; i += 1) sendMail(dice, say, isPipelined);
  if (dice.happens(0.1)) {
    say(0, 'RSET\r\n');
    say(1, '250 ok\r\n');
  }
  if (dice.happens(0.8)) {
    say(0, `QUIT${eol(dice)}`);
    say(1, '221 bye\r\n');
  }
  return { transport: 'tcp', serverPort: 25, parts };
}

/** Generated SSH: banners of every form and the records behind them. */
import { bytesOf, n32 } from '../frames.ts';
import type { Dice } from './dice.ts';
import type { Part, Talk } from './suricata.ts';

const NONE = new Uint8Array(0);
const text = (value: string): Uint8Array => Buffer.from(value, 'latin1');

const record = (code: number, body: Uint8Array): Uint8Array => bytesOf(n32(body.length + 2), 4, code, body);
const list = (value: string): Uint8Array => bytesOf(n32(value.length), text(value));

function keyExchange(dice: Dice): Uint8Array {
  const lists = Array.from({ length: 10 }, () =>
    list(dice.pick(['', 'none', 'aes128-ctr,aes256-ctr', 'curve25519-sha256'])),
  );
  return record(20, bytesOf(new Uint8Array(16), ...lists, 0, n32(0)));
}

function banner(dice: Dice): Uint8Array {
  const software = dice.pick([
    'OpenSSH_9.2p1 Debian-2',
    'libssh_0.9',
    'a',
    '',
    'dropbear',
    'x'.repeat(280),
    '\xff\xfe',
  ]);
  return text(
    `SSH-${dice.pick(['2.0', '2.0', '2.0', '1.99', '1.5', '2'])}-${software}${dice.pick(['\r\n', '\r\n', '\n', '\rq'])}`,
  );
}

function side(dice: Dice): Uint8Array {
  const others = (): Uint8Array[] =>
    dice.times(2, () => record(dice.pick([2, 30, 31, 94]), new Uint8Array(dice.below(60))));
  const exchange = dice.happens(0.7) ? keyExchange(dice) : NONE;
  const end = dice.happens(0.5) ? record(21, NONE) : NONE;
  return dice.spoil(bytesOf(banner(dice), ...others(), exchange, ...others(), end), 0.1);
}

export function sshTalk(dice: Dice): Talk {
  const parts = ([0, 1] as const).flatMap((way): Part[] => {
    const bytes = side(dice);
    const cut = 5 + dice.below(Math.max(1, bytes.length - 5));
    return [
      [way, bytes.slice(0, cut)],
      [way, bytes.slice(cut)],
    ];
  });
  const order = dice.pick([
    [0, 1, 2, 3],
    [2, 0, 3, 1],
    [0, 2, 1, 3],
  ]);
  return {
    transport: 'tcp',
    serverPort: 22,
    parts: order.map((index) => parts[index]!).filter(([, { length }]) => length > 0),
  };
}

export const SSH_RULES = [
  'ssh.proto; content:"2.0";',
  'ssh.proto; content:!"2";',
  'ssh.software; content:"ssh";',
  'ssh.software; content:!"a";',
  'ssh.software; content:"xxxxx";',
  'ssh.protoversion:2_compat;',
  'ssh.protoversion:1.5;',
  'ssh.softwareversion:"dropbear";',
  'ssh.hassh.string; content:"none";',
  'ssh.hassh.server.string; content:"aes";',
  'ssh.hassh; bsize:32;',
  'ssh.hassh.server; bsize:32;',
];

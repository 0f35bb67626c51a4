/** Generated FTP: control connections, commands right and wrong, replies of one line and of several. */
import type { Dice } from './dice.ts';
import type { Part, Talk } from './suricata.ts';

const line = (text: string, dice: Dice): Uint8Array =>
  Buffer.from(`${text}${dice.happens(0.95) ? '\r\n' : '\n'}`, 'latin1');
const COMMANDS = [
  'USER anonymous',
  'user Admin',
  'PASS secret',
  'PASS caf\xc3\xa9',
  'PASS \xff',
  'PWD',
  'CWD /pub/',
  'TYPE I',
  'PASV',
  'EPSV',
  'PORT 10,0,0,1,200,13',
  'PORT nonsense',
  'EPRT |1|10.0.0.1|5282|',
  'EPRT |3|x|',
  'LIST',
  'LIST -la',
  'SYST',
  'NOOP',
  'XYZZY hello',
  'abc',
  '',
  'SITE CHMOD 755 x',
  'QUIT',
  'RETR file.bin',
  'STOR up.txt',
  'USER ',
];
const REPLIES: Readonly<Record<string, readonly string[]>> = {
  USER: ['331 Please specify the password.'],
  PASS: ['230 Login successful.', '530 Login incorrect.'],
  PASV: ['227 Entering Passive Mode (10,0,0,2,156,64).', '227 nothing', '500 no'],
  EPSV: ['229 Entering Extended Passive Mode (|||40001|)', '229 none'],
  PORT: ['200 PORT command successful.'],
  EPRT: ['200 EPRT command successful.'],
  LIST: ['150 Here comes the directory listing.\r\n226 Directory send OK.', '150 wait'],
  SYST: ['215 UNIX Type: L8'],
  PWD: ['257 "/" is the current directory'],
};
const OTHERS = ['200 ok', '500 Unknown command.', '211-Features:\r\n UTF8\r\n211 End', 'no code at all', '12', '250'];

export const FTP_RULES: readonly string[] = [];

export function ftpTalk(dice: Dice): Talk {
  const parts: Part[] = [[1, line(dice.pick(['220 (vsFTPd 3.0.3)', '220 ready']), dice)]];
  const first = dice.pick(COMMANDS.slice(0, 4));
  const count = 1 + dice.below(7);
  for (let i = 0; i < count; i += 1) {
    const command = i === 0 ? first : dice.pick(COMMANDS);
    parts.push([0, line(command, dice)]);
    if (dice.happens(0.08)) parts.push([0, line(dice.pick(COMMANDS), dice)]);
    if (dice.happens(0.05)) continue;
    const fitting = REPLIES[command.slice(0, 4).toUpperCase().trim()] ?? OTHERS;
    parts.push([1, line(dice.pick(dice.happens(0.85) ? fitting : OTHERS), dice)]);
  }
  return { transport: 'tcp', serverPort: 21, parts };
}

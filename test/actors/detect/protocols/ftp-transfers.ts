/** Generated FTP with its data connections: files fetched and stored, passive and active, agreed on in every way. */
import type { SimplePacket } from '../captures.ts';
import { ethernet, ipv4, tcpSegment } from '../frames.ts';
import type { Dice } from './dice.ts';

const SYN = 2;
const ACK = 16;
const FIN = 1;
const NOTHING = new Uint8Array(0);
const SEGMENT_BYTES = 1400;

type Host = Uint8Array;

/** One connection of several between two hosts. */
class Connection {
  readonly #add: (bytes: Uint8Array) => void;
  readonly #hosts: readonly [Host, Host];
  readonly #ports: readonly [number, number];
  readonly #next = [1000, 5000];

  constructor(add: (bytes: Uint8Array) => void, hosts: readonly [Host, Host], ports: readonly [number, number]) {
    this.#add = add;
    this.#hosts = hosts;
    this.#ports = ports;
    this.#segment(0, SYN, NOTHING);
    this.#segment(1, SYN | ACK, NOTHING);
    this.#segment(0, ACK, NOTHING);
  }

  say(way: 0 | 1, bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += SEGMENT_BYTES) {
      this.#segment(way, ACK | 8, bytes.subarray(at, at + SEGMENT_BYTES));
      this.#segment(way === 0 ? 1 : 0, ACK, NOTHING);
    }
  }

  close(way: 0 | 1): void {
    const other = way === 0 ? 1 : 0;
    this.#segment(way, ACK | FIN, NOTHING);
    this.#segment(other, ACK | FIN, NOTHING);
    this.#segment(way, ACK, NOTHING);
  }

  #segment(way: 0 | 1, flags: number, bytes: Uint8Array): void {
    const ends = { from: this.#hosts[way], to: this.#hosts[1 - way]! };
    const fields = {
      fromPort: this.#ports[way],
      toPort: this.#ports[1 - way]!,
      sequence: this.#next[way]!,
      acknowledgment: flags === SYN ? 0 : this.#next[1 - way]!,
      flags,
    };
    this.#add(ethernet(0x0800, ipv4(ends, 6, tcpSegment(ends, fields, bytes))));
    this.#next[way]! += bytes.length + ((flags & 3) !== 0 ? 1 : 0);
  }
}

const text = (line: string): Uint8Array => Buffer.from(`${line}\r\n`, 'latin1');
const NAMES = ['file.bin', 'evil.exe', 'caf\xe9.txt', 'two words.doc', 'x'];
const CONTENTS = ['MZ secret plan', 'plain text\r\n', '\x00\x01\x02', 'PK\x03\x04 alpha', '220 (no banner', 'x'];

export const TRANSFER_RULES: readonly string[] = [
  'alert ftp-data any any -> any any (file.data; content:"secret"; sid:1;)',
  'alert tcp any any -> any any (file.data; content:!"alpha"; sid:2;)',
  'alert ftp-data any any -> any any (ftpdata_command:retr; sid:3;)',
  'alert tcp any any -> any any (ftpdata_command:stor; content:"MZ"; sid:4;)',
  'alert ftp-data any any -> any any (filename:"evil"; filesize:>10; sid:5;)',
  'alert tcp any any -> any any (app-layer-protocol:ftp-data; sid:6;)',
  'alert ftp-data any any -> any any (file.name; content:"file"; startswith; flow:to_client; sid:7;)',
  'alert ftp-data any any -> any any (content:"plain"; sid:8;)',
];

/** Sessions one after the other, each of hosts of its own. */
export function transferPackets(dice: Dice, sessions: number): SimplePacket[] {
  const packets: SimplePacket[] = [];
  const add = (bytes: Uint8Array): void => {
    const timeUs = 1_700_000_000_000_000 + packets.length * 1000;
    packets.push({ timeUs, linkType: 1, wireLength: bytes.length, bytes });
  };
  for (let i = 0; i < sessions; i += 1) session(dice, add, i);
  return packets;
}

function session(dice: Dice, add: (bytes: Uint8Array) => void, index: number): void {
  const client: Host = Uint8Array.of(10, 0, index >> 8, index & 255);
  const server: Host = Uint8Array.of(192, 0, 2, 1);
  const control = new Connection(add, [client, server], [40_000, 21]);
  control.say(1, text('220 (vsFTPd 3.0.3)'));
  control.say(0, text('USER anonymous'));
  control.say(1, text('331 password'));
  for (let i = 1 + dice.below(3); i > 0; i -= 1) transfer(dice, add, control, client, server, 20_000 + 10 * index + i);
  if (dice.happens(0.7)) control.say(0, text('QUIT'));
  control.close(0);
}

function transfer(
  dice: Dice,
  add: (bytes: Uint8Array) => void,
  control: Connection,
  client: Host,
  server: Host,
  port: number,
): void {
  const isActive = dice.happens(0.4);
  const isExtended = dice.happens(0.3);
  const command = dice.pick(['RETR', 'STOR', 'retr', 'STOR']);
  const isStored = command.toUpperCase() === 'STOR';
  if (isActive) {
    const agreed = isExtended
      ? `EPRT |1|${client.join('.')}|${port}|`
      : `PORT ${client.join(',')},${port >> 8},${port & 255}`;
    control.say(0, text(agreed));
    control.say(1, text('200 ok'));
  } else {
    control.say(0, text(isExtended ? 'EPSV' : 'PASV'));
    const numbers = `${server.join(',')},${port >> 8},${port & 255}`;
    control.say(1, text(isExtended ? `229 entering (|||${port}|)` : `227 entering (${numbers}).`));
  }
  const open = (): Connection =>
    isActive
      ? new Connection(add, [server, client], [20, port])
      : new Connection(add, [client, server], [41_000, port]);
  const early = dice.happens(0.5) ? open() : null;
  control.say(0, text(`${command} ${dice.pick(NAMES)}`));
  if (dice.happens(0.8)) control.say(1, text('150 here it comes'));
  const data = early ?? open();
  // Who sends opens the connection, or does not.
  const way = isStored === isActive ? 1 : 0;
  const wrong = dice.happens(0.05) ? 1 - way : way;
  const content = dice.pick(CONTENTS).repeat(dice.pick([1, 1, 3, 200, 4000]));
  if (dice.happens(0.95)) data.say(wrong as 0 | 1, Buffer.from(content, 'latin1'));
  if (dice.happens(0.9)) data.close(dice.happens(0.8) ? way : ((way ^ 1) as 0 | 1));
  control.say(1, text('226 done'));
}

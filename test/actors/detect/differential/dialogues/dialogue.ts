/** What the two sides of a generated flow say, above the transport. */
import { bytesOf, n16 } from '../../frames.ts';
import { Dice as TalkDice } from '../../protocols/dice.ts';
import { dnp3Talk } from '../../protocols/dnp3-talks.ts';
import { dnsTalk } from '../../protocols/dns-talks.ts';
import { enipTalk } from '../../protocols/enip-talks.ts';
import { ftpTalk } from '../../protocols/ftp-talks.ts';
import { modbusTalk } from '../../protocols/modbus-talks.ts';
import { mqttTalk } from '../../protocols/mqtt-talks.ts';
import { smtpTalk } from '../../protocols/smtp-talks.ts';
import { sshTalk } from '../../protocols/ssh-talks.ts';
import type { Talk } from '../../protocols/suricata.ts';
import { tlsTalk } from '../../protocols/tls-talks.ts';
import type { Dice } from '../dice.ts';
import { httpMessages } from './http.ts';
import type { Dialogue, Message, Spoken } from './message.ts';
import { dns, foreign, icmp, modbus, mqtt, odd, raw, ssh, telnet } from './plain.ts';
import { shortHttp } from './short-http.ts';

export function dialogue(dice: Dice): Dialogue {
  return dice.weighted<() => Dialogue>([
    [24, () => raw(dice, 'tcp')],
    [10, () => raw(dice, 'udp')],
    [28, () => http(dice)],
    [7, () => dns(dice)],
    [3, () => talk(dice, 'dns', dnsTalk)],
    [5, () => mqtt(dice)],
    [4, () => talk(dice, 'mqtt', mqttTalk)],
    [3, () => modbus(dice)],
    [3, () => talk(dice, 'modbus', modbusTalk)],
    [4, () => talk(dice, 'dnp3', dnp3Talk)],
    [2, () => ssh(dice)],
    [3, () => talk(dice, 'ssh', sshTalk)],
    [5, () => talk(dice, 'tls', tlsTalk)],
    [2, () => telnet(dice)],
    [5, () => icmp(dice)],
    [1, () => (dice.chance(0.6) ? talk(dice, 'smtp', smtpTalk) : foreign(dice))],
  ])();
}

/** Of what rules about packets, flows and addresses ask. */
export function wideDialogue(dice: Dice): Dialogue {
  return dice.weighted<() => Dialogue>([
    [5, () => raw(dice, 'tcp')],
    [4, () => raw(dice, 'udp')],
    [3, () => icmp(dice)],
    [6, () => odd(dice)],
    [1, () => dns(dice)],
    [1, () => http(dice)],
    [1, () => mqtt(dice)],
  ])();
}

/** EtherNet/IP; some of it without greetings, or at a port where it is not looked for. */
export function enipDialogue(dice: Dice): Dialogue {
  const made = talk(dice, 'enip', enipTalk);
  const messages = dice.chance(0.25) ? made.messages.slice(2) : made.messages;
  return { ...made, messages, serverPort: dice.chance(0.04) ? 44_817 : made.serverPort };
}

/** Of whatever a session can be torn from. */
export function tornDialogue(dice: Dice): Dialogue {
  return dice.weighted<() => Dialogue>([
    [4, () => raw(dice, 'tcp')],
    [12, () => http(dice, dice.chance(0.5) ? shortHttp : httpMessages)],
    [3, () => inTcp(dice.chance(0.7) ? dns(dice) : talk(dice, 'dns', dnsTalk))],
    [3, () => (dice.chance(0.5) ? mqtt(dice) : talk(dice, 'mqtt', mqttTalk))],
    [3, () => (dice.chance(0.6) ? modbus(dice) : talk(dice, 'modbus', modbusTalk))],
    [3, () => talk(dice, 'tls', tlsTalk)],
    [3, () => (dice.chance(0.3) ? ssh(dice) : talk(dice, 'ssh', sshTalk))],
    [3, () => talk(dice, 'smtp', smtpTalk)],
    [2, () => talk(dice, 'ftp', ftpTalk)],
    [1, () => telnet(dice)],
    [1, () => dns(dice)],
  ])();
}

/** What would be in datagrams, each behind its length. */
function inTcp(one: Dialogue): Dialogue {
  if (one.transport === 'tcp') return one;
  const messages = one.messages.map(({ direction, bytes }) => ({
    direction,
    bytes: bytesOf(n16(bytes.length), bytes),
  }));
  return { ...one, transport: 'tcp', messages };
}

function http(dice: Dice, make: (dice: Dice) => readonly Message[] = httpMessages): Dialogue {
  const serverPort = dice.pick([80, 80, 8080, 8000, 3128, 31_337]);
  return { protocol: 'http', transport: 'tcp', serverPort, messages: make(dice) };
}

/** Of the protocols' own generators, which spoil some of what they make. */
function talk(dice: Dice, protocol: Spoken, make: (dice: TalkDice) => Talk): Dialogue {
  const { transport, serverPort, parts } = make(new TalkDice(dice.int(0, 0x7fff_ffff)));
  return { protocol, transport, serverPort, messages: parts.map(([direction, bytes]) => ({ direction, bytes })) };
}

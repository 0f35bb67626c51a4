/** What the two sides of a generated flow say, above the transport. */
import { Dice as TalkDice } from '../../protocols/dice.ts';
import { dnp3Talk } from '../../protocols/dnp3-talks.ts';
import { dnsTalk } from '../../protocols/dns-talks.ts';
import { modbusTalk } from '../../protocols/modbus-talks.ts';
import { mqttTalk } from '../../protocols/mqtt-talks.ts';
import { smtpTalk } from '../../protocols/smtp-talks.ts';
import { sshTalk } from '../../protocols/ssh-talks.ts';
import type { Talk } from '../../protocols/suricata.ts';
import { tlsTalk } from '../../protocols/tls-talks.ts';
import type { Dice } from '../dice.ts';
import { httpMessages } from './http.ts';
import type { Dialogue, Spoken } from './message.ts';
import { dns, foreign, icmp, modbus, mqtt, odd, raw, ssh, telnet } from './plain.ts';

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

function http(dice: Dice): Dialogue {
  const serverPort = dice.pick([80, 80, 8080, 8000, 3128, 31_337]);
  return { protocol: 'http', transport: 'tcp', serverPort, messages: httpMessages(dice) };
}

/** Of the protocols' own generators, which spoil some of what they make. */
function talk(dice: Dice, protocol: Spoken, make: (dice: TalkDice) => Talk): Dialogue {
  const { transport, serverPort, parts } = make(new TalkDice(dice.int(0, 0x7fff_ffff)));
  return { protocol, transport, serverPort, messages: parts.map(([direction, bytes]) => ({ direction, bytes })) };
}

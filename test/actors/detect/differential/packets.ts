/** The frames of a generated flow. */
import { bytesOf, icmpMessage, n16, udpDatagram } from '../frames.ts';
import type { Dialogue } from './dialogues/message.ts';
import type { Dice } from './dice.ts';
import type { Kind } from './kind.ts';
import { type Endpoints, Network, type Send } from './network.ts';
import { oddPackets } from './odd.ts';
import { Session } from './session.ts';
import { TornSession } from './torn.ts';

export function packetsOf(dice: Dice, dialogue: Dialogue, ends: Endpoints, kind: Kind): readonly Uint8Array[] {
  const network = new Network(dice, ends, kind);
  if (dialogue.transport === 'udp') datagrams(dialogue, ends, network.send);
  else if (dialogue.transport === 'odd') oddPackets(dice, dialogue, ends, network.send);
  else if (dialogue.transport === 'icmp') pings(dice, dialogue, ends, network.send);
  else if (kind === 'torn') new TornSession(dice, dialogue, ends, network.send).run(dialogue);
  else new Session(dice, dialogue, ends, network.send).run(dialogue);
  return network.frames;
}

function datagrams({ messages, serverPort }: Dialogue, { clientPort }: Endpoints, send: Send): void {
  for (const { direction, bytes } of messages) {
    const [from, to] = direction === 0 ? [clientPort, serverPort] : [serverPort, clientPort];
    send(direction, 17, (way) => udpDatagram(way, from, to, bytes));
  }
}

function pings(dice: Dice, { messages }: Dialogue, { version }: Endpoints, send: Send): void {
  const [request, reply, protocol] = version === 4 ? ([8, 0, 1] as const) : ([128, 129, 58] as const);
  const id = dice.int(0, 65_535);
  const other = dice.chance(0.2) ? dice.pick(version === 4 ? [3, 11, 13, 5] : [1, 3, 135]) : null;
  for (const [i, { direction, bytes }] of messages.entries()) {
    const type = other ?? (direction === 0 ? request : reply);
    const code = other === null ? 0 : dice.int(0, 3);
    send(direction, protocol, (way) => icmpMessage(way, type, code, bytesOf(n16(id), n16(i >> 1), bytes)));
  }
}

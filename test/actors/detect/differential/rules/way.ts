/** Addresses and ports of a rule about a case. */
import type { Message } from '../dialogues/message.ts';
import type { Making } from './making.ts';

/** A rule that names no address would be about every case's flow: its addresses are those of this one. */
export function way({ dice, dialogue, client, server }: Making, { direction }: Message): string {
  const { serverPort, transport } = dialogue;
  const port =
    transport === 'icmp' || transport === 'odd' || dice.chance(0.65)
      ? 'any'
      : dice.weighted<string>([
          [6, String(serverPort)],
          [1, `!${serverPort}`],
          [1, `[${serverPort},1]`],
          [1, `${Math.max(0, serverPort - 5)}:${serverPort}`],
          [1, `[1:65535,!${serverPort === 80 ? 81 : 80}]`],
          [1, `!${serverPort === 80 ? 81 : 80}`],
        ]);
  const both = `[${client},${server}]`;
  const forth = `${client} any -> ${server} ${port}`;
  const back = `${server} ${port} -> ${client} any`;
  const [ahead, against] = direction === 0 ? [forth, back] : [back, forth];
  const notOne = direction === 0 ? `![${both},!${server}]` : `!${server}`;
  return dice.weighted([
    [5, `${both} any -> ${both} any`],
    [5, ahead],
    [0.7, against],
    [1, `${client} any <> ${server} ${port}`],
    [0.5, `[${both},!${direction === 0 ? server : client}] any -> ${both} any`],
    [0.5, `${both} any -> [${both},${notOne}] any`],
  ]);
}

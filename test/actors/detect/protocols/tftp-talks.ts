/** Generated TFTP: what clients ask for in every mode, some of it cut off or spoilt, with answers from the same port. */
import { bytesOf } from '../frames.ts';
import type { Dice } from './dice.ts';
import type { Part, Talk } from './suricata.ts';

const text = (value: string): Uint8Array => Buffer.from(value, 'latin1');

function ask(dice: Dice): Uint8Array {
  const kind = dice.pick([1, 1, 1, 2, 2, 3, 4, 5, 6, 0]);
  const name = dice.pick(['pxelinux.0', 'config/meter-7.bin', '', 'caf\xc3\xa9', 'bad\xff', 'a'.repeat(200)]);
  const mode = dice.pick(['octet', 'octet', 'netascii', 'OCTET', 'NetAscii', 'mail', 'other', '']);
  const end = dice.pick(['\0', '\0', '\0', '', '\0blksize\x001428\0', '\0tsize\x000\0']);
  return bytesOf(Uint8Array.of(0, kind), text(`${name}\0${mode}${end}`));
}

export function tftpTalk(dice: Dice): Talk {
  const parts = Array.from({ length: 1 + dice.below(4) }, (_, i): Part => {
    const bytes = dice.happens(0.8) ? ask(dice) : bytesOf(Uint8Array.of(0, dice.pick([3, 4, 5]), 0, 1), text('data'));
    const way = i > 0 && dice.happens(0.4) ? 1 : 0;
    return [way, i > 0 ? dice.spoil(bytes, 0.15) : bytes];
  });
  return { transport: 'udp', serverPort: 69, parts: parts.filter(([, bytes]) => bytes.length > 0) };
}

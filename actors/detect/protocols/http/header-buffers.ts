/** What rules see of all headers together. Each is made once for each state of the table. */
import type { Direction } from '../direction.ts';
import type { Message } from './http-transaction.ts';
import { ascii, isText, joined } from './octets.ts';

const LINE_END = ascii('\r\n');

/** `Name: value` lines, cookies left out: they have a buffer of their own. */
export function headerLines(message: Message, direction: Direction): Uint8Array | null {
  const lines = linesOf(message, 0, direction === 0 ? 'cookie' : 'set-cookie');
  return lines.length === 0 ? null : lines;
}

/** All lines but those of one name, with room before them. */
function linesOf(message: Message, room: number, without: string): Uint8Array {
  const { list } = message.headers;
  let length = room;
  for (const { name, value } of list) if (!isText(name, without)) length += name.length + value.length + 4;
  const lines = new Uint8Array(length);
  let at = room;
  for (const { name, value } of list) {
    if (isText(name, without)) continue;
    lines.set(name, at);
    at += name.length;
    lines[at] = 0x3a;
    lines[at + 1] = 0x20;
    lines.set(value, at + 2);
    at += 2 + value.length;
    lines[at] = 0x0d;
    lines[at + 1] = 0x0a;
    at += 2;
  }
  return lines;
}

/** Headers and trailers as they came, with the empty line. */
export function headerBlock(message: Message): Uint8Array | null {
  const { headersStart, headersEnd } = message;
  return headersEnd > headersStart ? message.head.view(headersStart, headersEnd) : null;
}

/** Names between line ends, one before the first and two behind the last. */
export function headerNames(message: Message): Uint8Array | null {
  const { list } = message.headers;
  if (list.length === 0) return null;
  let length = 4;
  for (const { name } of list) length += name.length + 2;
  const names = new Uint8Array(length);
  let at = 0;
  const end = (): void => {
    names[at] = 0x0d;
    names[at + 1] = 0x0a;
    at += 2;
  };
  end();
  for (const { name } of list) {
    names.set(name, at);
    at += name.length;
    end();
  }
  end();
  return names;
}

/** The first line and all headers, with the empty line that ends them. */
export function startBlock(message: Message): Uint8Array | null {
  const { line } = message;
  if (line === null) return null;
  if (message.headers.list.length === 0) return joined(line, LINE_END);
  // An unused name: no header is left out.
  const start = joined(linesOf(message, line.length + 2, '\0'), LINE_END);
  start.set(line);
  start.set(LINE_END, line.length);
  return start;
}

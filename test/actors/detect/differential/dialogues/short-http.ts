/** HTTP of which every message is short, so that what is missing is often a length, a line's end or a whole head. */
import type { Dice } from '../dice.ts';
import type { Message } from './message.ts';
import { text } from './words.ts';

const CHUNKS = 'Transfer-Encoding: chunked\r\n\r\n4\r\nxxxx\r\n4\r\nxyzw\r\n0\r\nT: x\r\n\r\n';
const HEAD = 'Host: a\r\n';
const REQUESTS = [
  `GET /a HTTP/1.1\r\n${HEAD}\r\n`,
  `GET /next HTTP/1.1\r\n${HEAD}Accept: x\r\n\r\n`,
  `GET /next HTTP/1.1\r\n${HEAD}\r\nGET /a HTTP/1.1\r\n${HEAD}\r\n`,
  `HEAD /a HTTP/1.0\r\n\r\n`,
  `POST /x HTTP/1.1\r\n${HEAD}Content-Length: 8\r\n\r\nxxxxyyyy`,
  `POST /x HTTP/1.1\r\n${HEAD}${CHUNKS}`,
  `POST /x HTTP/1.1\r\n${HEAD}Content-Length: 8\r\n\r\nxxxxyyyyGET /next HTTP/1.1\r\n${HEAD}\r\n`,
  `PUT /up HTTP/1.1\r\n${HEAD}Content-Length: 200\r\n\r\n${'xy'.repeat(100)}`,
  `CONNECT a:443 HTTP/1.1\r\n${HEAD}\r\n`,
];
const SERVER = 'Server: s\r\n';
const ANSWERS = [
  `HTTP/1.1 200 OK\r\n${SERVER}Content-Length: 2\r\n\r\nok`,
  `HTTP/1.1 200 OK\r\n${SERVER}Content-Length: 8\r\n\r\nxxxxyyyy`,
  `HTTP/1.1 200 OK\r\n${SERVER}${CHUNKS}`,
  `HTTP/1.1 200 OK\r\n${SERVER}\r\nxxxxyyyy`,
  `HTTP/1.1 304 Not Modified\r\n${SERVER}\r\n`,
  `HTTP/1.1 200 OK\r\n${SERVER}Content-Length: 2\r\n\r\nokHTTP/1.1 404 Not Found\r\n${SERVER}Content-Length: 0\r\n\r\n`,
  `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n${SERVER}Content-Length: 2\r\n\r\nok`,
  `HTTP/1.1 200 OK\r\n${SERVER}Content-Length: 200\r\n\r\n${'xy'.repeat(100)}`,
];

export function shortHttp(dice: Dice): Message[] {
  const messages: Message[] = [];
  for (let i = dice.int(1, 4); i > 0; i -= 1) {
    if (dice.chance(0.85)) messages.push({ direction: 0, bytes: text(dice.pick(REQUESTS)) });
    if (dice.chance(0.85) || messages.length === 0) messages.push({ direction: 1, bytes: text(dice.pick(ANSWERS)) });
  }
  return messages;
}

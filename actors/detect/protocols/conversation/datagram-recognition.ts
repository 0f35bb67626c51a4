/** Over UDP each direction's first datagram decides for it, an empty one, too, and there is no second look. */
import { type Direction, opposite } from '../direction.ts';
import type { News } from './news.ts';
import type { Parsing } from './parsing.ts';
import type { Sides } from './sides.ts';

export function hearDatagram(sides: Sides, parsing: Parsing, news: News, given: Direction, bytes: Uint8Array): void {
  const side = sides.of(given);
  const isFirst = side.protocol === null && !side.isOver;
  const direction = isFirst ? recognise(sides, parsing, news, given, bytes) : given;
  if (parsing.parser === null && sides.areOver) {
    sides.giveUp();
    parsing.abandon();
  }
  if (bytes.length > 0) parsing.data(direction, bytes, false);
}

/** Which way the datagram went, as it turned out. */
function recognise(sides: Sides, parsing: Parsing, news: News, given: Direction, bytes: Uint8Array): Direction {
  const [side, other] = [sides.of(given), sides.of(opposite(given))];
  const found = sides.ask(given, bytes);
  side.isOver = true;
  if (found === null) {
    side.protocol = other.protocol;
    side.isNone = other.protocol === null;
    return given;
  }
  side.protocol = found.protocol;
  if (other.protocol === null) parsing.open(found.protocol);
  else if (other.protocol !== found.protocol) news.note('applayer_mismatch_protocol_both_directions');
  if (!found.isReversed) return given;
  sides.turn();
  parsing.turn();
  news.turn();
  return opposite(given);
}

/** What is read of EtherNet/IP is bounded, whatever is sent. */
import t from 'tap';
import { EnipParser } from '../../../../actors/detect/protocols/enip/enip-parser.ts';
import { bytesOf } from '../frames.ts';
import { encapsulated } from './enip-talks.ts';

const DATA_BYTES = 65_000;
const HEADER_BYTES = 24;
const ITEMS = Uint8Array.of(0, 0, 0, 0, 5, 0, 2, 0, 0, 0, 0, 0, 0xb2, 0, 255, 0);
const le16 = (value: number): Uint8Array => Uint8Array.of(value & 255, value >> 8);

function servicesOf(messages: Uint8Array): { readonly services: number; readonly listed: number }[] {
  const parser = new EnipParser();
  parser.data(0, messages);
  return parser.transactions.map(({ services }) => ({
    services: services.length,
    listed: services.reduce((sum, { listed }) => sum + listed.length, 0),
  }));
}

t.test('a packet of several services that is its own service ends at 33', async (t) => {
  const several = bytesOf(Uint8Array.of(0x0a, 0), le16(1), le16(0xfffe), 0);
  t.same(servicesOf(encapsulated(0x6f, bytesOf(ITEMS, several))), [{ services: 33, listed: 0 }]);
});

t.test('of lists that overlap a million steps are read of all messages together', async (t) => {
  const places = Array.from({ length: 33 }, (_, i) => le16(2 + 33 * 2 + 6 * i));
  const lists = Array.from({ length: 33 }, () => bytesOf(Uint8Array.of(3, 1, 0x20, 1), le16(0xffff)));
  const several = bytesOf(Uint8Array.of(0x0a, 0), le16(33), ...places, ...lists);
  const message = encapsulated(0x6f, bytesOf(ITEMS, several));
  const many = bytesOf(...Array.from({ length: Math.floor(DATA_BYTES / message.length) }, () => message));
  const read = servicesOf(many);
  t.ok(read.length > 100);
  t.ok(read[0]!.services > 25);
  t.same(read.at(-1)!.services, 0);
  const listed = read.reduce((sum, one) => sum + one.listed, 0);
  t.ok(listed > 900_000 && listed <= 1_000_000, `${listed} attributes`);
});

t.test('what is kept of messages is what came of them', async (t) => {
  const parser = new EnipParser();
  const message = encapsulated(0x6f, ITEMS);
  parser.data(0, bytesOf(message, encapsulated(0x63, new Uint8Array(0)), message.subarray(0, HEADER_BYTES + 3)));
  t.same(
    parser.transactions.map(({ keptBytes }) => keptBytes),
    [message.length, 0, HEADER_BYTES + 3],
  );
});

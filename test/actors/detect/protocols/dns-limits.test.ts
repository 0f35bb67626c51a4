import t from 'tap';
import { dns } from '../../../../actors/detect/protocols/dns/index.ts';
import { bytesOf, n16, n32 } from '../frames.ts';
import { eventsOf } from './eve-of.ts';

/** A response whose records all point into one chain of 250 labels, each a pointer away from the next. */
function chained(records: number): Uint8Array {
  const header = bytesOf(n16(1), n16(0x8180), n16(1), n16(records + 1), n16(0), n16(0));
  const question = bytesOf(0, n16(1), n16(1));
  const at = header.length + question.length + 11;
  const links = Array.from({ length: 250 }, (_, index) =>
    bytesOf(4, Buffer.from('aaaa'), n16(0xc000 | (at + 7 * (index + 1)))),
  );
  const chain = bytesOf(...links, 0);
  const holder = bytesOf(0, n16(10), n16(1), n32(1), n16(chain.length), chain);
  const one = bytesOf(
    n16(0xc000 | at),
    n16(6),
    n16(1),
    n32(1),
    n16(24),
    n16(0xc000 | at),
    n16(0xc000 | at),
    n32(0),
    n32(0),
    n32(0),
    n32(0),
    n32(0),
  );
  return bytesOf(header, question, holder, ...Array.from({ length: records }, () => one));
}

t.test('a message that says very much by pointers is told of within a limit', async (t) => {
  const parser = dns.open('udp');
  parser.data(1, chained(1700), false);
  const [tx] = parser.transactions;
  t.ok(tx!.message.isTruncatedName, 'its names are cut');
  t.ok(JSON.stringify(eventsOf(dns, tx!)).length < 1_000_000);
});

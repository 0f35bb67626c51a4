/** Packets in what providers, switches and tunnels put around them, right and spoilt; fragments that lie over each other. */
import { bytesOf, type Ends, ethernet, ipv4, ipv6, n16, n32, udpDatagram } from '../frames.ts';

const there: Ends = { from: Uint8Array.of(172, 16, 9, 1), to: Uint8Array.of(172, 16, 9, 2) };
const there6: Ends = {
  from: bytesOf(0x20, 1, 0xd, 0xb8, new Uint8Array(11), 9),
  to: bytesOf(0x20, 1, 0xd, 0xb8, new Uint8Array(11), 10),
};
const NONE = new Uint8Array(0);
const text = (value: string): Uint8Array => Buffer.from(value, 'latin1');
const v4 = (bytes: Uint8Array): Uint8Array => ethernet(0x0800, bytes);
const v6 = (bytes: Uint8Array): Uint8Array => ethernet(0x86dd, bytes);

let port = 40_000;
const plain = (): Uint8Array => ipv4(there, 17, udpDatagram(there, port++, 9000, text('hello')));
const plain6 = (): Uint8Array => ipv6(there6, 17, udpDatagram(there6, port++, 9000, text('hello')));
const over = (toPort: number, ...parts: readonly (number | Uint8Array)[]): Uint8Array =>
  v4(ipv4(there, 17, udpDatagram(there, port++, toPort, bytesOf(...parts))));
const gre = (flags: number, type: number, ...parts: readonly (number | Uint8Array)[]): Uint8Array =>
  v4(ipv4(there, 47, bytesOf(n16(flags), n16(type), ...parts)));
const frame = (type: number, payload: Uint8Array): Uint8Array => ethernet(type, payload);
const nsh = (head: number, kind: number, next: number, rest: Uint8Array, inner: Uint8Array): Uint8Array =>
  frame(0x894f, bytesOf(n16(head), kind, next, n32(1), rest, inner));
const vxlan = (flags: number, last: number, inner: Uint8Array): Uint8Array =>
  over(4789, flags, 0, n16(0), 0, 0, 9, last, inner);
const geneve = (first: number, flags: number, type: number, rest: Uint8Array): Uint8Array =>
  over(6081, first, flags, n16(type), 0, 0, 9, 0, rest);
const session = (protocol: Uint8Array, inner: Uint8Array): Uint8Array =>
  frame(0x8864, bytesOf(0x11, 0, n16(1), n16(inner.length + protocol.length), protocol, inner));
const part4 = (id: number, offset: number, more: boolean, bytes: string): Uint8Array =>
  v4(ipv4(there, 17, text(bytes), NONE, { id, offset, more }));
const part6 = (id: number, offset: number, more: boolean, bytes: string): Uint8Array =>
  v6(ipv6(there6, 17, text(bytes), [[44, bytesOf(0, n16(offset | (more ? 1 : 0)), n32(id))]]));
/** Frames in frames of the provider's, as often as asked. */
const nested = (times: number): Uint8Array =>
  times === 0 ? plain() : bytesOf(n16(0), new Uint8Array(12), n16(times === 1 ? 0x0800 : 0x8903), nested(times - 1));

export function encapsulated(): Uint8Array[] {
  port = 40_000;
  return [
    frame(0x88e7, bytesOf(new Uint8Array(16), n16(0x0800), plain())),
    frame(0x88e7, new Uint8Array(17)),
    frame(0x8926, bytesOf(n32(1), n16(0x0800), plain())),
    frame(0x8926, bytesOf(n32(1), n16(0x9999), plain())),
    frame(0x8926, n32(1)),
    frame(0x8903, bytesOf(n16(0), new Uint8Array(12), n16(0x0800), plain())),
    frame(0x8903, new Uint8Array(15)),
    nsh(6, 1, 1, new Uint8Array(16), plain()),
    nsh(6, 1, 2, new Uint8Array(16), plain6()),
    nsh(6, 1, 3, new Uint8Array(16), ethernet(0x0800, plain())),
    nsh(6, 1, 4, new Uint8Array(16), plain()),
    nsh(6, 1, 5, new Uint8Array(16), bytesOf(n32((16 << 12) | 0x140), plain())),
    nsh(2, 2, 1, NONE, plain()),
    nsh(2, 0, 1, NONE, plain()),
    nsh(2, 15, 1, NONE, plain()),
    nsh(2, 3, 1, NONE, plain()),
    nsh(2, 1, 1, NONE, plain()),
    nsh(0x4002, 2, 1, NONE, plain()),
    nsh(20, 2, 1, NONE, text('short')),
    frame(0x894f, n32(2)),
    frame(0x8903, nested(6)),
    frame(0x8903, nested(16)),
    session(n16(0x0021), plain()),
    session(Uint8Array.of(0x21), plain()),
    session(Uint8Array.of(0x57), plain6()),
    session(n16(0x002f), plain()),
    session(n16(0x002f), text('short')),
    session(Uint8Array.of(0x2f), plain6()),
    session(n16(0x00fd), text('packed')),
    session(n16(0x0233), text('sns')),
    session(n16(0x004d), text('sna')),
    session(Uint8Array.of(0x31), text('bridge')),
    frame(0x8864, bytesOf(0x11, 0, n16(1), n16(2), 0)),
    gre(0, 0x880b, 0xff, 3, n16(0x0021), plain()),
    gre(0, 0x880b, n16(0x0021), plain()),
    gre(0, 0x880b, 0x21, plain()),
    gre(0, 0x880b, 0xff, 3, 0x57, plain6()),
    gre(0, 0x880b, n16(0x8021), text('control')),
    gre(0, 0x880b, n16(0x1234), text('unknown')),
    gre(0, 0x880b, 0x35, text('unknown')),
    gre(0, 0x880b, n16(0x0021), text('short')),
    gre(0, 0x880b, 0xff),
    gre(0x2001, 0x880b, n16(40), n16(1), n16(0x0021), plain()),
    gre(0x2001, 0x880b, n16(0), n16(1), n16(0x0021), plain()),
    gre(0, 0x6558, ethernet(0x0800, plain())),
    gre(0, 0x6558, ethernet(0x9999, plain())),
    gre(0, 0x6558, text('short')),
    gre(0, 0x8100, n16(5), n16(0x0800), plain()),
    gre(0, 0x88a8, n16(5), n16(0x0800), plain()),
    gre(0, 0x8100, n16(5), n16(0x9999), plain()),
    gre(0, 0x0800, plain().subarray(0, 12)),
    gre(0x1000, 0x88be, n32(1), n16(0x1005), n16(0), n32(0), ethernet(0x0800, plain())),
    gre(0x1000, 0x88be, n32(1), n16(0x2005), n16(0), n32(0), ethernet(0x0800, plain())),
    gre(0x1000, 0x88be, n32(1), n16(0x1005)),
    gre(0, 0x88be, ethernet(0x0800, plain())),
    vxlan(8, 0, ethernet(0x0800, plain())),
    vxlan(8, 0, ethernet(0x86dd, plain6())),
    vxlan(8, 0, ethernet(0x0800, plain(), [[0x8100, 7]])),
    vxlan(8, 0, ethernet(0x0806, new Uint8Array(28))),
    vxlan(8, 0, ethernet(0x6558, plain())),
    vxlan(8, 0, ethernet(0x0800, plain().subarray(0, 12))),
    vxlan(8, 1, ethernet(0x0800, plain())),
    vxlan(0, 0, ethernet(0x0800, plain())),
    geneve(0, 0, 0x0800, plain()),
    geneve(0, 0, 0x6558, ethernet(0x0800, plain())),
    geneve(2, 0, 0x0800, bytesOf(n16(1), 0, 1, n32(7), plain())),
    geneve(2, 0, 0x0800, bytesOf(n16(1), 0, 3, n32(7), plain())),
    geneve(0, 0x3f, 0x0800, plain()),
    geneve(0x40, 0, 0x0800, plain()),
    geneve(0, 0, 0x8100, bytesOf(n16(5), n16(0x0800), plain())),
    geneve(0, 0, 0x0806, new Uint8Array(28)),
    geneve(0, 0, 0x1234, plain()),
    over(3544, plain6()),
    over(3544, ipv6(there6, 17, text('short'))),
    over(3544, ipv6(there6, 200, text('whatever'))),
    over(3544, ipv6(there6, 0, text('short'))),
    part4(500, 0, true, 'first---'),
    part4(500, 8, true, 'second--third---'),
    part4(500, 16, true, 'THIRD---'),
    part4(500, 8, true, 'SECOND--'),
    part4(500, 24, false, 'fourth'),
    part6(600, 0, true, 'first---'),
    part6(600, 0, true, 'FIRST---SECOND--'),
    part6(600, 8, false, 'second'),
    part6(601, 65_528, false, 'beyond the end'),
  ];
}

/** Short conversations of every transport, one packet a millisecond, and rules that remember, drop and reject. */
import { bytesOf, type Ends, ethernet, icmpMessage, ipv4, ipv6, tcpSegment, udpDatagram } from '../frames.ts';

const A = Uint8Array.of(10, 0, 0, 1);
const B = Uint8Array.of(10, 0, 0, 2);
const [FIN, SYN, RST, PSH, ACK, URG] = [1, 2, 4, 8, 16, 32] as const;

const there: Ends = { from: A, to: B };
const back: Ends = { from: B, to: A };
const text = (from: string): Uint8Array => Buffer.from(from, 'latin1');
const framed = (ends: Ends, protocol: number, payload: Uint8Array): Uint8Array =>
  ethernet(0x0800, ipv4(ends, protocol, payload));

const icmp = (ends: Ends, type: number, code: number): Uint8Array =>
  framed(ends, 1, icmpMessage(ends, type, code, bytesOf(0, 1, 0, 1, text('abcd'))));

const udp = (ends: Ends, fromPort: number, toPort: number, payload: string): Uint8Array =>
  framed(ends, 17, udpDatagram(ends, fromPort, toPort, text(payload)));

type Segment = readonly [flags: number, sequence: number, acknowledgment: number, payload?: string];

const tcp = (
  ends: Ends,
  ports: readonly [number, number],
  [flags, sequence, acknowledgment, payload]: Segment,
): Uint8Array => {
  const [fromPort, toPort] = ports;
  const fields = { fromPort, toPort, sequence, acknowledgment, flags, window: 8192 };
  return framed(ends, 6, tcpSegment(ends, fields, text(payload ?? '')));
};

function talk(clientPort: number, serverPort: number): (isBack: boolean, segment: Segment) => Uint8Array {
  return (isBack, segment) =>
    isBack ? tcp(back, [serverPort, clientPort], segment) : tcp(there, [clientPort, serverPort], segment);
}

const begun = talk(5000, 80);
const midst = talk(5001, 80);
const gaping = talk(5002, 9999);
const web = talk(5003, 80);
const REQUEST = 'POST /a HTTP/1.1\r\nHost: a\r\nUser-Agent:\r\nContent-Length: 20\r\n\r\n01234';
const REPLY = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

export const FRAMES: readonly Uint8Array[] = [
  icmp(there, 8, 3),
  icmp(back, 0, 5),
  icmp(there, 13, 1),
  icmp(there, 9, 1),
  icmp(back, 10, 2),
  icmp(back, 40, 2),
  icmp(there, 40, 7),
  begun(true, [SYN | ACK, 100, 51]),
  begun(false, [ACK, 51, 101]),
  begun(false, [PSH | ACK | URG, 51, 101, 'zzzz']),
  begun(true, [ACK, 101, 55]),
  midst(true, [PSH | ACK, 100, 51, 'hello']),
  midst(false, [ACK, 51, 105]),
  gaping(false, [SYN, 1, 0]),
  gaping(true, [SYN | ACK, 1, 2]),
  gaping(false, [ACK, 2, 2]),
  gaping(false, [PSH | ACK, 2, 2, 'abcd']),
  gaping(false, [PSH | ACK, 16, 2, 'efgh']),
  gaping(true, [ACK, 2, 20]),
  gaping(false, [PSH | ACK, 20, 2, 'more']),
  gaping(true, [ACK, 2, 24]),
  gaping(true, [RST | ACK, 2, 24]),
  udp(there, 7000, 7001, 'xyz'),
  udp(there, 7000, 7001, 'xyz'),
  udp(there, 7002, 7003, 'x'),
  udp(back, 7003, 7002, 'x'),
  udp(there, 7005, 53, 'x'),
  udp(there, 7007, 7008, ''),
  udp(there, 7011, 7012, ''),
  udp(back, 7012, 7011, 'qqq'),
  web(false, [SYN, 1, 0]),
  web(true, [SYN | ACK, 1, 2]),
  web(false, [ACK, 2, 2]),
  web(false, [PSH | ACK, 2, 2, REQUEST]),
  web(true, [ACK, 2, 2 + REQUEST.length]),
  web(false, [PSH | ACK, 2 + REQUEST.length + 10, 2, 'fghij']),
  web(true, [ACK, 2, 2 + REQUEST.length + 15]),
  web(true, [PSH | ACK, 2, 2 + REQUEST.length + 15, REPLY]),
  web(false, [ACK, 2 + REQUEST.length + 15, 2 + REPLY.length]),
  web(true, [FIN | ACK, 2 + REPLY.length, 2 + REQUEST.length + 15]),
  web(false, [FIN | ACK, 2 + REQUEST.length + 15, 3 + REPLY.length]),
  web(true, [ACK, 3 + REPLY.length, 3 + REQUEST.length + 15]),
];

export const RULES = `
alert udp any any -> any any (msg:"u"; flowbits:set,b1; flowbits:set,b0; flowint:nn,=,5; flowint:mm,+,1; sid:1;)
alert udp any any -> any any (msg:"u2"; flowbits:isset,b1; flowint:nn,+,1; flowbits:toggle,b1; sid:2;)
alert icmp any any -> any any (msg:"i"; flowint:kk,=,7; sid:3;)
drop tcp any any -> any any (msg:"d"; content:"abcd"; sid:4;)
reject udp any any -> any 7003 (msg:"r"; sid:5;)
alert tcp any any -> any any (msg:"t"; flowbits:set,tt; sid:6;)
`;

const C = Uint8Array.of(10, 0, 0, 9);
const A6 = bytesOf(0x20, 1, new Uint8Array(13), 1);
const B6 = bytesOf(0x20, 1, new Uint8Array(13), 2);
const udp6 = (ends: Ends, fromPort: number, toPort: number, payload: string): Uint8Array =>
  ethernet(0x86dd, ipv6(ends, 17, udpDatagram(ends, fromPort, toPort, text(payload))));

/** Each is blocked by itself, or its flow is with it; nothing hangs on when a stream is looked at. */
export const BLOCKED_FRAMES: readonly Uint8Array[] = [
  udp(there, 7000, 7001, 'fine'),
  udp(there, 7000, 7001, 'evil'),
  udp(there, 7000, 7001, 'evil'),
  udp(back, 7001, 7000, 'fine'),
  udp(back, 7001, 7000, 'evil'),
  udp6({ from: A6, to: B6 }, 7000, 7001, 'evil'),
  udp6({ from: B6, to: A6 }, 7001, 7000, 'fine'),
  icmp(there, 8, 0),
  icmp(back, 0, 0),
  icmp(there, 13, 0),
  udp({ from: C, to: B }, 7000, 7001, 'fine'),
  udp({ from: C, to: B }, 7000, 7001, 'fine'),
  udp({ from: B, to: C }, 7001, 7000, 'fine'),
  udp({ from: B, to: C }, 7001, 7000, 'fine'),
  begun(false, [SYN, 1, 0]),
  begun(true, [SYN | ACK, 1, 2]),
  begun(false, [ACK, 2, 2]),
  web(false, [SYN | URG, 1, 0]),
  udp(there, 7005, 7006, 'quiet'),
  udp(there, 7007, 7008, 'both'),
  udp(there, 7009, 7010, 'passed evil'),
  udp(there, 7011, 7012, 'app'),
];

export const BLOCKING_RULES = `
drop udp any any -> any any (msg:"payload"; content:"evil"; sid:1;)
reject icmp any any -> any any (msg:"echo"; itype:8; sid:2;)
rejectboth icmp any any -> any any (msg:"time"; itype:13; sid:3;)
drop ip 10.0.0.9 any -> any any (msg:"address"; sid:4;)
drop tcp any any -> any 5000 (msg:"SYN-ACK"; flags:SA; sid:5;)
rejectsrc tcp any any -> any any (msg:"SYN and URG"; flags:SU; sid:6;)
drop udp any any -> any any (msg:"no alert"; content:"quiet"; noalert; sid:7;)
drop udp any any -> any any (msg:"first"; content:"both"; sid:8;)
reject udp any any -> any any (msg:"second"; content:"both"; sid:9;)
alert udp any any -> any any (msg:"alert"; content:"both"; sid:10;)
pass udp any any -> any any (msg:"pass"; content:"passed"; sid:11;)
`;

/** What is odd about addresses, credentials, forms and ranges, and how often it is told: as Suricata 7.0.10 tells it. */
import t from 'tap';
import { http } from '../../../../../actors/detect/protocols/http/index.ts';

const SEGMENT = 1400;
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';
const request = (line: string, ...headers: readonly string[]): string => `${[line, ...headers].join('\r\n')}\r\n\r\n`;
const form = (body: string): string =>
  request(
    'POST /u HTTP/1.1',
    'Host: a',
    'Content-Type: multipart/form-data; boundary=BB',
    `Content-Length: ${body.length}`,
  ) + body;

const URI_HOST = 'REQUEST_URI_HOST_INVALID';
const HEADER_HOST = 'REQUEST_HEADER_HOST_INVALID';
const AMBIGUOUS = 'HOST_HEADER_AMBIGUOUS';

const CASES: readonly (readonly [sent: string, answer: string, events: readonly string[]])[] = [
  [request('GET / HTTP/1.1', 'Host: a', 'Authorization: Weird abc'), OK, ['REQUEST_AUTH_UNRECOGNIZED']],
  [request('GET / HTTP/1.1', 'Host: a', 'Authorization: Bearer abc'), OK, []],
  [request('GET http://a:99999/ HTTP/1.1', 'Host: a'), OK, [URI_HOST, URI_HOST, URI_HOST]],
  [request('GET http://a..b/ HTTP/1.1', 'Host: a'), OK, [URI_HOST, AMBIGUOUS, URI_HOST, AMBIGUOUS, URI_HOST]],
  [request('GET http://-a_b!/ HTTP/1.1', 'Host: -a_b!'), OK, [URI_HOST, URI_HOST, HEADER_HOST, URI_HOST, HEADER_HOST]],
  [request('GET / HTTP/1.1', 'Host: a', `X-A: ${'x'.repeat(20_000)}`), '', ['REQUEST_FIELD_TOO_LONG']],
  [request('GET / HTTP/1.1', ...Array.from({ length: 1100 }, (_, i) => `X-${i}: b`)), '', ['REQUEST_TOO_MANY_HEADERS']],
  [
    form('--BB\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\n--BB--\r\n'),
    OK,
    ['MULTIPART_NO_FILEDATA'],
  ],
  [form('--BB\r\nfilename\r\n\r\nx\r\n--BB--\r\n'), OK, ['MULTIPART_INVALID_HEADER']],
  ...['bytes 9-1/4', 'foo'].map(
    (range) =>
      [
        request('GET / HTTP/1.1', 'Host: a'),
        `HTTP/1.1 206 OK\r\nContent-Range: ${range}\r\nContent-Length: 1\r\n\r\na`,
        ['RANGE_INVALID'],
      ] as const,
  ),
];

for (const [sent, answer, events] of CASES)
  t.test(sent.slice(0, 60).replaceAll('\r\n', ' '), async (t) => {
    const parser = http.open('tcp');
    for (let at = 0; at < sent.length; at += SEGMENT)
      parser.data(0, Buffer.from(sent.slice(at, at + SEGMENT), 'latin1'), false);
    if (answer !== '') parser.data(1, Buffer.from(answer, 'latin1'), false);
    t.same(parser.transactions[0]!.events, events);
  });

/** The sticky buffers of HTTP. */
import type { Direction } from '../direction.ts';
import type { BufferRow } from '../protocol.ts';
import { headerBlock, headerLines, headerNames, startBlock } from './header-buffers.ts';
import type { HttpFile } from './http-file.ts';
import { BODY, COMPLETE, HEADERS, type HttpTransaction, LINE, type Message, TRAILER } from './http-transaction.ts';

type Tx = HttpTransaction;
type Read = (tx: Tx, direction: Direction, index: number, isEnd: boolean) => Uint8Array | null;

const REQUEST = [0] as const;
const RESPONSE = [1] as const;
const BOTH = [0, 1] as const;

const row = (name: string, directions: readonly Direction[], progress: number, read: Read): BufferRow<Tx> => ({
  name,
  directions,
  progress,
  read,
});

const header = (name: string, header: string, directions: readonly Direction[]): BufferRow<Tx> =>
  row(name, directions, HEADERS, (tx, direction) => tx.message(direction).headers.find(header)?.value ?? null);

/** Of the first line, which is seen with what follows it. */
const line = (name: string, read: (tx: Tx) => Uint8Array | null): BufferRow<Tx> =>
  row(name, REQUEST, LINE, (tx) => (tx.progress[0] >= HEADERS ? read(tx) : null));
/** Of all headers, once they are there. */
const block = (name: string, read: (message: Message, direction: Direction) => Uint8Array | null): BufferRow<Tx> =>
  row(name, BOTH, HEADERS, (tx, direction) =>
    tx.progress[direction] > HEADERS ? read(tx.message(direction), direction) : null,
  );
/** Those that a trailer adds to. */
const withTrailer = (row: BufferRow<Tx>, progress: readonly [number, number]): BufferRow<Tx> => ({
  ...row,
  again: { progress, isDue: (tx, direction) => tx.message(direction).hasTrailer },
});
/** What there is of it before it is whole is seen by the prefilter of a response alone. */
const RAW = row('http.header.raw', BOTH, BODY, (tx, direction) => headerBlock(tx.message(direction)));
const status = (name: string, read: (tx: Tx) => Uint8Array | null): BufferRow<Tx> => row(name, RESPONSE, LINE, read);

/** Rules about it are asked together with those about the stream until one has looked. */
const REQUEST_BODY: BufferRow<Tx> = {
  ...body('http.request_body', 0),
  read(tx, _direction, _index, isEnd) {
    const { body } = tx.request;
    if (!body.isReady(isEnd || tx.progress[0] > BODY)) return null;
    body.wasAsked = true;
    return body.window();
  },
};

function body(name: string, direction: Direction): BufferRow<Tx> {
  return {
    name,
    directions: [direction],
    progress: BODY,
    isStreamed: true,
    read(tx, _direction, _index, isEnd) {
      const { body } = tx.message(direction);
      if (direction === 1 && tx.files.some((file) => file.direction === 1 && file.isGone)) return null;
      return body.isReady(isEnd || tx.progress[direction] > BODY) ? body.window() : null;
    },
    offset: (tx) => tx.message(direction).body.windowStart,
    inspected(tx, asked) {
      tx.message(direction).body.inspected();
      for (const file of tx.files) if (file.direction === direction && direction === asked) file.inspected();
    },
  };
}

function filesSent(name: string): BufferRow<Tx> {
  return {
    ...row(
      name,
      REQUEST,
      BODY,
      (tx, _direction, index, isEnd) => readyFile(tx, index, isEnd)?.content.window() ?? null,
    ),
    scanned: (tx, _direction, index, isEnd) => readyFile(tx, index, isEnd, true)?.content.window() ?? null,
    isMany: true,
    isStreamed: true,
    offset: (tx, _direction, index, isEnd) => readyFile(tx, index, isEnd)?.content.windowStart ?? 0,
    inspected(tx, asked) {
      for (const file of tx.files) {
        if (file.direction !== 0) continue;
        file.content.inspected();
        if (asked === 0) file.inspected();
      }
    },
  };
}

export const HTTP_BUFFERS: readonly BufferRow<Tx>[] = [
  line('http.method', (tx) => tx.methodText),
  line('http.uri', (tx) => tx.normalUri),
  line('http.uri.raw', (tx) => tx.rawUri),
  line('http.request_line', (tx) => tx.request.line),
  status('http.response_line', (tx) => tx.response.line),
  status('http.stat_code', (tx) => tx.status),
  status('http.stat_msg', (tx) => tx.statusText),
  row('http.protocol', BOTH, LINE, (tx, direction) =>
    direction === 1 || tx.progress[0] >= HEADERS ? tx.message(direction).protocol : null,
  ),
  row('http.host', REQUEST, HEADERS, (tx) => tx.host),
  row('http.host.raw', REQUEST, HEADERS, (tx) => tx.uri.hostname ?? tx.request.headers.find('host')?.value ?? null),
  header('http.user_agent', 'user-agent', REQUEST),
  header('http.referer', 'referer', REQUEST),
  header('http.accept', 'accept', REQUEST),
  header('http.accept_lang', 'accept-language', REQUEST),
  header('http.accept_enc', 'accept-encoding', REQUEST),
  header('http.connection', 'connection', BOTH),
  header('http.content_len', 'content-length', BOTH),
  header('http.content_type', 'content-type', BOTH),
  header('http.server', 'server', RESPONSE),
  header('http.location', 'location', RESPONSE),
  row('http.cookie', BOTH, HEADERS, (tx, direction) => {
    const { headers } = tx.message(direction);
    return headers.find(direction === 0 ? 'cookie' : 'set-cookie')?.value ?? null;
  }),
  withTrailer(block('http.header', headerLines), [TRAILER, TRAILER]),
  withTrailer({ ...RAW, directions: REQUEST }, [COMPLETE, COMPLETE]),
  withTrailer({ ...RAW, directions: RESPONSE, prefilterProgress: HEADERS }, [TRAILER, TRAILER]),
  block('http.header_names', headerNames),
  block('http.start', startBlock),
  {
    ...row('http.request_header', REQUEST, HEADERS, (tx, _direction, index) => single(tx, 0, index)),
    isMany: true,
  },
  {
    ...row('http.response_header', RESPONSE, HEADERS, (tx, _direction, index) => single(tx, 1, index)),
    isMany: true,
  },
  REQUEST_BODY,
  // To Suricata the body of a response is file.data; it is the sticky form of the keyword that goes one way alone.
  filesSent('http.response_body'),
  body('http.response_body', 1),
  filesSent('file.data'),
  body('file.data', 1),
  {
    ...row('file.name', BOTH, BODY, (tx, direction, index) => {
      let left = index;
      for (const file of tx.files) {
        if (file.direction !== direction || file.isGone) continue;
        if (left === 0) return file.name;
        left -= 1;
      }
      return null;
    }),
    isMany: true,
    isOfFiles: true,
  },
  {
    ...row('file.magic', BOTH, BODY, (tx, direction, index) => {
      let left = index;
      for (const file of tx.files) {
        const kind = file.direction === direction && !file.isGone ? file.kind() : null;
        if (kind === null) continue;
        if (left === 0) return kind;
        left -= 1;
      }
      return null;
    }),
    isMany: true,
    isOfFiles: true,
  },
];

/**
 * Of the files of a request those that there is something new of; before the request’s end, large ones. From the prefilter
 * one of which there is nothing hides the one behind it.
 */
function readyFile(tx: Tx, index: number, isEnd: boolean, hides = false): HttpFile | null {
  const isOver = isEnd || tx.progress[0] > BODY;
  let left = index;
  let isHidden = false;
  for (const file of tx.files) {
    if (file.direction !== 0 || file.isGone) continue;
    const isShown: boolean = !isHidden && file.content.isReady(isOver);
    isHidden = hides && !isHidden && !isShown;
    if (!isShown) continue;
    if (left === 0) return file;
    left -= 1;
  }
  return null;
}

function single(tx: Tx, direction: Direction, index: number): Uint8Array | null {
  const header = tx.message(direction).headers.list[index];
  if (header === undefined) return null;
  const text = new Uint8Array(header.name.length + 2 + header.value.length);
  text.set(header.name);
  text.set([0x3a, 0x20], header.name.length);
  text.set(header.value, header.name.length + 2);
  return text;
}

/** What the client says: requests one after another, as far as the bytes go. */

import { BodySink } from './body-sink.ts';
import { chunkLength, EMPTY_LINE, hasExtension, INVALID } from './chunk-length.ts';
import type { Exchange } from './exchange.ts';
import { HEAD_BYTES_MAX } from './head.ts';
import { HeadReader } from './head-reader.ts';
import { type HeaderFault, isLineEmpty } from './header-table.ts';
import { BODY, COMPLETE, FAULT, HEADERS, type HttpTransaction, LINE, TRAILER } from './http-transaction.ts';
import { Input } from './input.ts';
import { beginsWithMethod, protocolOf, requestLine } from './lines.ts';
import { chomped, hasToken, isSameNoCase, isSpace, lengthOf, startsWithText } from './octets.ts';
import { parseHost } from './uri.ts';

type State =
  | 'idle'
  | 'line'
  | 'protocol'
  | 'headers'
  | 'identity'
  | 'chunk-length'
  | 'chunk'
  | 'chunk-end'
  | 'trailer'
  | 'finalize'
  | 'connect'
  | 'probe'
  | 'ignore';

export class RequestSide {
  hasFailed = false;
  readonly #exchange: Exchange;
  readonly #input = new Input();
  readonly #reader = new HeadReader(this.#input, false);
  #state: State = 'idle';
  #tx: HttpTransaction | null = null;
  #sink: BodySink | null = null;
  #left = 0;
  /** Pieces of bytes that came, and with which of them the request in hand began. */
  #pieces = 0;
  #beganWith = 0;
  /** What comes is of the raw headers still: an answer has come amid them. The piece's bytes before this are not, or are known. */
  #isAmidHeaders = false;
  #rawFrom = 0;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  data(bytes: Uint8Array, isLast: boolean): void {
    if (this.hasFailed || this.#exchange.isTunnel) return;
    if (bytes.length > 0) {
      if (this.#isOver()) return;
      this.#pieces += 1;
    }
    this.#input.set(bytes, isLast);
    this.#rawFrom = 0;
    this.#run();
    if (this.#isAmidHeaders) this.#takeRaw(this.#input.at);
    this.#input.release();
  }

  /** A response came that no request was seen for: should the request still come, it is not that one. */
  adopt(tx: HttpTransaction): void {
    if (this.#state === 'finalize' && this.#tx !== null) this.#complete();
    // What there is of a line stays as the beginning of what comes next.
    else if (!this.#reader.isAtEnd) this.#input.begin(this.#reader.rest());
    const isBehindLine = this.#state === 'protocol' && this.#tx?.isShort === false;
    this.#isAmidHeaders = isBehindLine || this.#state === 'headers' || this.#state === 'trailer';
    this.#tx = tx;
    this.#sink = null;
    this.#state = 'finalize';
  }

  /** As libhtp: the raw headers of who was taken for the request are what comes until its end is seen. */
  #takeRaw(end: number): void {
    const { request, isUpdated } = this.#tx!;
    const { head } = request;
    if (end <= this.#rawFrom || head.length + end - this.#rawFrom > HEAD_BYTES_MAX) return;
    head.append(this.#input.bytes, this.#rawFrom, end);
    this.#rawFrom = end;
    request.headersStart = 0;
    request.headersEnd = head.length;
    isUpdated[0] = true;
  }

  /** The response is there before the request line was, though empty ones may have been. */
  noteCutLine(tx: HttpTransaction): void {
    if (this.#state !== 'line' || this.#tx !== tx) return;
    tx.note('request_line_incomplete');
  }

  get keptBytes(): number {
    return this.#input.keptBytes;
  }

  gap(length: number): void {
    if (this.hasFailed || this.#exchange.isTunnel || this.#isOver()) return;
    if (this.#state === 'identity') {
      const lost = Math.min(length, this.#left);
      this.#left -= lost;
      this.#sink!.gap(lost);
      if (this.#left === 0) this.#state = 'finalize';
    }
    if (this.#state === 'finalize') this.#complete();
  }

  /** Behind a request without a protocol there may be more in its piece; who goes on is given up. */
  #isOver(): boolean {
    this.hasFailed ||= this.#state === 'ignore';
    return this.hasFailed;
  }

  #run(): void {
    while (!this.hasFailed && !this.#exchange.isTunnel && this.#step());
  }

  #fail(): false {
    this.hasFailed = true;
    return false;
  }

  /** False: more bytes are needed. */
  #step(): boolean {
    switch (this.#state) {
      case 'idle':
        return this.#idle();
      case 'line':
        return this.#line();
      case 'protocol':
        return this.#protocol(this.#tx!);
      case 'headers':
        return this.#headers();
      case 'identity':
        return this.#identity();
      case 'chunk-length':
        return this.#chunkLength();
      case 'chunk':
        return this.#chunk();
      case 'chunk-end':
        return this.#chunkEnd();
      case 'trailer':
        return this.#trailer();
      case 'finalize':
        return this.#finalize();
      case 'connect':
        return this.#connect();
      case 'probe':
        return this.#probe();
      case 'ignore':
        this.#input.at = this.#input.bytes.length;
        return false;
    }
  }

  #idle(): boolean {
    if (this.#input.isEmpty) return false;
    const tx = this.#exchange.create();
    if (tx === null) return this.#fail();
    this.#tx = tx;
    // Before bytes that are missing there was the beginning of a line.
    if (this.#input.hasPending) this.#input.unread(this.#input.begun());
    tx.progress[0] = LINE;
    this.#beganWith = this.#pieces;
    tx.raw[0].begin();
    this.#reader.start(tx.request.head);
    this.#state = 'line';
    return true;
  }

  #line(): boolean {
    const line = this.#reader.line();
    if (line === null) {
      if (this.#reader.isTooLong) return this.#fail();
      if (!this.#input.isLast) return false;
      const rest = this.#reader.rest();
      if (rest.length === 0) return false;
      this.#takeLine(this.#tx!, rest);
      return true;
    }
    if (isLineEmpty(line)) return true;
    this.#takeLine(this.#tx!, line);
    return true;
  }

  #takeLine(tx: HttpTransaction, line: Uint8Array): void {
    requestLine(tx, line.subarray(0, chomped(line, 0, line.length)));
    if (tx.hasFaults) tx.tellFaults();
    tx.request.headersStart = this.#reader.at;
    tx.request.headersEnd = this.#reader.at;
    this.#state = 'protocol';
  }

  /** Rules see the line with what follows it. */
  #protocol(tx: HttpTransaction): boolean {
    // What is at hand behind it decides: a line without a protocol that nothing or blanks follow is a whole request.
    if (tx.isShort && this.#reader.isRestBlank) return this.#endShort();
    if (!this.#reader.hasMore && !this.#input.isLast) return false;
    tx.isShort = false;
    tx.progress[0] = HEADERS;
    this.#state = 'headers';
    return true;
  }

  #endShort(): true {
    this.#reader.stop();
    this.#state = 'finalize';
    return true;
  }

  readonly #fault = (fault: HeaderFault): void => {
    const tx = this.#tx!;
    if (this.hasFailed) return;
    if (fault === 'too_many') {
      tx.note('request_too_many_headers');
      this.hasFailed = true;
    } else if (fault === 'missing_colon') tx.faultOnce(FAULT.missingColon, 'request_field_missing_colon');
    else if (fault === 'ambiguous_length') tx.note('duplicate_content_length_field_in_request');
    else if (fault === 'folding') tx.faultOnce(FAULT.folding, 'invalid_request_field_folding');
    else if (fault === 'repeated') tx.note(null);
    else tx.faultOnce(FAULT.field, 'request_header_invalid');
  };

  /** Bytes of a head or a trailer came: what is wrong so far is told. */
  #cameOfHead(tx: HttpTransaction): void {
    tx.isUpdated[0] = true;
    if (tx.hasFaults) tx.tellFaults();
  }

  #headers(): boolean {
    const tx = this.#tx!;
    const hasCome = !this.#input.isLast && (!this.#input.isEmpty || !this.#reader.isAtEnd);
    const isWhole = this.#reader.headers(tx.request, true, false, this.#fault);
    tx.request.headersEnd = this.#reader.at;
    if (this.hasFailed) return false;
    if (!isWhole) {
      if (hasCome) this.#cameOfHead(tx);
      if (this.#reader.isTooLong) {
        tx.note('request_field_too_long');
        return this.#fail();
      }
      if (!this.#input.isLast) return false;
      // What there is of a line is dropped, and the headers are taken for a trailer.
      this.#reader.flush(tx.request, true, this.#fault);
      this.#reader.rest();
      tx.request.headersEnd = this.#reader.at;
      this.#reader.stop();
      tx.isUpdated[0] = true;
      tx.progress[0] = TRAILER;
      this.#state = 'finalize';
      return true;
    }
    this.#reader.stop();
    return this.#endOfHeaders(tx);
  }

  #endOfHeaders(tx: HttpTransaction): boolean {
    const { headers } = tx.request;
    const encoding = headers.find('transfer-encoding');
    const length = headers.find('content-length');
    let isValid = true;
    if (this.#pieces !== this.#beganWith) tx.fault(FAULT.other);
    if (encoding !== null) {
      isValid = hasToken(encoding.value, 'chunked');
      if (!isValid || protocolOf(tx.request.protocol) !== 1) tx.fault(FAULT.coding);
      if (length !== null) tx.fault(FAULT.other);
      this.#state = 'chunk-length';
    } else if (length !== null) {
      this.#left = lengthOf(length.value);
      isValid = this.#left >= 0;
      if (!isValid) tx.fault(FAULT.length);
      if (length.isRepeated) tx.fault(FAULT.other);
      this.#state = this.#left === 0 ? 'finalize' : 'identity';
    } else this.#state = 'finalize';
    host(tx);
    tx.hasUnknownCredentials = hasUnknownCredentials(tx);
    this.#cameOfHead(tx);
    if (!isValid) return this.#fail();
    this.#sink = new BodySink(tx, 0);
    if (tx.method === 'connect') {
      this.#exchange.awaits = tx;
      this.#state = 'connect';
    } else if (this.#state !== 'finalize') tx.progress[0] = BODY;
    return true;
  }

  #identity(): boolean {
    if (this.#exchange.givesUpBody === this.#tx && this.#tx!.request.bodyBytes === 0) {
      this.#state = 'finalize';
      return true;
    }
    if (this.#input.isEmpty) return false;
    this.#left = this.#sink!.take(this.#input, this.#left);
    if (this.#left > 0) return false;
    this.#state = 'finalize';
    return true;
  }

  #chunkLength(): boolean {
    const line = this.#input.line();
    if (line === null) return this.#input.isTooLong ? this.#fail() : false;
    const length = chunkLength(line);
    if (length === EMPTY_LINE || length === INVALID) {
      this.#tx!.note('invalid_request_chunk_len');
      return this.#fail();
    }
    if (hasExtension(line)) this.#tx!.note('request_chunk_extension');
    this.#left = length;
    this.#state = length === 0 ? 'trailer' : 'chunk';
    if (length === 0) {
      this.#tx!.progress[0] = TRAILER;
      this.#reader.start(this.#tx!.request.head);
    }
    return true;
  }

  #chunk(): boolean {
    if (this.#input.isEmpty) return false;
    this.#left = this.#sink!.take(this.#input, this.#left);
    if (this.#left > 0) return false;
    this.#state = 'chunk-end';
    return true;
  }

  /** Whatever is between a chunk and the end of its line. */
  #chunkEnd(): boolean {
    if (!this.#input.skipLine()) return false;
    this.#state = 'chunk-length';
    return true;
  }

  #trailer(): boolean {
    const tx = this.#tx!;
    const hasCome = !this.#input.isLast && (!this.#input.isEmpty || !this.#reader.isAtEnd);
    const isWhole = this.#reader.headers(tx.request, true, false, this.#fault);
    tx.request.headersEnd = isWhole ? this.#reader.at : this.#reader.end;
    if (this.hasFailed) return false;
    if (hasCome) this.#cameOfHead(tx);
    if (!isWhole) {
      if (!this.#input.isLast) return this.#reader.isTooLong ? this.#fail() : false;
      this.#reader.flush(tx.request, true, this.#fault);
      this.#reader.rest();
    }
    tx.request.hasTrailer = true;
    this.#reader.stop();
    this.#state = 'finalize';
    return true;
  }

  /** Before the next request: what does not look like one belongs to the body of this one. */
  #finalize(): boolean {
    const tx = this.#tx!;
    if (this.#input.isEmpty && !this.#input.isLast) return this.#input.hasPending ? false : this.#complete();
    const line = this.#input.line();
    if (line === null) return this.#input.isTooLong ? this.#fail() : false;
    if (line.length > 0 && !beginsWithMethod(line)) {
      if (!isSpace(line[0]!) && line.at(-1) === 0x0a) tx.note('request_body_unexpected');
      tx.progress[0] = BODY;
      this.#sink ??= new BodySink(tx, 0);
      this.#sink.data(line);
      return true;
    }
    // The end of the line is not read yet.
    if (this.#isAmidHeaders) this.#takeRaw(this.#input.at - (line.at(-1) === 0x0a ? 1 : 0));
    if (this.#input.isLast) this.#input.begin(line);
    else this.#input.unread(line);
    return this.#complete();
  }

  #complete(): boolean {
    const tx = this.#tx!;
    if (this.#isAmidHeaders) this.#takeRaw(this.#input.at);
    if (tx.progress[0] !== COMPLETE) {
      tx.progress[0] = COMPLETE;
      tx.isUpdated[0] = true;
      tx.raw[0].complete(this.#input.left, this.#sink?.hasOpenFile === true);
      this.#sink?.end();
      tx.tellFaults();
    }
    this.#sink = null;
    this.#tx = null;
    this.#isAmidHeaders = false;
    this.#state = tx.isShort ? 'ignore' : 'idle';
    return true;
  }

  #connect(): boolean {
    const tx = this.#tx!;
    if (tx.progress[1] <= LINE) return false;
    this.#exchange.awaits = null;
    this.#state = tx.statusNumber >= 200 && tx.statusNumber <= 299 ? 'probe' : 'finalize';
    return true;
  }

  /** Behind a CONNECT that was granted: HTTP goes on, or something else. */
  #probe(): boolean {
    if (this.#input.isEmpty) return false;
    const line = this.#input.bytes.subarray(this.#input.at);
    if (beginsWithMethod(line) && line.length > 0) this.#state = 'finalize';
    else this.#exchange.isTunnel = true;
    return true;
  }
}

const CREDENTIALS = ['basic', 'digest', 'bearer'] as const;

/** Who the request is for: the address in the request line has the say, then the header. */
function host(tx: HttpTransaction): void {
  tx.host = tx.uri.hostname;
  tx.hostPort = tx.uri.port;
  const header = tx.request.headers.find('host');
  const named = header === null ? null : parseHost(header.value);
  if (header === null && protocolOf(tx.request.protocol) === 1) tx.fault(FAULT.noHost);
  if (header !== null && named?.isValid !== true) tx.fault(FAULT.headerHost);
  if (header !== null && tx.host !== null) {
    const isOther = named === null || !isSameNoCase(tx.host, named.name);
    const isOtherPort = tx.hostPort !== -1 && named !== null && named.port !== -1 && tx.hostPort !== named.port;
    if (isOther || isOtherPort) tx.fault(FAULT.ambiguousHost);
  }
  if (tx.host !== null || named === null) return;
  tx.host = named.name;
  tx.hostPort = named.port;
}

/** Credentials of a kind that nobody reads. */
function hasUnknownCredentials(tx: HttpTransaction): boolean {
  const header = tx.request.headers.find('authorization');
  return header !== null && !CREDENTIALS.some((kind) => startsWithText(header.value, 0, kind));
}

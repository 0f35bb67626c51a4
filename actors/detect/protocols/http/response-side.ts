/** What the server says: responses one after another, each for the request whose turn it is. */
import { BodySink } from './body-sink.ts';
import { canBeChunkLength, chunkLength, EMPTY_LINE, hasExtension, INVALID } from './chunk-length.ts';
import type { Exchange } from './exchange.ts';
import { HEAD_BYTES_MAX } from './head.ts';
import { HeadReader } from './head-reader.ts';
import { type HeaderFault, isLineEmpty } from './header-table.ts';
import { BODY, COMPLETE, FAULT, HEADERS, type HttpTransaction, LINE, TRAILER } from './http-transaction.ts';
import { Input, LINE_BYTES_MAX } from './input.ts';
import { isNoStatusLine, protocolOf, statusLine } from './lines.ts';
import { ascii, chomped, copyOf, includesText, isText, joined, lengthOf, NO_BYTES } from './octets.ts';
import type { RequestSide } from './request-side.ts';

type State =
  | 'idle'
  | 'line'
  | 'headers'
  | 'identity'
  | 'until-close'
  | 'chunk-length'
  | 'chunk'
  | 'chunk-end'
  | 'trailer'
  | 'finalize';

/** Stands for the address of a request that was not seen, as in Suricata's records. */
const UNSEEN = ascii('/libhtp::request_uri_not_seen');

export class ResponseSide {
  hasFailed = false;
  readonly #exchange: Exchange;
  readonly #requests: RequestSide;
  readonly #input = new Input();
  readonly #reader = new HeadReader(this.#input, true);
  #state: State = 'idle';
  #tx: HttpTransaction | null = null;
  #sink: BodySink | null = null;
  #left = 0;
  /** A piece has ended where a chunk's length is to come, be it right before it. */
  #isKept = false;
  /** Since then: lines without a length. */
  #emptyLines: Uint8Array = NO_BYTES;

  constructor(exchange: Exchange, requests: RequestSide) {
    this.#exchange = exchange;
    this.#requests = requests;
  }

  data(bytes: Uint8Array, isLast: boolean): void {
    if (this.hasFailed || this.#exchange.isTunnel) return;
    this.#input.set(bytes, isLast);
    while (!this.hasFailed && !this.#exchange.isTunnel && this.#step())
      this.hasFailed ||= this.#sink?.hasFailed === true;
    this.hasFailed ||= this.#sink?.hasFailed === true;
    this.#input.release();
  }

  get keptBytes(): number {
    return this.#input.keptBytes + this.#emptyLines.length;
  }

  gap(length: number): void {
    if (this.hasFailed || this.#exchange.isTunnel) return;
    if (this.#state === 'identity') {
      const lost = Math.min(length, this.#left);
      this.#left -= lost;
      this.#sink!.gap(lost);
      if (this.#left === 0) this.#state = 'finalize';
    } else if (this.#state === 'until-close') this.#sink!.gap(length);
    if (this.#state === 'finalize') this.#complete();
  }

  #fail(): false {
    this.hasFailed = true;
    return false;
  }

  #step(): boolean {
    switch (this.#state) {
      case 'idle':
        return this.#idle();
      case 'line':
        return this.#line();
      case 'headers':
        return this.#headers();
      case 'identity':
        return this.#identity();
      case 'until-close':
        return this.#untilClose();
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
    }
  }

  #idle(): boolean {
    if (this.#input.isEmpty) return false;
    let tx = this.#exchange.answered();
    if (tx !== null) tx.isUpdated[1] = true;
    else {
      tx = this.#exchange.create();
      if (tx === null) return this.#fail();
      tx.note('unable_to_match_response_to_request');
      tx.rawUri = UNSEEN;
      tx.uri = { ...tx.uri, path: UNSEEN };
      this.#requests.adopt(tx);
    }
    this.#tx = tx;
    this.#sink = null;
    tx.raw[1].begin();
    if (tx.isShort) {
      tx.progress[1] = BODY;
      this.#sink = new BodySink(tx, 1);
      this.#state = 'until-close';
      return true;
    }
    tx.progress[1] = LINE;
    this.#state = 'line';
    if (tx.methodText === null) this.#requests.noteCutLine(tx);
    return true;
  }

  #line(): boolean {
    const tx = this.#tx!;
    const line = this.#input.looseLine();
    if (line === null) return this.#input.isTooLong ? this.#fail() : false;
    if (tx.hasContinued) addToBlock(tx, line);
    if (line.length === 0 || isLineEmpty(line)) {
      if (!this.#input.isLast || !this.#input.isEmpty) return true;
      // Nothing came behind an interim response: its line is forgotten as its headers are.
      if (line.length === 0) noLine(tx);
      this.#state = 'finalize';
      return true;
    }
    const text = copyOf(line.subarray(0, chomped(line, 0, line.length)));
    if (isNoStatusLine(text)) return this.#noStatusLine(tx, line, text.length);
    statusLine(tx, text);
    if (protocolOf(tx.response.protocol) === -1) tx.note('response_invalid_protocol');
    tx.progress[1] = HEADERS;
    this.#reader.start(tx.response.head);
    this.#state = 'headers';
    return true;
  }

  /** Browsers take a line that is no first line of a response as a body, and so it is looked at. */
  #noStatusLine(tx: HttpTransaction, line: Uint8Array, length: number): boolean {
    noLine(tx);
    const { bytes, at } = this.#input;
    if (at + 1 < bytes.length && (bytes[at] === 0x48 || length <= 2)) return true;
    this.#sink ??= new BodySink(tx, 1);
    this.#sink.data(line);
    if (this.#input.isEmpty) {
      tx.progress[1] = BODY;
      this.#state = 'finalize';
    }
    return true;
  }

  readonly #fault = (fault: HeaderFault): void => {
    const tx = this.#tx!;
    if (this.hasFailed) return;
    if (fault === 'too_many') {
      tx.note('response_too_many_headers');
      this.hasFailed = true;
    } else if (fault === 'missing_colon') {
      tx.faultOnce(FAULT.missingColon, 'response_field_missing_colon');
      tx.fault(FAULT.field);
    } else if (fault === 'ambiguous_length') tx.note('duplicate_content_length_field_in_response');
    else if (fault === 'folding') tx.faultOnce(FAULT.folding, 'invalid_response_field_folding');
    else if (fault === 'repeated') tx.note(null);
    else tx.faultOnce(FAULT.field, 'response_header_invalid');
  };

  /** Bytes of a head or a trailer came. */
  #hasCome(): boolean {
    return !this.#input.isLast && (!this.#input.isEmpty || !this.#reader.isAtEnd);
  }

  #headers(): boolean {
    const tx = this.#tx!;
    const isStrict = protocolOf(tx.response.protocol) === 1;
    const hasCome = this.#hasCome();
    const isWhole = this.#reader.headers(tx.response, false, isStrict, this.#fault);
    tx.response.headersEnd = isWhole ? this.#reader.at : this.#reader.end;
    if (this.hasFailed) return false;
    if (!isWhole) {
      if (hasCome) tx.isUpdated[1] = true;
      if (this.#reader.isTooLong) return this.#fail();
      if (!this.#input.isLast) return false;
      // Headers that end here count as a trailer; one that could still have been continued is none.
      tx.response.hasTrailer = true;
      tx.isUpdated[1] = true;
      const rest = this.#reader.rest();
      this.#reader.stop();
      this.#state = 'finalize';
      if (rest.length === 0 || !isNoStatusLine(rest)) return true;
      if (this.#sink !== null) {
        this.#sink.data(rest);
        return true;
      }
      // Counted as a body's, whose coding is not known: Suricata gives up.
      tx.response.bodyBytes += rest.length;
      return this.#fail();
    }
    this.#reader.stop();
    const isGoingOn = this.#endOfHeaders(tx);
    // Headers that end the parsing are no news.
    if (hasCome && !this.hasFailed) tx.isUpdated[1] = true;
    return isGoingOn;
  }

  #endOfHeaders(tx: HttpTransaction): boolean {
    const { headers } = tx.response;
    const { statusNumber: status } = tx;
    const length = headers.find('content-length');
    const encoding = headers.find('transfer-encoding');
    if (tx.method === 'connect' && status >= 200 && status <= 299) {
      this.#state = 'finalize';
      return true;
    }
    if (status === 101 && length === null && encoding === null) {
      tx.progress[1] = COMPLETE;
      tx.raw[1].complete(this.#input.left, false);
      this.#exchange.isTunnel = true;
      return true;
    }
    if (status === 100 && encoding === null && (length === null || lengthOf(length.value) <= 0)) {
      if (tx.hasContinued) tx.note('100_continue_already_seen');
      tx.hasContinued = true;
      headers.clear();
      tx.progress[1] = LINE;
      this.#state = 'line';
      return true;
    }
    if (status >= 400 && status <= 499) this.#exchange.givesUpBody = awaitsContinue(tx) ? tx : null;
    const isBare = status >= 100 && (status <= 199 || status === 204 || status === 304);
    if (tx.method === 'head' || (isBare && length === null && encoding === null)) {
      this.#state = 'finalize';
      return true;
    }
    this.#sink = new BodySink(tx, 1);
    return this.#framing(tx, length?.value ?? null, encoding?.value ?? null);
  }

  #framing(tx: HttpTransaction, length: Uint8Array | null, encoding: Uint8Array | null): boolean {
    if (encoding !== null && includesText(encoding, 'chunked')) {
      if (!isText(encoding, 'chunked')) tx.note('response_abnormal_transfer_encoding');
      if (protocolOf(tx.response.protocol) < 1) tx.note('response_chunked_old_proto');
      tx.progress[1] = BODY;
      this.#forgetKept();
      this.#state = 'chunk-length';
      return true;
    }
    if (length !== null) {
      this.#left = lengthOf(length);
      if (this.#left < 0) {
        tx.note('invalid_content_length_field_in_response');
        return this.#fail();
      }
      if (this.#left > 0) tx.progress[1] = BODY;
      tx.response.body.expected = this.#left;
      this.#state = this.#left === 0 ? 'finalize' : 'identity';
      return true;
    }
    const type = tx.response.headers.find('content-type');
    if (type !== null && includesText(type.value, 'multipart/byteranges')) {
      tx.note('response_multipart_byteranges');
      return this.#fail();
    }
    tx.progress[1] = BODY;
    this.#state = 'until-close';
    return true;
  }

  #identity(): boolean {
    if (this.#input.isEmpty) {
      if (!this.#input.isLast) return false;
      this.#state = 'finalize';
      return true;
    }
    this.#left = this.#sink!.take(this.#input, this.#left);
    if (this.#left > 0) return this.#input.isLast;
    this.#sink!.endOfData();
    this.#state = 'finalize';
    return true;
  }

  #untilClose(): boolean {
    if (!this.#input.isEmpty) this.#sink!.data(this.#input.take(this.#input.left));
    if (!this.#input.isLast) return false;
    this.#state = 'finalize';
    return true;
  }

  #chunkLength(): boolean {
    if (this.#endsHere()) return true;
    const tx = this.#tx!;
    // What cannot become a length is a body without chunks, and need not have an end of line where its first piece tells.
    if (!this.#isKept) {
      const blanks = this.#input.blanks();
      if (blanks !== -1 && !canBeChunkLength(this.#input.bytes[this.#input.at + blanks]!)) {
        this.#input.skipLines(blanks);
        tx.response.bodyBytes += this.#input.blanks() + 1;
        return this.#noChunk(tx);
      }
    }
    const line = this.#input.line();
    if (line === null) {
      this.#isKept = true;
      return this.#input.isTooLong ? this.#fail() : false;
    }
    const all = this.#emptyLines.length === 0 ? line : joined(this.#emptyLines, line);
    tx.response.bodyBytes += all.length;
    if (all.length > LINE_BYTES_MAX) return this.#fail();
    const length = chunkLength(line);
    if (length === EMPTY_LINE) {
      if (this.#isKept) this.#emptyLines = copyOf(all);
      this.#isKept ||= this.#input.isEmpty;
      return !this.#input.isEmpty;
    }
    if (length === INVALID) {
      // What came of it in pieces before this one is no body; the whole is looked at once more behind that.
      this.#input.at = Math.max(0, this.#input.at - all.length);
      if (this.#isKept) this.#input.begin(all);
      return this.#noChunk(tx);
    }
    this.#forgetKept();
    if (hasExtension(line)) this.#tx!.note('request_chunk_extension');
    this.#left = length;
    this.#state = length === 0 ? 'trailer' : 'chunk';
    if (length === 0) {
      tx.progress[1] = TRAILER;
      this.#reader.start(tx.response.head);
    }
    return true;
  }

  #forgetKept(): void {
    this.#isKept = false;
    this.#emptyLines = NO_BYTES;
  }

  #noChunk(tx: HttpTransaction): boolean {
    tx.note('invalid_response_chunk_len');
    this.#forgetKept();
    this.#state = 'until-close';
    return true;
  }

  /** What there is of a length when no more comes is looked at as what follows a body. */
  #endsHere(): boolean {
    if (!this.#input.isEmpty || !this.#input.isLast) return false;
    this.#sink!.endOfData();
    this.#state = 'finalize';
    return true;
  }

  #chunk(): boolean {
    if (this.#endsHere()) return true;
    if (this.#input.isEmpty) return false;
    this.#left = this.#sink!.take(this.#input, this.#left);
    if (this.#left > 0) return false;
    this.#state = 'chunk-end';
    return true;
  }

  #chunkEnd(): boolean {
    if (this.#endsHere()) return true;
    const before = this.#input.left;
    const isWhole = this.#input.skipLine();
    this.#tx!.response.bodyBytes += before - this.#input.left;
    if (!isWhole) return false;
    this.#state = 'chunk-length';
    return true;
  }

  #trailer(): boolean {
    const tx = this.#tx!;
    if (this.#hasCome()) tx.isUpdated[1] = true;
    const isWhole = this.#reader.headers(tx.response, false, false, this.#fault);
    tx.response.headersEnd = isWhole ? this.#reader.at : this.#reader.end;
    if (this.hasFailed) return false;
    if (!isWhole && !this.#input.isLast) return this.#reader.isTooLong ? this.#fail() : false;
    tx.response.hasTrailer = true;
    if (!isWhole) {
      // Of a line without an end it is not known what it is: it counts as a body, too.
      const rest = this.#reader.rest();
      if (isNoStatusLine(rest)) this.#sink!.data(rest);
    }
    this.#reader.stop();
    this.#state = 'finalize';
    return true;
  }

  /** Before the next response: what does not look like one belongs to the body of this one. */
  #finalize(): boolean {
    if (this.#input.isEmpty && !this.#input.isLast) return this.#input.hasPending ? false : this.#complete();
    const line = this.#input.line();
    if (line === null) return this.#input.isTooLong ? this.#fail() : false;
    if (line.length > 0 && isNoStatusLine(line)) {
      this.#sink ??= new BodySink(this.#tx!, 1);
      this.#sink.data(line);
      return true;
    }
    if (this.#input.isLast) this.#input.begin(line);
    else this.#input.unread(line);
    return this.#complete();
  }

  #complete(): boolean {
    const tx = this.#tx!;
    if (tx.progress[1] !== COMPLETE) {
      tx.progress[1] = COMPLETE;
      tx.isUpdated[1] = true;
      tx.raw[1].complete(this.#input.left, false);
      this.#sink?.end();
    }
    this.#exchange.answers += 1;
    this.#sink = null;
    this.#tx = null;
    this.#state = 'idle';
    const isGranted = tx.method === 'connect' && tx.statusNumber >= 200 && tx.statusNumber <= 299;
    if (isGranted && tx.id === 0) {
      tx.progress[0] = COMPLETE;
      this.#exchange.upgradesTo = 'any';
      this.#exchange.upgradePort = Math.max(0, tx.hostPort);
    }
    // The request that waited goes on first: what comes here next may be its answer.
    return !(tx.method === 'connect' && this.#exchange.awaits === tx);
  }
}

/** What is between an interim response and its successor is part of the header block. */
function addToBlock({ response }: HttpTransaction, line: Uint8Array): void {
  if (response.head.length + line.length > HEAD_BYTES_MAX) return;
  response.head.append(line, 0, line.length);
  response.headersEnd = response.head.length;
}

/** What an interim response said does not count any more. */
function noLine(tx: HttpTransaction): void {
  tx.response.line = null;
  tx.response.protocol = null;
  tx.status = null;
  tx.statusNumber = -1;
  tx.statusText = null;
}

function awaitsContinue(tx: HttpTransaction): boolean {
  const expect = tx.request.headers.find('expect');
  return expect !== null && isText(expect.value, '100-continue') && tx.request.bodyBytes === 0;
}

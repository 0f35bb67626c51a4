/**
 * A mail (RFC 5322) and its parts (RFC 2045, 2046), as its lines come: headers, bodies out of their coding, files. How it is
 * taken apart, and where that ends with an error, is Suricata's way.
 */
import { BodyDecoder } from './body-decoder.ts';
import { parameterOf } from './header-parameters.ts';
import { FIELD_BYTES, MAIL_MAX } from './limits.ts';
import { MimeEntity, type MimeLevel } from './mime-entity.ts';
import { collectUrls, lowerCase, type UrlRoom } from './urls.ts';

export type MimeState =
  | 'HEADER_READY'
  | 'HEADER_STARTED'
  | 'HEADER_DONE'
  | 'BODY_STARTED'
  | 'BODY_END_BOUND'
  | 'PARSE_DONE'
  | 'PARSE_ERROR';

/** Names of events without `mime_`, in the order in which they are told. */
const NOTES = [
  ...['invalid_base64', 'invalid_qp', 'long_line', 'long_enc_line', 'long_header_name', 'long_header_value'],
  ...['malformed_msg', 'long_boundary', 'long_filename'],
] as const;
type Note = (typeof NOTES)[number];

/** Takes the bytes of files. False: they cannot be taken. */
export interface FileSink {
  open(name: Uint8Array, bytes: Uint8Array): void;
  append(bytes: Uint8Array): boolean;
  close(bytes: Uint8Array): void;
}

/** What keeping a header takes beside its bytes, and a part beside its headers. */
const HEADER_COST_BYTES = 128;
const PART_COST_BYTES = 512;
const DASH = 0x2d;
const BLANK = 0x20;
const NO_BYTES = new Uint8Array(0);

const latin1 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
const bytesOf = (text: string): Uint8Array => Buffer.from(text, 'latin1');

export class MimeMessage {
  readonly root = new MimeEntity(true);
  state: MimeState = 'HEADER_READY';
  readonly #files: FileSink;
  readonly #decoder: BodyDecoder;
  readonly #levels: MimeLevel[] = [{ entity: this.root, boundary: null, isEncapsulated: false }];
  readonly #notes = new Set<Note>();
  #headerName = '';
  #headerValue: Uint8Array[] = [];
  #headerLength = 0;
  /** The next boundary begins the first part of what is on top. */
  #expectsPart = false;
  #isBodyBegun = false;
  #isBodyEnding = false;
  #parts = 0;
  #headerBytes = 0;
  readonly #urlRoom: UrlRoom = { bytes: MAIL_MAX.urlBytes };

  constructor(files: FileSink) {
    this.#files = files;
    this.#decoder = new BodyDecoder((piece) => this.#take(piece), {
      invalidQuoted: () => this.#notes.add('invalid_qp'),
      longLine: () => this.#notes.add('long_enc_line'),
    });
  }

  /** What was odd so far. */
  get notes(): readonly Note[] {
    return NOTES.filter((note) => this.#notes.has(note));
  }

  get keptBytes(): number {
    return this.#headerBytes + (MAIL_MAX.urlBytes - this.#urlRoom.bytes) + PART_COST_BYTES * this.#parts;
  }

  /** The entity of which lines are read; null: more parts were ended than begun. */
  get top(): MimeEntity | null {
    return this.#levels.at(-1)?.entity ?? null;
  }

  get isInHeader(): boolean {
    return this.state === 'HEADER_READY' || this.state === 'HEADER_STARTED';
  }

  /** False: it cannot be read any further; it is asked no more once that was said. `end`: none where only a part came. */
  line(line: Uint8Array, end: Uint8Array): boolean {
    if (line.length > FIELD_BYTES.line) this.#notes.add('long_line');
    const isRead = this.isInHeader ? this.#header(line, end) : this.#body(line, end);
    if (!isRead) this.state = 'PARSE_ERROR';
    return isRead;
  }

  /** There are no more lines. False: it was not read to its end. */
  complete(): boolean {
    if (this.state === 'PARSE_ERROR') return false;
    this.#storeHeader();
    if (!this.#completeBody()) return false;
    if (this.#levels.at(-1)?.isEncapsulated === true) this.#levels.pop();
    if (this.#levels.length === 0) {
      this.#notes.add('malformed_msg');
      return false;
    }
    if (this.#levels.length > 1) this.#notes.add('malformed_msg');
    this.state = 'PARSE_DONE';
    return true;
  }

  #header(line: Uint8Array, end: Uint8Array): boolean {
    const nameLength = headerNameLength(line);
    if (nameLength > 0) {
      if (nameLength > FIELD_BYTES.headerName) this.#notes.add('long_header_name');
      this.#storeHeader();
      this.state = 'HEADER_STARTED';
      this.#headerName = lowerCase(latin1(line.subarray(0, nameLength)));
      let start = nameLength + 1;
      while (start < line.length && line[start] === BLANK) start += 1;
      this.#addValue(line.subarray(start));
      return true;
    }
    if (line.length === 0) {
      this.state = 'HEADER_DONE';
      this.#storeHeader();
      return this.#headersDone();
    }
    if (this.state === 'HEADER_STARTED') {
      this.#addValue(line);
      return true;
    }
    this.state = 'BODY_STARTED';
    this.#beginBody();
    return this.#bodyLine(line, end);
  }

  #addValue(bytes: Uint8Array): void {
    const room = FIELD_BYTES.headerValue - this.#headerLength;
    if (bytes.length > room) this.#notes.add('long_header_value');
    const kept = Uint8Array.from(bytes.subarray(0, room));
    if (kept.length === 0) return;
    this.#headerValue.push(kept);
    this.#headerLength += kept.length;
  }

  #storeHeader(): void {
    const bytes = HEADER_COST_BYTES + this.#headerLength + this.#headerName.length;
    if (this.#headerLength > 0 && this.#headerBytes + bytes <= MAIL_MAX.headerBytes) {
      this.#headerBytes += bytes;
      this.top?.fields.push({ name: this.#headerName, value: Buffer.concat(this.#headerValue) });
    }
    this.#headerName = '';
    this.#headerValue = [];
    this.#headerLength = 0;
  }

  /** What the headers say of what follows. False: they make no sense. */
  #headersDone(): boolean {
    const level = this.#levels.at(-1)!;
    const { entity } = level;
    const value = (name: string): string => latin1(entity.field(name) ?? NO_BYTES);
    const transfer = value('content-transfer-encoding').toLowerCase();
    if (transfer.includes('base64')) entity.transfer = 'base64';
    else if (transfer.includes('quoted-printable')) entity.transfer = 'quoted';
    this.#nameFile(entity, parameterOf(value('content-disposition'), 'filename'));
    const type = value('content-type');
    const boundary = parameterOf(type, 'boundary');
    if (boundary !== null) {
      this.#expectsPart = true;
      if (boundary.length > FIELD_BYTES.boundary) {
        if (entity === this.root) this.#notes.add('long_boundary');
        return false;
      }
      level.boundary = boundary;
    }
    if (entity.fileName === null) this.#nameFile(entity, parameterOf(type, 'name'));
    this.#beginBody();
    return this.#takeType(entity, lowerCase(/^[ \r\n;]*([^ \r\n;\0]*)/.exec(type)![1]!));
  }

  #nameFile(entity: MimeEntity, name: string | null): void {
    if (name === null) return;
    if (name.length > FIELD_BYTES.fileName) this.#notes.add('long_filename');
    entity.fileName = bytesOf(name.slice(0, FIELD_BYTES.fileName));
  }

  #takeType(entity: MimeEntity, type: string): boolean {
    if (type.includes('message/')) {
      this.state = 'HEADER_READY';
      return this.#push(entity, true);
    }
    if (!type.includes('multipart/')) entity.isText ||= type.includes('text/plain') || type.includes('text/html');
    return true;
  }

  /** A part of this entity is on top. False: there are too many. */
  #push(parent: MimeEntity, isEncapsulated: boolean): boolean {
    this.#parts += 1;
    if (this.#parts > MAIL_MAX.parts || this.#levels.length >= MAIL_MAX.depth) return false;
    const entity = new MimeEntity(isEncapsulated);
    parent.parts.push(entity);
    this.#levels.push({ entity, boundary: null, isEncapsulated });
    return true;
  }

  #body(line: Uint8Array, end: Uint8Array): boolean {
    if (line.length === 0) {
      if (this.state === 'BODY_END_BOUND') return true;
      if (this.state === 'HEADER_DONE' && this.top!.transfer === 'base64') return true;
    }
    const boundary = this.#boundaryInForce();
    if (boundary !== null && line[0] === DASH && line[1] === DASH)
      if (lowerCase(latin1(line)).includes(`--${lowerCase(boundary)}`)) return this.#atBoundary(line, boundary.length);
    this.state = 'BODY_STARTED';
    return this.#bodyLine(line, end);
  }

  /** Behind the end of a part it is that of one further out. */
  #boundaryInForce(): string | null {
    let at = this.#levels.length - 1;
    if (this.state === 'BODY_END_BOUND' || this.#levels[at]!.boundary === null) at -= 1;
    while (at >= 0 && this.#levels[at]!.boundary === null) at -= 1;
    return this.#levels[at]?.boundary ?? null;
  }

  #bodyLine(line: Uint8Array, end: Uint8Array): boolean {
    return this.#decoder.line(line, end, this.top!.transfer);
  }

  /** False: it ends what was not begun. */
  #atBoundary(line: Uint8Array, boundaryLength: number): boolean {
    if (this.state === 'BODY_END_BOUND') this.state = 'HEADER_READY';
    else if (!this.#completeBody()) return false;
    const levels = this.#levels;
    const [top, outer] = [levels.at(-1)!, levels.at(-2)];
    if (top.isEncapsulated && !hasBoundary(top)) {
      if (outer === undefined) return false;
      if (!hasBoundary(outer)) levels.pop();
    }
    const rest = line.subarray(boundaryLength + 2);
    if (rest.length > 1 && rest[0] === DASH && rest[1] === DASH) {
      levels.pop();
      if (levels.length === 0) return false;
      const { isEncapsulated, boundary } = levels.at(-1)!;
      if (isEncapsulated && boundary !== null && boundary !== '') {
        levels.pop();
        if (levels.length === 0) return false;
      }
      this.state = 'BODY_END_BOUND';
      return true;
    }
    if (this.#expectsPart) this.#expectsPart = false;
    else {
      if (levels.length < 2) return false;
      levels.pop();
    }
    this.state = 'HEADER_READY';
    return this.#push(this.top!, false);
  }

  #beginBody(): void {
    this.#isBodyBegun = true;
    this.#isBodyEnding = false;
  }

  #completeBody(): boolean {
    this.#isBodyEnding = true;
    const isTaken = this.#decoder.complete(this.top!.transfer);
    this.#isBodyBegun = false;
    this.#isBodyEnding = false;
    return isTaken;
  }

  /** A piece of a body. False: it belongs to a file that is over. */
  #take(piece: Uint8Array): boolean {
    const entity = this.top!;
    const [isBegun, isEnding] = [this.#isBodyBegun, this.#isBodyEnding];
    this.#isBodyBegun = false;
    if (entity.fileName === null) {
      if (entity.isText && piece.length > 0) collectUrls(latin1(piece), entity.urls, this.#urlRoom);
      return true;
    }
    if (isBegun) {
      this.#files.open(entity.fileName, piece);
      if (isEnding) this.#files.close(NO_BYTES);
      return true;
    }
    if (!isEnding) return this.#files.append(piece);
    this.#files.close(piece);
    return true;
  }
}

const hasBoundary = ({ boundary }: MimeLevel): boolean => boundary !== null && boundary !== '';

/** Of what stands before the colon; 0: there is none, or something else than a name. */
function headerNameLength(line: Uint8Array): number {
  let at = 0;
  while (at < line.length && line[at]! > BLANK && line[at]! < 0x7f && line[at] !== 0x3a) at += 1;
  return line[at] === 0x3a ? at : 0;
}

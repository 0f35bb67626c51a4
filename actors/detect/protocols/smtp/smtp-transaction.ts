/** A mail with the commands around it, or commands that send none. */
import type { Transaction } from '../protocol.ts';
import { StreamedFile } from '../streamed-file.ts';
import { MAIL_MAX } from './limits.ts';
import { type FileSink, MimeMessage } from './mime-message.ts';
import type { RawCommands } from './raw-commands.ts';

export const FINISHED = 1;
/** Suricata keeps no more of one transaction. */
const EVENTS_MAX = 255;
/** More of one mail are not kept. */
const RECIPIENTS_MAX = 4096;
const RECIPIENT_COST_BYTES = 128;

/** What holds for all transactions of a session. */
export interface SmtpSession {
  helo: Uint8Array | null;
}

export class SmtpTransaction implements Transaction, FileSink {
  readonly id: number;
  readonly progress: [number, number] = [0, 0];
  readonly events: string[] = [];
  readonly files: StreamedFile[] = [];
  readonly session: SmtpSession;
  mailFrom: Uint8Array | null = null;
  readonly recipients: Uint8Array[] = [];
  /** From the command DATA on. */
  message: MimeMessage | null = null;
  readonly isUpdated: [boolean, boolean] = [false, false];
  readonly #raw: RawCommands;

  constructor(id: number, session: SmtpSession, raw: RawCommands) {
    this.id = id;
    this.session = session;
    this.#raw = raw;
  }

  get isDone(): boolean {
    return this.progress[0] === FINISHED;
  }

  get keptBytes(): number {
    let bytes = this.message?.keptBytes ?? 0;
    for (const recipient of this.recipients) bytes += RECIPIENT_COST_BYTES + recipient.length;
    for (const file of this.files) bytes += file.keptBytes;
    return bytes;
  }

  finish(): void {
    this.progress[0] = FINISHED;
    this.progress[1] = FINISHED;
    this.abandonFiles();
  }

  /** Of files that do not end: they are told, and rules are asked about them no more. */
  abandonFiles(): void {
    for (const file of this.files) file.abandon();
  }

  /** Events have their names in capitals, as EVE tells them. */
  event(name: string): void {
    if (this.events.length < EVENTS_MAX) this.events.push(name.toUpperCase());
  }

  /** What was odd about the mail so far. */
  eventsOfMail(): void {
    for (const note of this.message?.notes ?? []) this.event(`mime_${note}`);
  }

  addRecipient(recipient: Uint8Array): void {
    if (this.recipients.length < RECIPIENTS_MAX) this.recipients.push(recipient);
  }

  beginMail(): void {
    this.message = new MimeMessage(this);
  }

  open(name: Uint8Array, bytes: Uint8Array): void {
    if (this.files.length >= MAIL_MAX.files) return;
    this.#raw.fileBegun();
    const file = new StreamedFile(name, 0);
    if (bytes.length > 0) file.append(bytes);
    this.files.push(file);
  }

  append(bytes: Uint8Array): boolean {
    const file = this.files.at(-1);
    if (file === undefined || bytes.length === 0) return false;
    const isTaken = file.state === 'open';
    if (isTaken) file.append(bytes);
    this.#raw.fileCame(file.size, file.wasInspected);
    return isTaken;
  }

  close(bytes: Uint8Array): void {
    const file = this.files.at(-1);
    if (file?.state === 'open') {
      if (bytes.length > 0) file.append(bytes);
      file.close();
    }
    this.#raw.fileEnded();
  }
}

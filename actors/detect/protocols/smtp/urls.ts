/** URLs in the text of a mail, as Suricata picks them out: of HTTP, without their scheme, in small letters. */
export interface FoundUrl {
  readonly isExecutable: boolean;
  readonly isAddress: boolean;
}

const SCHEME = 'http://';
/** Each ends one. */
const DELIMITERS = ' "\'<>]\t';
const EXECUTABLES = `.exe .vbs .bin .cmd .bat .jar .js .ps .ps1 .sh .run .hta .elf`.split(' ');
const NUMBER = '(?:0|[1-9]\\d?|1\\d\\d|2[0-4]\\d|25[0-5])';
const ADDRESS4 = new RegExp(`^${NUMBER}(?:\\.${NUMBER}){3}$`);
const ADDRESS6_CHARS_MAX = 39;
const ADDRESS6_GROUPS = 8;
/** What keeping one takes beside its characters. */
const URL_COST_BYTES = 128;

/** For all URLs of a mail; where none is left, no more are kept. */
export interface UrlRoom {
  bytes: number;
}

/** A byte is a character. Nothing behind a zero byte is looked at. */
export function collectUrls(text: string, into: Map<string, FoundUrl>, room: UrlRoom): void {
  const end = text.indexOf('\0');
  for (const line of (end === -1 ? text : text.slice(0, end)).split(/\r\n|\n\r|\r|\n/))
    collectFromLine(line, into, room);
}

/** Of ASCII alone. */
export const lowerCase = (text: string): string => text.replace(/[A-Z]/g, (char) => char.toLowerCase());

function collectFromLine(line: string, into: Map<string, FoundUrl>, room: UrlRoom): void {
  const low = lowerCase(line);
  for (let at = 0; room.bytes > 0; ) {
    const found = low.indexOf(SCHEME, at);
    if (found === -1) return;
    const start = found + SCHEME.length;
    let stop = start;
    while (stop < low.length && !DELIMITERS.includes(low[stop]!)) stop += 1;
    if (stop === start) {
      // A delimiter follows at once: what stands behind it is passed over.
      while (stop < low.length && DELIMITERS.includes(low[stop]!)) stop += 1;
      const isNothing = stop === low.length;
      while (stop < low.length && !DELIMITERS.includes(low[stop]!)) stop += 1;
      at = isNothing ? start : stop + 1;
      continue;
    }
    const url = low.slice(start, stop);
    if (!into.has(url)) {
      room.bytes -= URL_COST_BYTES + url.length;
      into.set(url, { isExecutable: isExecutable(url), isAddress: isAddress(url) });
    }
    at = stop + 1;
  }
}

const isExecutable = (url: string): boolean =>
  EXECUTABLES.some((extension) => {
    const at = url.indexOf(extension);
    if (at === -1) return false;
    const end = at + extension.length;
    return end === url.length || url[end] === '?';
  });

function isAddress(url: string): boolean {
  const [host = ''] = url.split('/', 1);
  return ADDRESS4.test(host) || (host.length <= ADDRESS6_CHARS_MAX && isAddress6(host));
}

function isAddress6(host: string): boolean {
  const halves = host.split('::');
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  const last = groups.at(-1) ?? '';
  const hasAddress4 = ADDRESS4.test(last) && !host.endsWith('::');
  const others = hasAddress4 ? groups.slice(0, -1) : groups;
  const count = groups.length + (hasAddress4 ? 1 : 0);
  const isFull = halves.length === 2 ? count < ADDRESS6_GROUPS : count === ADDRESS6_GROUPS;
  return isFull && others.every((group) => /^[0-9a-f]{1,4}$/.test(group));
}

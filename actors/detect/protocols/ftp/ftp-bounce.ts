/** Whether a PORT names another address than the client's own: the server is to connect to somebody else. */

const LINE_CHARS_MIN = 8;
const NUMBERS = 4;
const DIGITS_MAX = 4;
/** Suricata lets 256 pass. */
const NUMBER_MAX = 256;

/** `client`: the address of IPv4, or the first word of one of IPv6. Numbers that are no address are none of anybody. */
export function namesAnother(line: string, client: number): boolean {
  if (line.length < LINE_CHARS_MIN) return false;
  let at = line.search(/\d/);
  if (at === -1) return false;
  let address = 0;
  for (let found = 0; found < NUMBERS; found += 1) {
    const [, digits, blanks] = /^(\d*)([\t-\r ]*),/.exec(line.slice(at, at + LINE_CHARS_MAX)) ?? [];
    if (digits === undefined || digits.length >= DIGITS_MAX || Number(digits) > NUMBER_MAX) return false;
    address = ((address << 8) + Number(digits)) >>> 0;
    at += digits.length + blanks!.length + 1;
  }
  return address !== client >>> 0;
}

const LINE_CHARS_MAX = 4096;

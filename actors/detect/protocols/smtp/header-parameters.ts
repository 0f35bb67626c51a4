/** Parameters of a header's value (RFC 2045, continued as in RFC 2231): `type; name=value; other="quoted"`. */
const BLANKS: ReadonlySet<string> = new Set([' ', '\t', '\n', '\r']);
/** More of one header are not looked at. */
const PARAMETERS_MAX = 1024;

/** Where a name is given twice the later one counts. It ends with the first that cannot be read. */
function parametersOf(text: string): Map<string, string> {
  const found = new Map<string, string>();
  const start = text.indexOf(';');
  let at = start === -1 ? text.length : start + 1;
  for (let count = 0; count < PARAMETERS_MAX && at < text.length; count += 1) {
    while (at < text.length && BLANKS.has(text[at]!)) at += 1;
    const equals = text.indexOf('=', at);
    if (equals === -1 || equals + 1 >= text.length) break;
    const name = text.slice(at, equals);
    at = equals + 1;
    if (text[at] === '"') {
      const close = text.indexOf('"', at + 1);
      if (close === -1) break;
      found.set(name, text.slice(at + 1, close));
      at = close + 1;
    } else {
      const end = text.indexOf(';', at);
      const stop = end === -1 ? text.length : end;
      found.set(name, text.slice(at, stop));
      at = stop;
    }
    if (text[at] === ';') at += 1;
  }
  return found;
}

/** Text and names are bytes as characters; null: there is none of this name. */
export function parameterOf(text: string, name: string): string | null {
  const parameters = parametersOf(text);
  const whole = parameters.get(name);
  if (whole !== undefined) return whole;
  let value = parameters.get(`${name}*0`);
  if (value === undefined) return null;
  for (let part = 1; ; part += 1) {
    const next = parameters.get(`${name}*${part}`);
    if (next === undefined) return value;
    value += next;
  }
}

/** Groups of a header that were read before under the same variables: most rules of a set name the same few. */

/** Lists of addresses that no other rule has are read anew beyond this. */
const KNOWN_MAX = 4096;

type Names = ReadonlyMap<string, string>;

/** `read` makes something that nobody changes; what it throws is not kept. */
export function knowing<T>(read: (text: string, names: Names) => T): (text: string, names: Names) => T {
  const byNames = new WeakMap<Names, Map<string, T>>();
  return (text, names) => {
    let known = byNames.get(names);
    if (known === undefined) {
      known = new Map();
      byNames.set(names, known);
    }
    const before = known.get(text);
    if (before !== undefined) return before;
    const made = read(text, names);
    if (known.size < KNOWN_MAX) known.set(text, made);
    return made;
  };
}

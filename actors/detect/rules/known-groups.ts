/** Parts of rules that were read before: most rules of a set have the same few. */

/** Those that no other rule has are read anew beyond this. */
const KNOWN_MAX = 4096;

type Names = ReadonlyMap<string, string>;

/** Groups of a header, under the same variables. */
export function knowing<T>(read: (text: string, names: Names) => T): (text: string, names: Names) => T {
  const byNames = new WeakMap<Names, (text: string) => T>();
  return (text, names) => {
    let known = byNames.get(names);
    if (known === undefined) {
      known = knowingTexts((one) => read(one, names));
      byNames.set(names, known);
    }
    return known(text);
  };
}

/** `read` makes something that nobody changes; what it throws is not kept. */
export function knowingTexts<T>(read: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>();
  return (text) => {
    const before = known.get(text);
    if (before !== undefined) return before;
    const made = read(text);
    if (known.size < KNOWN_MAX) known.set(text, made);
    return made;
  };
}

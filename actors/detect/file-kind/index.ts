import { Libmagic } from './libmagic.ts';

/** undefined: nobody has asked yet. */
let libmagic: Libmagic | null | undefined;

/** Whether files can be told apart here. The first call takes some 60 ms, and 24 MB from then on. */
export function canTellKinds(): boolean {
  if (libmagic === undefined) libmagic = Libmagic.load();
  return libmagic !== null;
}

/** Null where it cannot be told. */
export function kindOfFile(bytes: Uint8Array): string | null {
  if (!canTellKinds()) return null;
  try {
    return libmagic!.kindOf(bytes);
  } catch {
    // What broke is made anew for the next file.
    libmagic = undefined;
    return null;
  }
}

/**
 * The layout of a date in a text frame, as the device maker writes it: YYYYDDMM-hh:mm:ss. Case tells months (MM) from
 * minutes (mm). Each part stands once, at a fixed place; what lies between is ASCII punctuation.
 */
export type DatePart = 'YYYY' | 'MM' | 'DD' | 'hh' | 'mm' | 'ss';

export interface DatePiece {
  readonly part: DatePart | null;
  readonly text: string;
}

const PARTS: readonly DatePart[] = ['YYYY', 'MM', 'DD', 'hh', 'mm', 'ss'];

/** The layout's pieces in order, or null where it is none. */
export function parseDateLayout(layout: string): DatePiece[] | null {
  const pieces: DatePiece[] = [];
  for (let at = 0; at < layout.length; ) {
    const part = PARTS.find((candidate) => layout.startsWith(candidate, at)) ?? null;
    const text = part ?? (layout[at] as string);
    if (part === null && !/^[-:./ T]$/.test(text)) return null;
    pieces.push({ part, text });
    at += text.length;
  }
  const isComplete = PARTS.every((part) => pieces.filter((piece) => piece.part === part).length === 1);
  return isComplete ? pieces : null;
}

/** The header Content-Range: which part of a file a response carries. */

export interface ContentRange {
  readonly start?: number;
  readonly end?: number;
  /** Of the whole file. */
  readonly size?: number;
}

/** Empty where it cannot be read. */
export function rangeOf(text: string): ContentRange {
  const match = /^bytes\s+(?:(\d{1,15})-(\d{1,15})|\*)\/(?:(\d{1,15})|\*)$/.exec(text);
  if (match === null) return {};
  const [, start, end, size] = match;
  return {
    ...(start === undefined ? {} : { start: Number(start), end: Number(end) }),
    ...(size === undefined ? {} : { size: Number(size) }),
  };
}

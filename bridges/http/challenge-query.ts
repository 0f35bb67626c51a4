/** `after` and `wait` of a request for a challenge; what is no number counts as not given. */
export interface Waiting {
  /** The id of the challenge that the device has; 0: none. */
  readonly after: number;
  readonly waitMs: number;
}

const WAIT_SECONDS_MAX = 60;

export function readWaiting(url: string): Waiting {
  const at = url.indexOf('?');
  const query = new URLSearchParams(at < 0 ? '' : url.slice(at + 1));
  const number = (name: string): number => {
    const text = query.get(name) ?? '';
    return /^\d{1,10}$/.test(text) ? Number(text) : 0;
  };
  return { after: number('after'), waitMs: Math.min(number('wait'), WAIT_SECONDS_MAX) * 1000 };
}

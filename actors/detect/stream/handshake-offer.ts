/** What a SYN or SYN-ACK offers: several may be on their way, and the answer says which of them holds. */
export interface Offer {
  readonly sequence: number;
  readonly acknowledgment: number;
  readonly window: number;
  /** -1 without the option. */
  readonly windowScale: number;
  readonly timestamp: number | null;
  readonly seconds: number;
}

export function sameOffer(a: Offer, b: Offer): boolean {
  return (
    a.sequence === b.sequence &&
    a.acknowledgment === b.acknowledgment &&
    a.window === b.window &&
    a.windowScale === b.windowScale &&
    a.timestamp === b.timestamp
  );
}

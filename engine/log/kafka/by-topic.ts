/** The protocol groups partitions by topic; both sides of the driver prefer them flat. */

export interface OfTopic<Item> {
  readonly topic: string;
  readonly items: readonly Item[];
}

/** In the order in which the topics first come. */
export function byTopic<Item extends { readonly topic: string }>(items: readonly Item[]): OfTopic<Item>[] {
  return [...Map.groupBy(items, (item) => item.topic)].map(([topic, grouped]) => ({ topic, items: grouped }));
}

/** Link types of capture files, as registered with tcpdump.org; the ones that `packet/` can take apart. */
export const LINK_NULL = 0;
export const LINK_ETHERNET = 1;
export const LINK_PPP = 9;
export const LINK_RAW_BSD = 12;
export const LINK_RAW_OPENBSD = 14;
export const LINK_RAW = 101;
export const LINK_CISCO_HDLC = 104;
export const LINK_LOOP = 108;
export const LINK_LINUX_SLL = 113;
export const LINK_IPV4 = 228;
export const LINK_IPV6 = 229;
export const LINK_LINUX_SLL2 = 276;
export const LINK_GRE_OVER_IP = 778;

/** What may stand before a packet in a link type's field that other systems write: the lower 16 bits are the type. */
export const LINK_TYPE_MASK = 0xffff;

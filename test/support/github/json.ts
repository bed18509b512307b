/** What JSON can hold. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** An object of JSON. */
export type JsonObject = Record<string, Json>;

/// <reference lib="dom" />
/** To be built: isolation and offline use. */

/**
 * How long a thread may take to start. It takes milliseconds, and on a slow machine or one with other
 * work seconds; what takes longer will not start.
 */
export const START_TIMEOUT_MS = 120_000;

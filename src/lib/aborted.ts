/** Resolves once the signal has aborted. */
export const aborted = (signal: AbortSignal): Promise<void> => new Promise((resolve) => { if (signal.aborted) resolve(); else signal.addEventListener('abort', () => resolve(), { once: true }) })

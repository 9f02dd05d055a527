/** Wakes everyone who waits: the bell beside shared state that readers look at again. Nothing is queued per reader. */
export class Pulse {
  readonly #waiting = new Set<() => void>()

  beat(): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const wake of waiting) wake()
  }

  /** `next` resolves at the next beat, or once the signal aborts (without an error: the caller's loop checks). Close the waiter when done. */
  waiter(signal: AbortSignal): { next(): Promise<void>; close(): void } {
    let wake: (() => void) | undefined
    const onAbort = () => wake?.()
    signal.addEventListener('abort', onAbort)
    return {
      next: () =>
        new Promise<void>((resolve) => {
          if (signal.aborted) { resolve(); return }
          wake = resolve
          this.#waiting.add(resolve)
        }),
      close: () => {
        signal.removeEventListener('abort', onAbort)
        if (wake) this.#waiting.delete(wake)
      },
    }
  }
}

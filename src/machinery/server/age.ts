const SECOND = 1_000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR

/** A duration for people, with two or three significant figures: `7m30s`, `3h`, `2d4h`, `5y120d` (apimachinery/pkg/util/duration HumanDuration). */
export function age(ms: number): string {
  const whole = (unit: number) => Math.trunc(ms / unit), pair = (unit: string, count: number, rest: string, left: number) => (left === 0 ? `${count}${unit}` : `${count}${unit}${left}${rest}`)
  const seconds = whole(SECOND), minutes = whole(MINUTE), hours = whole(HOUR), days = whole(DAY)
  // Clocks of two machines differ: up to a second in the future is now.
  if (seconds < -1) return '<invalid>'
  if (seconds < 0) return '0s'
  if (seconds < 120) return `${seconds}s`
  if (minutes < 10) return pair('m', minutes, 's', seconds % 60)
  if (minutes < 180) return `${minutes}m`
  if (hours < 8) return pair('h', hours, 'm', minutes % 60)
  if (hours < 48) return `${hours}h`
  if (hours < 24 * 8) return pair('d', days, 'h', hours % 24)
  if (hours < 24 * 365 * 2) return `${days}d`
  const years = Math.trunc(days / 365)
  return hours < 24 * 365 * 8 ? pair('y', years, 'd', days % 365) : `${years}y`
}

/** The shortest duration that has the same text, or nearly so: texts get coarser with age, so that there are few. */
export function ageStart(ms: number): number {
  const unit = ms < 10 * MINUTE ? SECOND : ms < 8 * HOUR ? MINUTE : ms < 8 * DAY ? HOUR : DAY
  // All that is further in the future is invalid.
  return Math.max(Math.trunc(ms / unit) * unit, -2 * SECOND)
}
